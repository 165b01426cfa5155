"""What happens to pixels on the way to the next layer: flattening, average pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.geometry import Pair
from lutdla.nn.graph import Network, Value, averaged
from lutdla.nn.parts.common import arguments, before, pair_of


def take_flatten(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """A map as a vector: the next layer covers it; an input that is flattened is one pixel."""
    value = before(network, node)
    given = arguments(node, module, {"start_dim": 1 if module is not None else 0, "end_dim": -1})
    if given["start_dim"] != 1 or given["end_dim"] not in (-1, value.rank):
        raise CompileError(f"{where}: it flattens dimensions {given['start_dim']}..{given['end_dim']}: keep the batch, "
                           "use nn.Flatten()")
    if value.source is network.input and value.rank > 1:
        if value.average != (1, 1) or len(node.all_input_nodes[0].users) > 1:
            raise CompileError(f"{where}: the input is read as a map and flat: flatten behind a layer")
        flat = network.input
        flat.channels, flat.height, flat.width, flat.rank = flat.channels * flat.height * flat.width, 1, 1, 1
    return replace(value, rank=1)


def take_average_pool(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """Average pooling: the next layer sums over each square."""
    value = before(network, node)
    given = arguments(node, module, {"kernel_size": None, "stride": None, "padding": 0, "ceil_mode": False,
                                      "count_include_pad": True, "divisor_override": None})
    if value.rank == 1:
        raise CompileError(f"{where}: it averages pixels, here is a vector: leave it out")
    square = pair_of(given["kernel_size"], value.rank)
    stride = pair_of(given["stride"], value.rank) if given["stride"] else square
    for name, usual in (("padding", 0), ("ceil_mode", False), ("divisor_override", None)):
        if given[name] not in (usual, (usual,), (usual, usual)):
            raise CompileError(f"{where}: it has {name}={given[name]}: use {name}={usual}, whole squares inside the "
                               "map")
    if stride != square:
        raise CompileError(f"{where}: it has kernel {square} and stride {stride}: squares may not overlap, use the "
                           "same")
    return _average(value, square, where)


def _average(value: Value, square: Pair, where: str) -> Value:
    _, height, width = value.size
    if height % square[0] or width % square[1]:
        raise CompileError(f"{where}: squares of {square[0]} x {square[1]} do not divide {height} x {width} pixels: "
                           "use a size that does, or a convolution with a stride")
    return averaged(value, square)


def take_global_average(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """Average of all pixels."""
    value = before(network, node)
    size = arguments(node, module, {"output_size": None})["output_size"]
    if any(axis != 1 for axis in (size if isinstance(size, Sequence) else (size,))):
        raise CompileError(f"{where}: it has output_size={size}: use 1 (global), or nn.AvgPool2d with a kernel")
    if value.rank == 1:
        raise CompileError(f"{where}: it averages pixels, here is a vector: leave it out")
    return _average(value, value.size[1:], where)


def take_mean(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """Average of all pixels, as a function."""
    value = before(network, node)
    given = arguments(node, module, {"dim": None, "keepdim": False})
    dims = given["dim"] if isinstance(given["dim"], Sequence) else (given["dim"],)
    last = value.rank + 1
    if value.rank == 1 or sorted(d % last if isinstance(d, int) else -1 for d in dims) != list(range(2, last)):
        pixels = "(2, 3)" if value.rank == 3 else "2"
        raise CompileError(f"{where}: it averages dimensions {given['dim']}: average all pixels, dim={pixels}")
    pooled = _average(value, value.size[1:], where)
    return pooled if given["keepdim"] else replace(pooled, rank=1)
