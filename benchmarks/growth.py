"""How the cycles of a layer grow with its pixels, channel groups and output tiles: `python -m benchmarks.growth`.

Convolutions 3 x 3 with padding on the Verilated core, counted by its profile. One size grows at a time; the exponent is
the slope of a straight line through the logarithms: 1 is linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import lutdla
from benchmarks.command import run
from benchmarks.growth_plot import Panel, draw
from benchmarks.layout import LAYOUT
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.runtime import Accelerator

SIDES, GROUPS, TILES = (8, 12, 16, 20, 24, 28, 32), (1, 2, 3, 4, 6), (1, 2, 3, 4, 6)
"""Pixels on a side of a map with 16 channels; words of `blocks` x v channels, and tiles of `lanes` outputs, at 8 x 8
pixels. Smaller maps wait for the rows of the layer before, about 30 cycles."""

AXES = {"pixels": "pixels", "channel_groups": "channel groups", "output_tiles": "output tiles"}
"""What grows -> words for it."""


def cycles(accelerator: Accelerator, side: int, channels: int, outputs: int) -> int:
    """Cycles of one convolution, from the end of the layer before to its own last step."""
    config = accelerator.config
    net = NetworkBuilder(config, (channels, side, side))
    before = net.conv("input", channels, name="before")
    after = net.conv(before, outputs, 3, padding=1, name="measured")
    network = accelerator.load(assemble(net.build(after, 10, average=True), config, dataflow="resident"))
    network.raw(np.zeros((1, channels, side, side), np.int8))
    return dict(network.profile.layers())["measured"]


def exponent(points: Mapping[int, int]) -> float:
    """Slope of the logarithm of cycles over that of the size."""
    sizes, counts = np.log(list(points)), np.log(list(points.values()))
    return float(np.polyfit(sizes, counts, 1)[0])


def points(figures: Mapping[str, Any], axis: str) -> dict[int, int]:
    """The measured points of an axis, from flat figures."""
    start = f"cycles_{axis}_"
    return {int(key.removeprefix(start)): value for key, value in figures.items() if key.startswith(start)}


def measure() -> dict[str, Any]:
    """All points and exponents."""
    width = LAYOUT.blocks * LAYOUT.v
    figures: dict[str, Any] = {"configuration": str(LAYOUT)}
    with lutdla.open("rtl", config=LAYOUT, timeout_s=1800) as accelerator:
        for side in SIDES:
            figures[f"cycles_pixels_{side * side}"] = cycles(accelerator, side, width, LAYOUT.lanes)
        for groups in GROUPS:
            figures[f"cycles_channel_groups_{groups}"] = cycles(accelerator, 8, groups * width, LAYOUT.lanes)
        for tiles in TILES:
            figures[f"cycles_output_tiles_{tiles}"] = cycles(accelerator, 8, width, tiles * LAYOUT.lanes)
    return figures | {f"exponent_{axis}": round(exponent(points(figures, axis)), 4) for axis in AXES}


def plot(figures: Mapping[str, Any], path: Path) -> None:
    """The points of `measure` as a picture: one panel for each axis, a straight line through the first point."""
    draw([Panel(f"exponent {figures[f'exponent_{axis}']:.3f}", words, "cycles", {"measured": points(figures, axis)})
          for axis, words in AXES.items()], path)


if __name__ == "__main__":
    run("growth", __doc__, measure)
