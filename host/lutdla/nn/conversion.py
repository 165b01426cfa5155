"""Pass: dense torch model -> network of lookup layers with k-means codebooks (LUTBoost's first stage: replace).

After: a `GraphModule` of `QuantizeInput`, `LUTConv2d`s and `LUTLinear`s under their old names. What folds is gone; each
layer's output is the int8 map that the next ones read, residuals and shortcuts included. The dense model is not
touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from lutdla.errors import InputError
from lutdla.nn.calibration import calibrate
from lutdla.nn.first_layer import input_layout
from lutdla.nn.folding import folded
from lutdla.nn.graph import Network, Reading, Source, Step, read_network
from lutdla.nn.layers import PIXELS, Affine, QuantizeInput
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_conv import LUTConv2d
from lutdla.nn.lut_layer import LUTLayer
from lutdla.nn.lut_linear import LUTLinear
from lutdla.nn.sensitivity import map_sensitivity

CHOICES = ("v", "c", "metric")
"""What `per_layer` may set."""


def convert(
    model: nn.Module, calibration: Tensor, *, v: int = 4, c: int = 16, metric: str = "l2",
    per_layer: Mapping[str, Mapping[str, Any]] | None = None, first: str | None = None, iterations: int = 20,
    seed: int = 0, sensitivity: bool | Tensor = False,
) -> fx.GraphModule:
    """Replace every convolution and fully connected layer of a trained model by table lookups.

    Args:
        model: of nn.Conv2d, nn.Conv1d, nn.Linear, batch norm, ReLU, ReLU6, Hardtanh, max and average pooling, residual
            additions, Flatten, Dropout, lutdla.nn.Normalize.
        calibration: (images, *shape) typical inputs, some thousands; uint8 makes a network that takes uint8 pixels
            without any loss, float one whose input is quantized over the range seen here.
        v, c, metric: of all layers.
        per_layer: layer name -> {"v": ..., "c": ..., "metric": ...} where a layer differs; layers that read one map
            must agree.
        first: how an input map is cut: "scalar", "space_to_depth" or "slices" (`lutdla.nn.first_layer`).
        iterations, seed: of k-means.
        sensitivity: weigh what k-means clusters by squared gradients of the loss: int64 (images,), the classes of the
            calibration inputs; or True, with the model's own answers for classes.

    Raises:
        CompileError: the model holds something the core does not run: names the layer, its place, what to use instead.
        InputError: calibration, per_layer or first are not usable.
    """
    if calibration.ndim < 2 or not len(calibration):
        raise InputError(f"calibration has shape {tuple(calibration.shape)}: it must be (images, ...), images >= 1")
    network = read_network(model, tuple(calibration.shape[1:]))
    choices = _choices(network, {"v": v, "c": c, "metric": metric}, per_layer or {})
    if not calibration.isfinite().all():
        raise InputError("calibration holds NaN or infinity: clean it before converting")
    if calibration.dtype == torch.uint8:
        affine = PIXELS
    else:
        affine = Affine.of_range(float(calibration.min()), float(calibration.max()))
    layout = input_layout(network, choices[network.readers(network.input)[0].name]["v"], first)
    quantizer = QuantizeInput(affine, network.shape, layout, vector=network.input.rank == 1)
    layers, weights = _layers(network, choices, quantizer), None
    if sensitivity is not False:
        labels = sensitivity if isinstance(sensitivity, Tensor) else None
        weights = map_sensitivity(network, calibration, labels, quantizer=quantizer, seed=seed)
    with torch.no_grad():
        calibrate(network, layers, quantizer, calibration, iterations, seed, weights)
    return _rebuild(network, layers, quantizer)


def _choices(network: Network, default: dict[str, Any], per_layer: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    names = [reading.name for step in network.steps for reading in step.readings]
    for name, values in per_layer.items():
        if name not in names:
            raise InputError(f"per_layer names layer {name!r}: the model has {', '.join(names)}")
        for key in values:
            if key not in CHOICES:
                raise InputError(f"per_layer sets {key!r} of layer {name}: it may set {', '.join(CHOICES)}")
    choices = {name: default | dict(per_layer.get(name, {})) for name in names}
    for source in network.sources():
        readers = network.readers(source)
        for reader in readers[1:]:
            if choices[reader.name] != choices[readers[0].name]:
                raise InputError(f"per_layer gives layers {readers[0].name} and {reader.name} different settings, but "
                                 "they read one map with one set of codebooks: give both the same")
    return choices


def _layers(network: Network, choices: dict[str, Any], quantizer: QuantizeInput) -> dict[str, LUTLayer]:
    """Lookup layers with the dense weights by name of the step; they share the codebooks of the maps they read."""
    layers: dict[str, LUTLayer] = {}
    codebooks: dict[Source, nn.Parameter] = {}
    for step in network.steps:
        weight, bias = folded(step.main)
        layer = _layer(step, {**choices[step.main.name], **_slice(network, step.main, quantizer)})
        weights = [weight]
        if step.shortcut is not None:
            weight, more = folded(step.shortcut)
            weights, bias = [*weights, weight], bias + more
            layer.shortcut = Lookups(step.shortcut.source.channels, step.channels, step.shortcut.window,
                                     **{**choices[step.shortcut.name], **_slice(network, step.shortcut, quantizer)})
        layer.residual, layer.pool, layer.pool_stride = step.residual is not None, step.pool, step.pool_stride
        with torch.no_grad():
            layer.bias.copy_(bias)
            for part, values, reading in zip((layer, layer.shortcut), weights, step.readings):
                assert part is not None
                part.weight.copy_(values.view_as(part.weight))
                part.codebooks = codebooks.setdefault(reading.source, part.codebooks)
                if reading.source is network.input:
                    _read_input(part, network, quantizer.affine)
                if isinstance(reading.source, Step):
                    part.activation = reading.source.activation
        layers[step.name] = layer
    return layers


def _layer(step: Step, choice: dict[str, Any]) -> LUTLayer:
    source, window = step.main.source, step.main.window
    if source.rank == 1:  # it comes as vectors (M, K)
        return LUTLinear(source.channels, step.channels, **choice)
    return LUTConv2d(source.channels, step.channels, window.kernel, window.stride, window.padding,
                     end_padding=window.end, average=window.average, **choice)


def _slice(network: Network, reading: Reading, quantizer: QuantizeInput) -> dict[str, int]:
    """How the input is cut, where it is not a vector in whole subspaces as all other maps are."""
    own = reading.source is network.input and (not quantizer.is_vector or quantizer.layout.slice == 1)
    return {"slice": quantizer.layout.slice} if own else {}


def _read_input(part: Lookups, network: Network, affine: Affine) -> None:
    part.input = affine
    if network.normalize:
        std = network.normalize.std
        part.input, part.mean = Affine(affine.scale / std, affine.zero_point), network.normalize.mean / std


def _rebuild(network: Network, layers: dict[str, LUTLayer], quantizer: QuantizeInput) -> fx.GraphModule:
    """A graph of the lookup layers alone."""
    graph, root = fx.Graph(), nn.Module()
    root.add_module("quantize_input", quantizer)
    placeholder = next(node for node in network.model.graph.nodes if node.op == "placeholder")
    image = graph.placeholder(str(placeholder.target))
    values: dict[Source, fx.Node] = {network.input: graph.call_module("quantize_input", (image,))}
    for step in network.steps:
        layer = layers[step.name]
        _put(root, step.name, layer)
        given: dict[str, Any] = {}
        if step.shortcut is not None:
            given["shortcut"] = values[step.shortcut.source]
        if step.residual is not None:
            given["residual"] = values[step.residual]
        result = graph.call_module(step.name, (values[step.main.source],), given)
        if isinstance(layer, LUTConv2d) and (step.rank == 1 or step is network.steps[-1]):
            result = graph.call_function(torch.flatten, (result, 1))
        values[step] = result
    graph.output(values[network.steps[-1]])
    made = fx.GraphModule(root, graph, "LUTNetwork")
    made.train(False)
    return made


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module under its dotted name."""
    *parents, leaf = name.split(".")
    for parent in parents:
        if not hasattr(root, parent):
            root.add_module(parent, nn.Module())
        root = getattr(root, parent)
    root.add_module(leaf, module)
