"""Where maps meet: a sum is a residual of int8 values, or a shortcut by more lookups."""

from __future__ import annotations

from typing import Any

from torch import fx

from lutdla.errors import CompileError
from lutdla.nn.graph import Network, Source, Step, Value
from lutdla.nn.parts.common import other_users


def take_add(network: Network, node: fx.Node, module: None, where: str) -> Value:
    """The sum of two maps: one becomes a shortcut or a residual of the step that the other is."""
    inputs: list[Any] = [*node.args, *(value for key, value in node.kwargs.items() if key in ("other", "input"))][:2]
    if not all(isinstance(part, fx.Node) for part in inputs) or node.kwargs.get("alpha", 1) != 1:
        raise CompileError(f"{where}: it adds a number, or a multiple: put it into a layer's bias or weights")
    if inputs[0] is inputs[1]:
        raise CompileError(f"{where}: it adds a map to itself: scale the weights before it instead")
    values = [network.values[part] for part in inputs]
    if any(value.average != (1, 1) for value in values) or len({(value.size, value.rank) for value in values}) > 1:
        sizes = " and ".join(" x ".join(map(str, value.size)) for value in values)
        raise CompileError(f"{where}: it adds maps of {sizes}, or averages: both must be maps of one size")
    for value in values:
        if isinstance(value.source, Step) and value.source.activation is not None:
            raise CompileError(f"{where}: it adds the {value.source.activation} of layer {value.source.name}, which is "
                               "in the tables of the layers that read it, not in the map: add before the activation, "
                               "or use nn.ReLU there")
    # what may still take something in: its sums are used here only
    ready = [value.source for value in values if isinstance(value.source, Step) and value.source.is_linear
             and not other_users(network, value.source, node)]
    if not ready:
        raise CompileError(f"{where}: neither summand is a convolution or nn.Linear (with batch norm) that is used "
                           "here only, without an activation: add before the activation")
    step = max(ready, key=lambda one: (not one.main.geometry.is_pointwise, network.steps.index(one)))
    other = next(value.source for value in values if value.source is not step)
    if other in ready and _can_be_shortcut(other) and not step.shortcut:
        network.steps.remove(other)
        step.shortcut = other.main
    elif other is network.input:
        raise CompileError(f"{where}: it adds the input, which the core keeps only as indices: put a layer before it")
    else:
        step.residual = other
    network.steps.remove(step)  # it now needs what was read after it
    network.steps.append(step)
    return Value(step, values[0].rank)


def _can_be_shortcut(source: Source) -> bool:
    return isinstance(source, Step) and source.shortcut is None and source.main.geometry.is_pointwise
