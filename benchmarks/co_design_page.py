"""docs/co-design.md: v, c and metric against accuracy, table bytes, cycles and LUTs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lutdla.spec.document import table

Figures = dict[str, Any]

START = "co_design_"

INTRODUCTION = """What v, c and the metric do to accuracy and to hardware, for each network with the fastest core that
the search finds on the board. Accuracy is that of the integer network after a *short* training, on training examples
that were kept aside: figures to compare ways to encode by. Whole trainings reach more ([accuracy.md](accuracy.md)).
Cycles, LUTs (memory included) and energy are predictions of the [cost models](cost-model.md)."""

COLUMNS = {"accuracy": "accuracy", "loss": "estimated loss", "table_bytes": "table bytes", "cycles": "cycles an image",
           "lut": "LUTs", "ramb36": "RAMB36", "energy_uj": "uJ, model", "core": "core"}  # fmt: skip


def covers(name: str) -> bool:
    """Whether a result is shown here."""
    return name.startswith(START)


def ways(figures: Figures) -> list[tuple[int, int, str]]:
    """The ways to encode that were measured."""
    found = [re.fullmatch(r"v(\d+)_c(\d+)_(\w+)_accuracy", key) for key in figures]
    return [(int(one[1]), int(one[2]), one[3]) for one in found if one]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "accuracy":
        return f"{value:.1%}"
    if name == "loss":
        return f"{value:.2g}"
    if name == "core":
        return re.sub(r".*ports=(\d+) blocks=(\d+) lanes=(\d+) encoders=(\d+).*", r"\1x\2x\3/\4", value)
    return f"{value:,}"


def section(figures: Figures, made_by: Callable[[Figures], str]) -> str:
    """A network."""
    rows = []
    for v, c, metric in ways(figures):
        cells = {name: figures.get(f"v{v}_c{c}_{metric}_{name}") for name in COLUMNS}
        rows.append((v, c, metric, *(_cell(name, cells[name]) for name in COLUMNS)))
    about = (f"The dense network has {figures['dense_accuracy']:.1%}. Short trainings: {figures['epochs']} epochs on "
             f"{figures['examples']:,} examples. Core: ports x blocks x lanes / encoders, on a {figures['board']}; "
             "`-`: no core holds the network.")
    return "\n\n".join([f"## {figures['recipe']}", about, table(("v", "c", "metric", *COLUMNS.values()), rows),
                        made_by(figures)])


def page(found: dict[str, Figures], note: str, made_by: Callable[[Figures], str]) -> str:
    """The whole page."""
    parts = ["# v, c and metric against accuracy and hardware", note, INTRODUCTION]
    parts += [section(figures, made_by) for name, figures in found.items() if covers(name)]
    return "\n\n".join(parts) + "\n"
