"""The flat figures of `benchmarks.compile_growth`: what there is, in words, and the plot of it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.growth_plot import Panel, draw

AXES = {"blocks": "residual blocks", "channels": "channels"}
"""What grows -> words for it."""

STEPS = {
    "convert": "convert, with k-means", "export": "trace and export", "resident": "assemble, resident",
    "streamed": "assemble, streamed", "save": "save", "read": "read and check", "load": "load on the emulator",
}  # fmt: skip
"""Step -> words for it, in order."""

RESNET20 = {
    "resnet20_zcu104_compile_s": "zcu104, whose core holds its tables",
    "resnet20_xc7z020_large_compile_s": "xc7z020-large, which streams them",
}  # fmt: skip
"""Figure -> the core that `benchmarks.network_rtl` runs ResNet-20 on."""


def points(figures: Mapping[str, Any], axis: str, step: str) -> dict[int, float]:
    """Seconds of a step by bytes of tables."""
    start = f"bytes_{axis}_"
    sizes = {int(key.removeprefix(start)): value for key, value in figures.items() if key.startswith(start)}
    return {count: figures[f"seconds_{axis}_{step}_{size}"] for size, count in sizes.items()}


def plot(figures: Mapping[str, Any], path: Path) -> None:
    """One panel for each axis, one colour for each step."""
    draw([Panel(f"more {words}", "bytes of tables", "seconds",
                {label: points(figures, axis, step) for step, label in STEPS.items()})
          for axis, words in AXES.items()], path, height=4.2, legend=False)
