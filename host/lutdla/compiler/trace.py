"""Pass: converted torch model -> its input quantizer and lookup layers, in order, checked. Nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.layers import Normalize, QuantizeInput
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer

INPUT = "network input"
"""Name of the input map; the others are called by the layer that writes them (a module's name has no space)."""

DENSE = (nn.Linear, nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class TracedLayer:
    """A lookup layer and the names of the maps it takes."""

    name: str
    layer: LUTLayer
    source: str
    shortcut: str | None = None
    residual: str | None = None


@dataclass(frozen=True)
class LayerGraph:
    """A converted model.

    Attributes:
        quantizer: how real inputs become int8.
        layers: in order.
    """

    quantizer: QuantizeInput
    layers: tuple[TracedLayer, ...]

    def readers(self, source: str) -> list[Lookups]:
        """All lookups of a map."""
        found: list[Lookups] = []
        for traced in self.layers:
            if traced.source == source:
                found.append(traced.layer)
            if traced.shortcut == source and traced.layer.shortcut is not None:
                found.append(traced.layer.shortcut)
        return found


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, QuantizeInput | LUTLayer | Normalize) or super().is_leaf_module(m, module_qualified_name)


def trace(model: nn.Module) -> LayerGraph:
    """The lookup layers that a model is.

    Raises:
        CompileError: names the layer, its place and the fix.
    """
    try:
        graph = _Tracer().trace(model)
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        raise CompileError(f"model {type(model).__name__} cannot be traced ({error}): compile what "
                           "lutdla.nn.convert returns") from error
    quantizer: QuantizeInput | None = None
    layers: list[TracedLayer] = []
    maps: dict[Any, str] = {}  # node -> name of the map it gives
    for node in graph.nodes:
        if node.op == "placeholder":
            if maps:
                raise CompileError(f"model takes more than one input ({node.target}): the core takes one")
            maps[node] = "the input"
            continue
        if node.op == "output":
            if not layers or maps.get(node.args[0]) != layers[-1].name:
                if not layers:
                    raise CompileError(f"model {type(model).__name__} has no lookup layers: compile what "
                                       "lutdla.nn.convert returns")
                raise CompileError("the model's output is not its last layer alone: return one tensor")
            continue
        module = model.get_submodule(str(node.target)) if node.op == "call_module" else None
        kind = type(module).__name__ if module is not None else str(getattr(node.target, "__name__", node.target))
        before = maps[node.all_input_nodes[0]] if node.all_input_nodes else "nothing"
        where = f"layer {node.target if module is not None else node.name} ({kind}), after " + (
            before if before == "the input" else f"layer {before}")
        if isinstance(module, QuantizeInput):
            if before != "the input" or quantizer is not None:
                raise CompileError(f"{where}: the input is quantized once, first: compile what lutdla.nn.convert "
                                   "returns")
            quantizer, maps[node] = module, INPUT
        elif isinstance(module, LUTLayer):
            if before == "the input":
                raise CompileError(f"{where}: model {type(model).__name__} has no QuantizeInput: compile what "
                                   "lutdla.nn.convert returns")
            names: dict[str, Any] = {key: maps[value] for key, value in node.kwargs.items()}
            layers.append(TracedLayer(str(node.target), module, before, **names))
            maps[node] = str(node.target)
        elif isinstance(module, DENSE):
            raise CompileError(f"{where}: it is not converted: use lutdla.nn.convert, train, freeze, then compile")
        elif node.target is torch.flatten and len(node.all_input_nodes) == 1 and before != "the input":
            maps[node] = before
        else:
            raise CompileError(f"{where}: a converted model holds QuantizeInput and lookup layers only: compile what "
                               "lutdla.nn.convert returns")
    assert quantizer is not None
    found = LayerGraph(quantizer, tuple(layers))
    _check_links(found)
    return found


def _check_links(graph: LayerGraph) -> None:
    """Each layer must take the int8 values that the map it reads has."""
    outputs = {traced.name: traced.layer.output for traced in graph.layers}
    *inner, last = graph.layers
    for traced in inner:
        if traced.layer.output is None:
            raise CompileError(f"layer {traced.name}: gives real values but is not last: compile what "
                               "lutdla.nn.convert returns")
    if last.layer.output is not None:
        raise CompileError(f"layer {last.name}: is last but gives int8: compile a whole network, its last layer gives "
                           "real values")
    for traced in graph.layers:
        for source, part in ((traced.source, traced.layer), (traced.shortcut, traced.layer.shortcut)):
            if source is None or part is None:
                continue
            if source == INPUT and part.input.zero_point != graph.quantizer.affine.zero_point:
                raise CompileError(f"layer {traced.name}: takes int8 with zero point {part.input.zero_point}, the "
                                   f"input quantizer gives {graph.quantizer.affine.zero_point}: compile what "
                                   "lutdla.nn.convert returns")
            if source != INPUT and part.input != outputs[source]:
                raise CompileError(f"layer {source}: gives {outputs[source]}, layer {traced.name} takes {part.input}: "
                                   "compile what lutdla.nn.convert returns")
        if traced.residual is not None and outputs.get(traced.residual) != traced.layer.output:
            raise CompileError(f"layer {traced.name}: gives {traced.layer.output}, but adds "
                               f"{outputs.get(traced.residual)} of layer {traced.residual}: compile what "
                               "lutdla.nn.convert returns")
