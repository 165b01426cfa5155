"""The cost models against what was measured: `python -m benchmarks.cost_model`, on points that led to none of them.

Points are those of `benchmarks/points/held_out.csv` (`benchmarks.cost_points`): random cores with random networks,
cycles counted on the Verilated core, area by yosys. Errors are relative to what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.command import run
from benchmarks.cost_points import Point, artefact_of, network_of, read
from lutdla.compiler.cost import predict
from lutdla.explore.area import estimate
from lutdla.explore.columns import Columns
from lutdla.explore.cycles import cycles
from lutdla.explore.shapes import NetworkShape

SET = "held_out"
SEEN = frozenset({*range(45)} - {42})
"""Points that were looked at before the cycles of streamed networks and the shapes of UltraRAM were mended."""

COUNTED = ("ramb36", "uram", "dsp")
"""What is counted, not estimated."""


@dataclass(frozen=True)
class Compared:
    """A point: what was predicted, and what was measured.

    Attributes:
        point: the core and its network.
        predicted, measured: by name: cycles, lut (with those that serve as memory), ff, ramb36, uram, dsp.
        searched: cycles as the search predicts them of sizes alone; None: tables are streamed, which it bounds only.
    """

    point: Point
    predicted: dict[str, float]
    measured: dict[str, float]
    searched: float | None

    def error(self, name: str) -> float:
        """Of a prediction, relative; of what is 0, 1 or 0."""
        wanted = self.measured[name]
        return self.predicted[name] / wanted - 1 if wanted else float(self.predicted[name] != 0)

    def __str__(self) -> str:
        return f"{self.point.network}, {self.point.config}, {self.point.family}"


def compared(point: Point, measured: dict[str, float]) -> Compared:
    """Predict what was measured of a point."""
    artefact = artefact_of(point.network, point.config, point.batch)
    image = artefact.image
    shape = NetworkShape.of(network_of(point.network, point.config), point.network)
    costs = predict(image.program, [piece.tables.shape[1] for piece in image.pieces], point.config)
    area = estimate(point.config, point.family, point.ultra_ram)
    predicted = {"cycles": costs.cycles_per_pass / image.program.images, "lut": area.lut + area.lutram, "ff": area.ff,
                 **{name: getattr(area, name) for name in COUNTED}}
    wanted = {"cycles": measured["cycles_per_image"], "lut": measured["lut"] + measured["lutram"],
              **{name: measured[name] for name in ("ff", *COUNTED)}}
    resident = not image.pieces and image.program.images == 1
    searched = float(cycles(shape, Columns.of([point.config])).image[0]) if resident else None
    return Compared(point, predicted, wanted, searched)


def summary(found: list[Compared]) -> dict[str, Any]:
    """Figures of all points."""
    figures: dict[str, Any] = {"points": len(found), "networks": len({one.point.network for one in found}),
                               "streamed": sum(one.searched is None for one in found)}
    for name in ("cycles", "lut", "ff"):
        errors = np.array([one.error(name) for one in found])
        figures |= {f"{name}_error_mean": _short(np.abs(errors).mean()),
                    f"{name}_error_max": _short(np.abs(errors).max()), f"{name}_bias": _short(errors.mean()),
                    f"{name}_worst": str(found[int(np.abs(errors).argmax())])}
    searched = [one.searched / one.measured["cycles"] - 1 for one in found if one.searched is not None]
    figures |= {"search_cycles_error_mean": _short(np.abs(searched).mean()),
                "search_cycles_error_max": _short(np.abs(searched).max())}
    unseen = np.abs([one.error("cycles") for one in found if one.point.number not in SEEN])
    if len(unseen):
        figures |= {"unseen_points": len(unseen), "unseen_cycles_error_mean": _short(unseen.mean()),
                    "unseen_cycles_error_max": _short(unseen.max())}
    return figures | {f"{_SHORT.get(name, name)}_exact": _short(np.mean([one.error(name) == 0 for one in found]))
                      for name in COUNTED}


_SHORT = {"ramb36": "ramb"}


def _short(value: Any) -> float:
    return round(float(value), 4)


def held_out() -> list[Compared]:
    """All points that are there, in order of their numbers."""
    return [compared(*row) for row in sorted(read(SET), key=lambda row: row[0].number)]


def show(found: list[Compared], console: Console) -> None:
    """A row for each point."""
    table = Table(title="predicted / measured - 1")
    for column in ("point", "cycles", "LUT", "FF", "RAMB36", "URAM", "DSP"):
        table.add_column(column, justify="left" if column == "point" else "right")
    for one in found:
        table.add_row(f"{one.point.number} {one}", *(f"{one.error(name):+.1%}" for name in ("cycles", "lut", "ff")),
                      *(f"{one.predicted[name]:g}/{one.measured[name]:g}" for name in COUNTED))
    console.print(table)


def measure() -> dict[str, Any]:
    """Compare, show, sum up."""
    found = held_out()
    show(found, Console(width=150))
    return summary(found)


if __name__ == "__main__":
    run("cost_model", __doc__, measure)
