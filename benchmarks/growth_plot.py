"""Plots of growth: logarithmic axes, and a straight line through the first point for what would be linear.

The same figures give the same file: margins are fixed, because a solved layout differs in its last bits from run to
run, and the names of clip paths are made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Points = Mapping[int, float]

COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#0a7ea4", "#bf3989", "#57606a")
MARGINS = {"left": 0.075, "right": 0.985, "bottom": 0.25, "top": 0.89, "wspace": 0.3}


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: above it.
        size, measured: words for the axes.
        series: label -> what was measured at each size.
    """

    title: str
    size: str
    measured: str
    series: Mapping[str, Points]


def draw(panels: Sequence[Panel], path: Path, *, width: float = 10.0, height: float = 3.2,
         legend: bool = True) -> None:
    """Write panels side by side as SVG; `legend`: in each, otherwise one to the right of all."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lutdla"
    from matplotlib import pyplot as plt

    margins = MARGINS if legend else MARGINS | {"right": 0.76}
    figure, axes = plt.subplots(1, len(panels), figsize=(width, height), gridspec_kw=margins, squeeze=False)
    for axis, panel in zip(axes[0], panels):
        for number, (label, points) in enumerate(panel.series.items()):
            sizes, values = list(points), list(points.values())
            line = [values[0] * size / sizes[0] for size in sizes]
            axis.plot(sizes, line, color="0.7", zorder=1, label="linear" if not number else None)
            axis.plot(sizes, values, "o", markersize=5, color=COLOURS[number % len(COLOURS)], label=label)
        axis.set(xscale="log", yscale="log", xlabel=panel.size, ylabel=panel.measured, title=panel.title)
        axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axis.minorticks_off()
        axis.tick_params(axis="x", labelrotation=45)
        if legend:
            axis.legend(frameon=False)
    if not legend:
        handles, labels = axes[0][-1].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, loc="center right")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
