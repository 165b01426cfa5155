"""The coefficients of `lutdla.explore.area`, fitted to synthesized cores: `python -m benchmarks.area_fit`.

Each is a factor of what a part of the core's structure suggests. The sum of squared relative errors is least, with a
penalty on factors that leave what their structure says (`PRIOR`): some thirty points do not tell two dozen factors
apart. Points are the cores of `benchmarks/points/cores.csv` and those of `fit.csv`, never those held out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.command import run
from lutdla.explore import area
from lutdla.explore.columns import Columns
from lutdla.spec.config import CoreConfig

POINTS = Path(__file__).parent / "points"
SETS = ("cores", "fit")
RESOURCES = ("lut", "lutram", "ff", "ramb36", "uram", "dsp")

PRIOR = {
    "lut": {"base": 2000, "stream_bits": 5.5, "ports": 127, "group_xc7": 96, "group_xcup": 121, "wide_group": 40,
            "banks": 3, "trees": 1, "accumulators": 3.2, "comparisons": 1.45, "l2": 1, "l1": 1, "chebyshev": 1},
    "ff": {"base": 1670, "stream_bits": 2.5, "group_xc7": 80, "group_xcup": 229, "wide_group": 40, "banks": 2,
           "trees": 1, "accumulators": 0.5, "comparisons": 1, "l2": 1, "l1": 1, "chebyshev": 1},
}  # fmt: skip
PENALTY = 0.003


@dataclass(frozen=True)
class Measured:
    """A core, and what yosys made of it: by `RESOURCES`."""

    config: CoreConfig
    family: str
    ultra_ram: bool
    amounts: dict[str, float]


def measured(*sets: str) -> list[Measured]:
    """Cores of sets of points."""
    return list(_read(sets or SETS))


def _read(sets: tuple[str, ...]) -> Iterator[Measured]:
    for name in sets:
        with (POINTS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                config = CoreConfig(**{one.name: row[one.name] if one.name == "metric" else int(row[one.name])
                                       for one in fields(CoreConfig)})  # fmt: skip
                yield Measured(config, row["family"], row["ultra_ram"] == "1",
                               {resource: float(row[resource]) for resource in RESOURCES})


def fitted(points: list[Measured], kind: str) -> dict[str, float]:
    """Coefficients of a resource, "lut" or "ff"."""
    prior = np.array(list(PRIOR[kind].values()), np.float64)
    rows, wanted = [], []
    for point in points:
        core, amount = Columns.of([point.config]), point.amounts[kind]
        found = area.terms(core, point.family)[kind]
        held = area.in_memories(core, point.family, point.ultra_ram)["ff"] if kind == "ff" else np.zeros(1)
        rows.append([float(np.broadcast_to(found.get(name, 0), 1)[0]) / amount for name in PRIOR[kind]])
        wanted.append(1 - float(held[0]) / amount)
    weight = np.sqrt(PENALTY)
    left = np.vstack([np.array(rows) * prior, weight * np.eye(len(prior))])
    right = np.concatenate([wanted, np.full(len(prior), weight)])
    factors: npt.NDArray[np.float64] = np.linalg.lstsq(left, right, rcond=None)[0]
    return {name: float(f"{value:.5g}") for name, value in zip(PRIOR[kind], factors * prior, strict=True)}


def residuals(points: list[Measured]) -> dict[str, Any]:
    """Relative errors of the estimate, with the coefficients that are there."""
    found: dict[str, Any] = {"points": len(points)}
    for name in RESOURCES:
        errors = []
        for point in points:
            estimated = getattr(area.estimate(point.config, point.family, point.ultra_ram), name)
            errors.append(estimated / point.amounts[name] - 1 if point.amounts[name] else float(estimated != 0))
        if name in ("lut", "lutram", "ff"):
            found |= {f"{name}_error_mean": round(float(np.abs(errors).mean()), 4),
                      f"{name}_error_max": round(float(np.abs(errors).max()), 4)}
        else:
            found[f"{name}_exact"] = round(float(np.mean(np.array(errors) == 0)), 4)
    return found


def measure() -> dict[str, Any]:
    """Fit, write the coefficients, and say how near they are."""
    points = measured()
    coefficients = {kind: fitted(points, kind) for kind in PRIOR}
    area.COEFFICIENTS_FILE.write_text(json.dumps(coefficients, indent=2) + "\n", encoding="utf-8")
    area.coefficients.cache_clear()
    return residuals(points)


if __name__ == "__main__":
    run("area_fit", __doc__, measure)
