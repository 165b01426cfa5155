"""What each part of a dense model does to the network that is being read: one handler for each part.

A handler gets the network, the node, its module (None for a function) and what messages call it; it returns what the
node gives. Which layer has which part is in `lutdla.nn.support`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import fx

from lutdla.errors import CompileError
from lutdla.nn.graph import Network, Value, instead_of, place
from lutdla.nn.parts.activation import take_activation
from lutdla.nn.parts.folding import take_batch_norm, take_clamp, take_max_pool, take_normalize, take_nothing
from lutdla.nn.parts.layers import take_convolution, take_linear
from lutdla.nn.parts.meeting import take_add
from lutdla.nn.parts.pixels import take_average_pool, take_flatten, take_global_average, take_mean
from lutdla.nn.support import FUNCTIONS, MODULES

HANDLERS: dict[str, Callable[[Network, fx.Node, Any, str], Value]] = {
    "linear": take_linear, "convolution": take_convolution, "batch_norm": take_batch_norm, "clamp": take_clamp,
    "max_pool": take_max_pool, "flatten": take_flatten, "average_pool": take_average_pool,
    "global_average": take_global_average, "mean": take_mean, "add": take_add, "nothing": take_nothing,
    "normalize": take_normalize, "activation": take_activation,
}  # fmt: skip
"""Part in the network -> what takes it in."""


def take(network: Network, node: fx.Node) -> None:
    """Give one node its part in the network.

    Raises:
        CompileError: it has none: names the layer, its place and what to use instead.
    """
    where, module = place(node), None
    if node.op == "get_attr":
        raise CompileError(f"{where}: the model uses a tensor directly: put it into a layer")
    key: Any = node.target
    if node.op == "call_module":
        module = network.model.get_submodule(str(node.target))
        key = type(module)
    part = MODULES.get(key) if module is not None else FUNCTIONS.get(key)
    if part is None:
        raise CompileError(f"{where}: the core does not run it: {instead_of(key)}")
    if part != "add" and len(node.all_input_nodes) != 1:
        raise CompileError(f"{where}: it takes {len(node.all_input_nodes)} results, the core gives it one: only maps "
                           "that are added may meet")
    network.values[node] = HANDLERS[part](network, node, module, where)


__all__ = ["HANDLERS", "take"]
