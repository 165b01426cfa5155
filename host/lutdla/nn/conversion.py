"""Pass: dense torch model -> network of lookup layers with k-means codebooks (LUTBoost's first stage: replace).

After: a `GraphModule` of `QuantizeInput`, Flatten and `LUTLinear`s under their old names. ReLU, batch norm, Normalize
and Dropout are folded; each layer's output is the next one's int8 input. The dense model is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from lutdla.errors import CompileError, InputError
from lutdla.nn.clustering import kmeans
from lutdla.nn.graph import Chain, LinearStep, read_chain
from lutdla.nn.layers import PIXELS, Affine, QuantizeInput
from lutdla.nn.lut_linear import LUTLinear

CHOICES = ("v", "c", "metric")
"""What `per_layer` may set."""


def convert(
    model: nn.Module, calibration: Tensor, *, v: int = 4, c: int = 16, metric: str = "l2",
    per_layer: Mapping[str, Mapping[str, Any]] | None = None, iterations: int = 20, seed: int = 0,
) -> fx.GraphModule:
    """Replace every `nn.Linear` of a trained model by a `LUTLinear`.

    Args:
        model: a chain of nn.Linear, ReLU, BatchNorm1d, Dropout, Flatten, lutdla.nn.Normalize.
        calibration: (images, *shape) typical inputs, some thousands; uint8 makes a network that takes uint8 pixels
            without any loss, float one whose input is quantized over the range seen here.
        v, c, metric: of all layers.
        per_layer: layer name -> {"v": ..., "c": ..., "metric": ...} where a layer differs.
        iterations, seed: of k-means.

    Raises:
        CompileError: the model holds something the core does not run: names the layer, its place, what to use instead.
        InputError: calibration or per_layer are not usable.
    """
    chain = read_chain(model)
    choices = _choices(chain, {"v": v, "c": c, "metric": metric}, per_layer or {})
    if calibration.ndim < 2 or not len(calibration):
        raise InputError(f"calibration has shape {tuple(calibration.shape)}: it must be (images, ...), images >= 1")
    if not calibration.isfinite().all():
        raise InputError("calibration holds NaN or infinity: clean it before converting")
    if calibration.dtype == torch.uint8:
        affine = PIXELS
    else:
        affine = Affine.of_range(float(calibration.min()), float(calibration.max()))
    quantizer = QuantizeInput(affine, tuple(calibration.shape[1:]))
    layers = _layers(chain, choices, affine)
    with torch.no_grad():
        _calibrate(chain, layers, quantizer, calibration, iterations, seed)
    return _rebuild(chain, layers, quantizer)


def _choices(chain: Chain, default: dict[str, Any], per_layer: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    names = [step.name for step in chain.steps]
    for name, values in per_layer.items():
        if name not in names:
            raise InputError(f"per_layer names layer {name!r}: the model has {', '.join(names)}")
        for key in values:
            if key not in CHOICES:
                raise InputError(f"per_layer sets {key!r} of layer {name}: it may set {', '.join(CHOICES)}")
    return {name: default | dict(per_layer.get(name, {})) for name in names}


def _layers(chain: Chain, choices: dict[str, Any], affine: Affine) -> dict[str, LUTLinear]:
    """Lookup layers with the dense weights; batch norm and Normalize folded in."""
    layers = {}
    for i, step in enumerate(chain.steps):
        layer = LUTLinear(step.module.in_features, step.module.out_features, **choices[step.name])
        weight, bias = _folded(step)
        if i == 0:
            layer.input = affine
            if chain.normalize:
                layer.input = Affine(affine.scale / chain.normalize.std, affine.zero_point)
                bias = bias - weight.sum(dim=1) * (chain.normalize.mean / chain.normalize.std)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        layers[step.name] = layer
    return layers


def _folded(step: LinearStep) -> tuple[Tensor, Tensor]:
    """Weight and bias of a linear layer with the batch norm after it."""
    weight = step.module.weight.detach()
    bias = torch.zeros(len(weight)) if step.module.bias is None else step.module.bias.detach()
    norm = step.batch_norm
    if norm is None:
        return weight, bias
    assert norm.running_mean is not None, "read_chain refuses batch norm without statistics"
    assert norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    shift = -norm.running_mean * gain
    if norm.weight is not None:
        gain, shift = gain * norm.weight.detach(), shift * norm.weight.detach() + norm.bias.detach()
    return weight * gain[:, None], bias * gain + shift


def _calibrate(chain: Chain, layers: dict[str, LUTLinear], quantizer: QuantizeInput, images: Tensor,
               iterations: int, seed: int) -> None:
    """Fix output ranges from the dense activations, and codebooks from what reaches each layer through the lookup
    layers before it."""
    x = quantizer(images).flatten(1)
    real = images.float().flatten(1)
    if chain.normalize:
        real = chain.normalize(real)
    for i, step in enumerate(chain.steps):
        layer = layers[step.name]
        if x.shape[1] != layer.in_features:
            raise CompileError(f"layer {step.name}: takes {layer.in_features} values, calibration inputs have "
                               f"{x.shape[1]} ({' x '.join(map(str, images.shape[1:]))}): they must agree")
        padded = nn.functional.pad(x, (0, layer.subspaces * layer.v - layer.in_features))
        slices = padded.t().reshape(layer.subspaces, layer.v, -1).transpose(1, 2).contiguous()  # (S, M, v)
        codebooks, _ = kmeans(slices, layer.c, layer.metric.name, iterations=iterations, seed=seed + i)
        layer.codebooks.copy_(codebooks)
        weight, bias = _folded(step)
        real = real @ weight.t() + bias
        if step.relu:
            real = real.relu()
        if i + 1 < len(chain.steps):
            layer.output = Affine.of_range(float(real.min()), float(real.max()))
            layer.low = layer.output.zero_point if step.relu else -128
            layers[chain.steps[i + 1].name].input = layer.output
        x = layer(x)


def _rebuild(chain: Chain, layers: dict[str, LUTLinear], quantizer: QuantizeInput) -> fx.GraphModule:
    """The traced model with lookup layers in place and folded nodes gone."""
    graph = fx.Graph()
    root = nn.Module()
    values: dict[fx.Node, fx.Node] = {}
    for node in chain.model.graph.nodes:
        if node in chain.folded:
            values[node] = values[node.args[0]]
            continue
        values[node] = graph.node_copy(node, lambda old: values[old])
        if node.op == "placeholder":
            root.add_module("quantize_input", quantizer)
            values[node] = graph.call_module("quantize_input", (values[node],))
        elif node.op == "call_module":
            name = str(node.target)
            _put(root, name, layers[name] if name in layers else chain.model.get_submodule(name))
    network = fx.GraphModule(root, graph, "LUTNetwork")
    network.train(False)
    return network


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module under its dotted name."""
    *parents, leaf = name.split(".")
    for parent in parents:
        if not hasattr(root, parent):
            root.add_module(parent, nn.Module())
        root = getattr(root, parent)
    root.add_module(leaf, module)


