"""How fast the search is: `python -m benchmarks.explore_speed`. In one process, on one core."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.command import run
from lutdla.compiler.topologies import topology
from lutdla.explore.choice import _drawn, choose
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

REPEATS = 3
"""Times that everything is done; the middle one counts."""


def middle(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that work takes, and what it gives."""
    seconds = []
    for _ in range(REPEATS):
        _drawn.cache_clear()  # programs that were drawn up before
        start = time.perf_counter()
        made = work()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[REPEATS // 2], made


def measure() -> dict[str, Any]:
    """Cores rated in a second, and the time to a core that was compiled for."""
    limits = limits_of(load_board("pynq-z2"))
    shape = NetworkShape.of(topology("resnet8", CoreConfig()), "resnet8")
    seconds, rated = middle(lambda: rate(shape, limits))
    some, resident = middle(lambda: rate(shape, limits, streams=False))
    found, choice = middle(lambda: choose(shape, rate(shape, limits, v=[4], c=[16]), limits))
    return {
        "network": "resnet8", "board": limits.name, "configurations": rated.considered,
        "configurations_per_s": round(rated.considered / seconds),
        "resident_configurations": resident.considered,
        "resident_configurations_per_s": round(resident.considered / some),
        "best_core": str(choice.config), "best_core_s": round(found, 2),
    }  # fmt: skip


if __name__ == "__main__":
    run("explore_speed", __doc__, measure)
