"""Pass: converted torch model -> its input quantizer and lookup layers, in order, checked. Nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.layers import Normalize, QuantizeInput
from lutdla.nn.lut_linear import LUTLinear


@dataclass(frozen=True)
class LayerChain:
    """A converted model.

    Attributes:
        quantizer: how real inputs become int8.
        layers: name and layer, in order; each takes the int8 that the one before gives.
    """

    quantizer: QuantizeInput
    layers: tuple[tuple[str, LUTLinear], ...]


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, QuantizeInput | LUTLinear | Normalize) or super().is_leaf_module(m, module_qualified_name)


def trace(model: nn.Module) -> LayerChain:
    """The chain of lookup layers that a model is.

    Raises:
        CompileError: names the layer, its place and the fix.
    """
    try:
        graph = _Tracer().trace(model)
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        raise CompileError(f"model {type(model).__name__} cannot be traced ({error}): compile what "
                           "lutdla.nn.convert returns") from error
    quantizer: QuantizeInput | None = None
    layers: list[tuple[str, LUTLinear]] = []
    place = "the input"
    previous: fx.Node | None = None
    for node in graph.nodes:
        if node.op in ("placeholder", "output"):
            if node.op == "placeholder" and previous is not None:
                raise CompileError(f"model takes more than one input ({node.target}): the core takes one")
            if node.op == "output" and node.args[0] is not previous:
                raise CompileError("the model's output is not its last layer alone: return one tensor")
            previous = node
            continue
        module = model.get_submodule(str(node.target)) if node.op == "call_module" else None
        kind = type(module).__name__ if module is not None else str(getattr(node.target, "__name__", node.target))
        where = f"layer {node.target if module is not None else node.name} ({kind}), after {place}"
        if list(node.all_input_nodes) != [previous]:
            raise CompileError(f"{where}: it does not take just the result of the step before: the core runs a plain "
                               "chain of layers")
        if isinstance(module, QuantizeInput):
            if quantizer is not None or layers:
                raise CompileError(f"{where}: the input is quantized once, first: compile what lutdla.nn.convert "
                                   "returns")
            quantizer = module
        elif isinstance(module, LUTLinear):
            layers.append((str(node.target), module))
        elif isinstance(module, nn.Linear):
            raise CompileError(f"{where}: it is not converted: use lutdla.nn.convert, train, freeze, then compile")
        elif not _only_flattens(node, module, bool(layers)):
            raise CompileError(f"{where}: a converted model holds QuantizeInput, Flatten and LUTLinear only: compile "
                               "what lutdla.nn.convert returns")
        previous, place = node, f"layer {node.target}"
    if quantizer is None or not layers:
        raise CompileError(f"model {type(model).__name__} has no {'QuantizeInput' if layers else 'LUTLinear'}: compile "
                           "what lutdla.nn.convert returns")
    _check_links(quantizer, layers)
    return LayerChain(quantizer, tuple(layers))


def _only_flattens(node: fx.Node, module: nn.Module | None, after_layers: bool) -> bool:
    return not after_layers and (isinstance(module, nn.Flatten) or node.target in (torch.flatten, "flatten"))


def _check_links(quantizer: QuantizeInput, layers: list[tuple[str, LUTLinear]]) -> None:
    """Each layer must take the int8 values that the step before gives."""
    first, layer = layers[0]
    if layer.input.zero_point != quantizer.affine.zero_point:
        raise CompileError(f"layer {first}: takes int8 with zero point {layer.input.zero_point}, the input quantizer "
                           f"gives {quantizer.affine.zero_point}: compile what lutdla.nn.convert returns")
    for (name, layer), (following, after) in zip(layers, layers[1:]):
        if layer.output is None or layer.output != after.input:
            raise CompileError(f"layer {name}: gives {layer.output or 'real values'}, layer {following} takes "
                               f"{after.input}: compile what lutdla.nn.convert returns")
    name, layer = layers[-1]
    if layer.output is not None:
        raise CompileError(f"layer {name}: is last but gives int8: compile a whole network, its last layer gives real "
                           "values")
