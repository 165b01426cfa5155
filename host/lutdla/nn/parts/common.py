"""What handlers have in common: the value before a node, settings of a layer, the step that something folds into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.geometry import Pair
from lutdla.nn.graph import Network, Source, Step, Value, label


def before(network: Network, node: fx.Node) -> Value:
    """What the only node before this one gives."""
    return network.values[node.all_input_nodes[0]]


def open_step(network: Network, node: fx.Node, where: str, what: str) -> tuple[Step, Value]:
    """The step that a node folds into: it is used by nothing else."""
    value = before(network, node)
    if not isinstance(value.source, Step):
        raise CompileError(f"{where}: {what} folds into the layer before it, here is none: leave it out")
    if value.average != (1, 1):
        raise CompileError(f"{where}: {what} folds into the layer before it, here is average pooling: move it before "
                           "the pooling")
    others = other_users(network, value.source, node)
    if others:
        names = " and ".join(label(user) for user in others)
        raise CompileError(f"{where}: {what} folds into the layer before it, whose result {names} also takes: let both "
                           "take the same result")
    return value.source, value


def other_users(network: Network, source: Source, node: fx.Node) -> list[fx.Node]:
    """Nodes other than this one that take a map as it is so far."""
    holders = [holder for holder, value in network.values.items() if value.source is source]
    return [user for holder in holders for user in holder.users if user is not node and user not in holders]


def arguments(node: fx.Node, module: nn.Module | None, defaults: dict[str, Any]) -> dict[str, Any]:
    """A layer's settings by name: a module's attributes, or a function's arguments behind the first."""
    if module is not None:
        return {name: getattr(module, name, default) for name, default in defaults.items()}
    return defaults | dict(zip(defaults, node.args[1:])) | dict(node.kwargs)


def pair_of(value: Any, rank: int) -> Pair:
    """(vertical, horizontal) of a setting of a layer of sequences (rank 2) or maps (rank 3)."""
    values = tuple(value) if isinstance(value, Sequence) else (value,) * (rank - 1)
    return (int(values[0]), int(values[1])) if rank == 3 else (1, int(values[0]))
