"""Pass: dense torch model -> steps that the core can run, or an error before any training.

After: `Network` holds, in an order in which they can be computed, each convolution or fully connected layer with all
that folds into it: batch norm, clamp, max-pooling, average pooling before it, residual and shortcut.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.geometry import Geometry, Pair
from lutdla.nn.layers import Normalize
from lutdla.nn.support import INSTEAD, MODULES


@dataclass(eq=False)
class Source:
    """A feature map: its name, size, and dimensions of its torch tensor without the batch (1: a vector)."""

    name: str
    channels: int
    height: int
    width: int
    rank: int

    def __str__(self) -> str:
        sizes = {1: (self.channels,), 2: (self.channels, self.width)}.get(self.rank)
        return " x ".join(map(str, sizes or (self.channels, self.height, self.width)))


@dataclass(eq=False)
class Reading:
    """A convolution of a map.

    Attributes:
        name, module: where the weights are.
        geometry: as the model has it.
        batch_norm: the one right after it.
        to_depth: geometry on the input behind space-to-depth, where that is done.
    """

    name: str
    module: nn.Linear | nn.Conv1d | nn.Conv2d
    source: Source
    geometry: Geometry
    batch_norm: nn.BatchNorm1d | nn.BatchNorm2d | None = None
    to_depth: Geometry | None = None

    @property
    def window(self) -> Geometry:
        """Geometry on the map that is read."""
        return self.to_depth or self.geometry


@dataclass(eq=False)
class Step(Source):
    """A layer of the core, and the map it writes (its size is behind the pooling).

    Attributes:
        main, shortcut: what is summed.
        residual: a map that is added.
        low, high: clamp, in real numbers.
        pool, pool_stride: max-pooling.
        activation: canonical name (`lutdla.nn.activations`) of a function of all values behind clamp and pooling. The
            map holds the values before it; the tables of its readers hold it.
    """

    main: Reading = field(kw_only=True)
    shortcut: Reading | None = None
    residual: Source | None = None
    low: float | None = None
    high: float | None = None
    pool: Pair = (1, 1)
    pool_stride: Pair = (1, 1)
    activation: str | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Main and shortcut."""
        return (self.main,) if self.shortcut is None else (self.main, self.shortcut)

    @property
    def is_linear(self) -> bool:
        """Nothing follows the sums yet but batch norm."""
        return (self.residual is None and self.low is None and self.high is None and self.pool == (1, 1)
                and self.activation is None)


@dataclass(frozen=True)
class Value:
    """What a node of the traced model gives: a map, perhaps averaged or flattened on its way to the next layer."""

    source: Source
    rank: int
    average: Pair = (1, 1)

    @property
    def size(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return self.source.channels, self.source.height // self.average[0], self.source.width // self.average[1]


@dataclass
class Network:
    """A model that the core can run.

    Attributes:
        model: the traced model; its parameters are the model's.
        input: the input map; rank 1 where it is flattened at once.
        steps: in order.
        normalize: what is done to the input first.
    """

    model: fx.GraphModule
    input: Source
    shape: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)
    normalize: Normalize | None = None
    values: dict[fx.Node, Value] = field(default_factory=dict)

    def readers(self, source: Source) -> list[Reading]:
        """All that look up a map."""
        return [reading for step in self.steps for reading in step.readings if reading.source is source]

    def sources(self) -> Iterator[Source]:
        """All maps, in order."""
        yield self.input
        yield from self.steps


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


def read_network(model: nn.Module, shape: tuple[int, ...]) -> Network:
    """Trace a dense model and check every node of it.

    Args:
        model: what torch.fx or torch.export can trace, or `lutdla.nn.load_model` has imported.
        shape: of one input, without the batch.

    Raises:
        CompileError: names the layer, its place and what to use instead.
    """
    from lutdla.nn.parts import take  # it needs the classes above

    traced = _traced(model, shape)
    traced.graph.eliminate_dead_code()
    network = Network(traced, _input(shape), shape)
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            if network.values:
                raise CompileError(f"model {type(model).__name__} takes more than one input ({node.target}): "
                                   "the core takes one, concatenate them before")
            network.values[node] = Value(network.input, network.input.rank)
        elif node.op == "output":
            _check_end(network, node)
        else:
            take(network, node)
    return network


def _traced(model: nn.Module, shape: tuple[int, ...]) -> fx.GraphModule:
    """A graph of the model's layers, by torch.fx, else by torch.export."""
    if isinstance(model, fx.GraphModule) and model.meta.get("imported"):  # tracing would lose where nodes come from
        return fx.GraphModule(model, _copy(model.graph))
    tracer = _Tracer()
    try:
        return fx.GraphModule(tracer.root if isinstance(model, fx.GraphModule) else model, tracer.trace(model))
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        exported = _exported(model, shape)
        if exported is not None:
            return exported
        raise CompileError(f"model {type(model).__name__} cannot be traced ({error}): its forward must be a plain "
                           "sequence of layer calls, without branches on values") from error


def _copy(graph: fx.Graph) -> fx.Graph:
    made = fx.Graph()
    made.output(made.graph_copy(graph, {}))
    return made


def _exported(model: nn.Module, shape: tuple[int, ...]) -> fx.GraphModule | None:
    """The model by torch.export, which also follows branches on sizes; None: it cannot. Its parameters are copies."""
    from lutdla.nn.importers.exported import from_exported  # it takes seconds, and few models need it

    try:
        program = torch.export.export(copy.deepcopy(model).eval(), (torch.zeros(2, *shape),))
    except Exception:  # noqa: BLE001  whatever user code raises, torch.fx has said what is wrong
        return None
    return from_exported(program)


def _input(shape: tuple[int, ...]) -> Source:
    if len(shape) == 3:
        return Source("input", *shape, rank=3)
    if len(shape) == 2:
        return Source("input", shape[0], 1, shape[1], rank=2)
    return Source("input", math.prod(shape), 1, 1, rank=1)


def label(node: fx.Node) -> str:
    """What messages call a node; what was imported has the name it had."""
    if "origin" in node.meta:
        return str(node.meta["origin"])
    if node.op == "placeholder":
        return "the input"
    model = node.graph.owning_module
    if node.op == "call_module" and model is not None:
        return f"layer {node.target} ({type(model.get_submodule(str(node.target))).__name__})"
    return f"operation {node.name} ({getattr(node.target, '__name__', node.target)})"


def place(node: fx.Node) -> str:
    """A node's label and where it stands."""
    before = node.all_input_nodes
    return f"{label(node)}, after {label(before[0])}" if before else label(node)


def instead_of(key: Any) -> str:
    """What to use in place of a module type or function."""
    return INSTEAD.get(key) or f"use one of {', '.join(kind.__name__ for kind in MODULES)}"


def _check_end(network: Network, node: fx.Node) -> None:
    """The last node must give the sums of the last step, and nothing else."""
    result: Any = node.args[0]
    value = network.values.get(result) if isinstance(result, fx.Node) else None
    if value is None:
        raise CompileError("the model's output is not its last layer alone: return one tensor")
    if not isinstance(value.source, Step):
        raise CompileError("the model has no nn.Conv2d or nn.Linear: there is nothing to convert")
    last, reason = value.source, None
    if value.average != (1, 1):
        reason = "average pooling follows the last layer: put it in front of an nn.Linear or a 1 x 1 convolution"
    elif last.pool != (1, 1):
        reason = "max-pooling follows the last layer, whose raw sums the core sends: leave it out"
    elif last.activation is not None:
        reason = (f"an activation ({last.activation}) follows the last layer, whose raw sums the core sends: leave it "
                  "out, or apply it on the host")
    elif last.low is not None or last.high is not None:
        reason = ("a ReLU or clamp follows the last layer, whose raw sums the core sends: leave it out, or apply it on "
                  "the host")
    elif last.residual is not None:
        reason = "a residual is added to the last layer, whose raw sums the core sends: add an nn.Linear after it"
    elif (last.height, last.width) != (1, 1):
        reason = (f"gives a map of {last.height} x {last.width} pixels, the core sends one pixel: end with global "
                  "average pooling or nn.Flatten, and an nn.Linear")
    elif any(last in (reading.source, step.residual) for step in network.steps for reading in step.readings):
        reason = "is the output and is read by another layer: the core sends raw sums of one layer alone"
    if reason:
        raise CompileError(f"layer {last.name}: {reason}")
    network.steps.remove(last)
    network.steps.append(last)


def averaged(value: Value, average: Pair) -> Value:
    """The value behind average pooling."""
    return replace(value, average=(value.average[0] * average[0], value.average[1] * average[1]))
