"""How the time of each step from a torch model to a loaded network grows: `python -m benchmarks.compile_growth`.

Residual networks of ever more blocks, and of ever more channels; every exponent is the slope of a straight line through
the logarithms of seconds over bytes of tables: 1 is linear. And the time in which ResNet-20 is compiled for the cores
that `benchmarks.network_rtl` runs it on. Weights are random: the work depends on shapes only, but for the turns of
k-means, which are fixed here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

import lutdla
from benchmarks.command import run
from benchmarks.compile_words import STEPS, points
from benchmarks.growth import exponent
from lutdla.compiler.assemble import assemble
from lutdla.compiler.export import integer_network
from lutdla.compiler.network import IntegerNetwork
from lutdla.compiler.topologies import topology
from lutdla.models.resnet import Block
from lutdla.nn import convert, freeze
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla_overlay.cores import load_core

Made = TypeVar("Made")

BLOCKS, CHANNELS = (2, 4, 8, 16, 32), (16, 32, 64, 128, 256)
"""Residual blocks of two convolutions with `BLOCK_CHANNELS`, and channels of `CHANNEL_BLOCKS` such blocks."""
BLOCK_CHANNELS, CHANNEL_BLOCKS = 32, 2

ROOMY = CoreConfig(
    v=4, c=16, metric="l1", ports=9, blocks=4, lanes=16, encoders=4, table_rows=1 << 15, index_words=1 << 14,
    accumulator_rows=256, constant_rows=4096, codebook_rows=4096, program_rows=256, window_rows=1024,
    value_rows=1 << 14,
)  # fmt: skip
"""Holds all tables of the largest of these networks."""

SMALL = replace(ROOMY, table_rows=512)
"""Streams the tables of all but the smallest of them."""

RESNET20_CORES = ("zcu104", "xc7z020-large")
"""Where ResNet-20's tables stay in the core, and where they are streamed."""

IMAGES, SIDE, ITERATIONS = 16, 8, 5
"""Calibration images, pixels on a side of their 4 channels, and turns of k-means."""

ENOUGH_S, REPEATS = 0.5, 5
"""A step is repeated until it took so long in all, or so often; the shortest time counts."""


def model(blocks: int, channels: int) -> nn.Module:
    """A residual network whose maps are all of one size."""
    torch.manual_seed(0)
    stem = nn.Sequential(nn.Conv2d(4, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
    body = (Block(channels, channels, 1) for _ in range(blocks))
    return nn.Sequential(stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)).eval()


def converted(blocks: int, channels: int) -> nn.Module:
    """Such a network as lookups, frozen."""
    dense = model(blocks, channels)
    made = convert(dense, torch.rand(IMAGES, 4, SIDE, SIDE), metric=ROOMY.metric, iterations=ITERATIONS)
    freeze(made)
    return made


def timed(seconds: dict[str, float], step: str, work: Callable[[], Made]) -> Made:
    """What `work` makes; the shortest time that it took goes to `seconds`."""
    taken: list[float] = []
    while len(taken) < REPEATS and sum(taken) < ENOUGH_S:
        start = time.perf_counter()
        made = work()
        taken.append(time.perf_counter() - start)
    seconds[step] = min(taken)
    return made


def chain(blocks: int, channels: int) -> tuple[int, dict[str, float]]:
    """Bytes of a network's tables, and seconds of each step."""
    found: dict[str, float] = {}
    lookups = timed(found, "convert", lambda: converted(blocks, channels))
    network: IntegerNetwork = timed(found, "export", lambda: integer_network(lookups))
    artefact = timed(found, "resident", lambda: assemble(network, ROOMY, dataflow="resident"))
    timed(found, "streamed", lambda: assemble(network, SMALL, dataflow="stationary"))
    with tempfile.TemporaryDirectory() as folder, lutdla.open("emulator", config=ROOMY) as accelerator:
        path = timed(found, "save", lambda: artefact.save(Path(folder) / "network.lut"))
        read = timed(found, "read", lambda: Artefact.load(path))
        timed(found, "load", lambda: accelerator.load(read))
    return artefact.table_bytes, found


def measure() -> dict[str, Any]:
    """All points and exponents, and ResNet-20."""
    torch.set_num_threads(1)
    chain(1, 16)  # what comes with first use is no growth
    figures: dict[str, Any] = {"configuration": str(ROOMY)}
    sizes = {"blocks": [(size, size, BLOCK_CHANNELS) for size in BLOCKS],
             "channels": [(size, CHANNEL_BLOCKS, size) for size in CHANNELS]}
    for axis, networks in sizes.items():
        for size, blocks, channels in networks:
            figures[f"bytes_{axis}_{size}"], seconds = chain(blocks, channels)
            figures |= {f"seconds_{axis}_{step}_{size}": round(value, 5) for step, value in seconds.items()}
        for step in STEPS:
            figures[f"exponent_{axis}_{step}"] = round(exponent(points(figures, axis, step)), 3)
    for name in RESNET20_CORES:
        config, seconds = load_core(name).config, {}
        network = topology("resnet20", config)
        timed(seconds, "compile", lambda network=network, config=config: assemble(network, config))
        figures[f"resnet20_{name.replace('-', '_')}_compile_s"] = round(seconds["compile"], 2)
    return figures


if __name__ == "__main__":
    run("compile_growth", __doc__, measure)
