"""Fully connected layers and convolutions: each begins a step."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from lutdla.errors import CompileError
from lutdla.nn.geometry import Geometry, Pair
from lutdla.nn.graph import Network, Reading, Source, Step, Value
from lutdla.nn.parts.common import before, pair_of


def take_linear(network: Network, node: fx.Node, module: nn.Linear, where: str) -> Value:
    """A fully connected layer; of a flattened map, its kernel covers the map."""
    value = before(network, node)
    channels, height, width = value.size
    if value.rank != 1:
        raise CompileError(f"{where}: it takes vectors, here is a map of {value.source}: put nn.Flatten before it")
    if module.in_features != channels * height * width:
        what = "calibration inputs have" if value.source is network.input else f"layer {value.source.name} gives"
        raise CompileError(f"{where}: it takes {module.in_features} values, {what} {channels * height * width}: they "
                           "must agree")
    geometry = Geometry(kernel=(height, width), average=value.average)
    return _add_step(network, node, module, where, value.source, geometry, module.out_features, (1, 1, 1))


def take_convolution(network: Network, node: fx.Node, module: nn.Conv1d | nn.Conv2d, where: str) -> Value:
    """A convolution of a map, or of a sequence, which is a map of height 1."""
    value, rank = before(network, node), 3 if isinstance(module, nn.Conv2d) else 2
    if value.rank != rank:
        axes = "(channels, height, width)" if rank == 3 else "(channels, length)"
        hint = "give inputs with the channel axis, as in images[:, None]" if rank == 3 else "use nn.Conv2d for images"
        raise CompileError(f"{where}: it takes {axes}, here is {value.source}: {hint}")
    if module.groups != 1:
        raise CompileError(f"{where}: it has groups={module.groups} (depthwise or grouped): use groups=1: a lookup "
                           "serves all output channels at once, so a full convolution takes no longer")
    if any(step != 1 for step in module.dilation):
        raise CompileError(f"{where}: it has dilation={module.dilation}: use dilation=1 and a larger kernel, or a "
                           "stride before it")
    if module.padding_mode != "zeros":
        raise CompileError(f"{where}: it has padding_mode={module.padding_mode!r}: use padding_mode='zeros'")
    channels, height, width = value.size
    if module.in_channels != channels:
        what = "calibration inputs have" if value.source is network.input else f"layer {value.source.name} gives"
        raise CompileError(f"{where}: it takes {module.in_channels} channels, {what} {channels}: they must agree")
    kernel = pair_of(module.kernel_size, rank)
    begin, end = _padding(module, kernel, rank)
    geometry = Geometry(kernel, pair_of(module.stride, rank), begin, end, value.average)
    size = geometry.output(value.source.height, value.source.width)
    if min(size) < 1:
        raise CompileError(f"{where}: its kernel {kernel[0]} x {kernel[1]} does not fit into {height} x {width} "
                           "pixels: use a smaller kernel, or less pooling before it")
    return _add_step(network, node, module, where, value.source, geometry, module.out_channels, (*size, rank))


def _padding(module: nn.Conv1d | nn.Conv2d, kernel: Pair, rank: int) -> tuple[Pair, Pair]:
    """Padding above and left, and below and right."""
    if module.padding == "valid":
        return (0, 0), (0, 0)
    if module.padding == "same":  # torch puts the odd one below and right
        return ((kernel[0] - 1) // 2, (kernel[1] - 1) // 2), (kernel[0] // 2, kernel[1] // 2)
    both = pair_of(module.padding, rank) if rank == 3 else (0, pair_of(module.padding, rank)[1])
    return both, both


def _add_step(network: Network, node: fx.Node, module: Any, where: str, source: Source, geometry: Geometry,
              outputs: int, size: tuple[int, int, int]) -> Value:
    if any(reading.module is module for step in network.steps for reading in step.readings):
        raise CompileError(f"{where}: it is used twice: give each place a layer of its own")
    name = str(node.target)
    step = Step(name, outputs, *size, main=Reading(name, module, source, geometry))
    network.steps.append(step)
    return Value(step, step.rank)
