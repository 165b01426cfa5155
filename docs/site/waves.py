"""The picture of one run at the core's ports and inside: signals of the MyHDL core, simulated.

A small network of two layers on a small core, two images. What is drawn is what the simulation gave.
"""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from myhdl import Simulation

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, run_packets
from lutdla_hdl.core import ports
from lutdla_hdl.simulation import RegisterPort, StreamDriver, StreamMonitor, forget_signals, testbench

CONFIG = CoreConfig(v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=16,
                    accumulator_rows=4, constant_rows=16, codebook_rows=32, program_rows=8, window_rows=16,
                    value_rows=16, packet_beats=32)  # fmt: skip
LAYERS, IMAGES = (24, 16, 8), 2
LIMIT = 4_000
"""Cycles after which the simulation must have ended."""

SIGNALS = {
    "decoder.s_axis.tvalid": "a beat for the core", "decoder.s_axis.tready": "the core takes it",
    "decoder.s_axis.tlast": "the last of the frame", "sequencer.run.busy": "STATUS.BUSY",
    "encode.encoded.valid": "indices leave the encoders", "sequencer.step.take": "a step of the loop nest",
    "frame_output.rows.valid": "a finished row waits", "frame_output.m_axis.tvalid": "a beat of results",
    "frame_output.m_axis.tlast": "the last of the frame",
}  # fmt: skip
"""Block of `lutdla_hdl.core`, its argument, and the signal in that -> what the signal says."""


@dataclass(frozen=True)
class Waves:
    """What each signal was, cycle by cycle, from the first beat of the run to the last of its results."""

    levels: dict[str, list[bool]]

    @property
    def cycles(self) -> int:
        """Clock cycles."""
        return len(next(iter(self.levels.values())))


def simulate() -> Waves:
    """Load the network, then watch one run."""
    artefact = assemble(random_network(CONFIG, LAYERS), CONFIG)
    values = np.random.default_rng(0).integers(-128, 128, (IMAGES, artefact.image.program.input_groups * CONFIG.group))
    driver, monitor, signals = StreamDriver(0.0, 0), StreamMonitor(0.0, 0), ports(CONFIG)
    bench = testbench(signals, driver, monitor, RegisterPort(), CONFIG)
    simulation = Simulation(bench)
    core = next(block for block in bench.subs if block.func.__name__ == "lutdla_core")
    watched = {name: _signal(core, name) for name in SIGNALS}
    levels: dict[str, list[bool]] = {name: [] for name in SIGNALS}

    def run(frames: list[bytes], done: Any) -> None:
        for frame in frames:
            size = CONFIG.stream_bytes
            beats = [int.from_bytes(frame[at : at + size], "little") for at in range(0, len(frame), size)]
            driver.beats.extend((beat, at == len(beats) - 1) for at, beat in enumerate(beats))
        for _ in range(LIMIT):
            simulation.run(2, quiet=1)
            for name, signal in watched.items():
                levels[name].append(bool(signal))
            if done():
                return
        raise AssertionError(f"the simulation has not ended after {LIMIT} cycles")

    try:
        simulation.run(12, quiet=1)  # reset
        run(load_packets(artefact.image, CONFIG, 1), lambda: not driver.beats)
        run([], lambda: len(levels["sequencer.run.busy"]) % 64 == 0)
        for name in levels:
            levels[name].clear()
        run([run_packets(values.astype(np.int8), artefact.image, CONFIG)], lambda: bool(monitor.frames))
        run([], lambda: not any(levels["sequencer.run.busy"][-4:]))
    finally:
        simulation.quit()
        forget_signals()
    for stream in ("decoder.s_axis", "frame_output.m_axis"):  # without a beat, tlast says nothing
        levels[f"{stream}.tlast"] = [last and valid for last, valid in zip(levels[f"{stream}.tlast"],
                                                                           levels[f"{stream}.tvalid"])]
    return Waves(levels)


def _signal(core: Any, path: str) -> Any:
    """A signal by block, argument of the block, and name."""
    name, argument, attribute = path.split(".")
    block = next(part for part in core.subs if part.name == name)
    given = inspect.signature(block.func).bind(*block.args, **block.kwargs)
    return getattr(given.arguments[argument], attribute)


def draw(path: Path) -> None:
    """Write the picture."""
    import matplotlib.pyplot as plt

    waves = simulate()
    figure, axis = plt.subplots(figsize=(11, 4.2))
    figure.subplots_adjust(left=0.3, right=0.99, top=0.98, bottom=0.13)
    for row, (name, level) in enumerate(waves.levels.items()):
        _draw_one(axis, -row, level)
        axis.text(-2, -row + 0.3, SIGNALS[name], ha="right", va="center", fontsize=9, color="0.35")
        axis.text(-0.42 * waves.cycles, -row + 0.3, name.partition(".")[2], ha="left", va="center",
                  family="monospace", fontsize=9)
    axis.set(xlim=(0, waves.cycles), ylim=(-len(waves.levels) + 0.6, 1), yticks=[], xlabel="clock cycles")
    axis.grid(axis="x", color="0.9")
    axis.set_axisbelow(True)
    for side in ("left", "right", "top"):
        axis.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _draw_one(axis: Axes, base: float, level: list[bool]) -> None:
    x = np.arange(len(level) + 1)
    y = base + 0.65 * np.array([*level, level[-1]], float)
    axis.fill_between(x, base, y, step="post", color="#cfe2ff", linewidth=0)
    axis.step(x, y, where="post", color="#0b57b0", linewidth=1.2)
