"""How long a user waits before anything runs: `python -m benchmarks.startup --json FILE`.

Medians of wall times over fresh processes, which take turns, so that whatever disturbs the machine disturbs all of
them. The first turn writes bytecode where there is none yet, as installing does, and is not counted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.command import run
from benchmarks.layout import LAYOUT
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology

NETWORK = "resnet8"
TURNS = 15

CLOCK = "import time; start = time.perf_counter(); {work}; print(time.perf_counter() - start)"
IMPORT = CLOCK.format(work="import lutdla")
IMPORT_NUMPY = CLOCK.format(work="import numpy")
OPEN_LOAD = "import sys, lutdla; " + CLOCK.format(work="lutdla.open('emulator').load(sys.argv[1])")


def whole(*arguments: str) -> float:
    """Seconds of a fresh interpreter, from its start to its end."""
    start = time.perf_counter()
    _interpreter(*arguments)
    return time.perf_counter() - start


def inside(*arguments: str) -> float:
    """Seconds that a fresh interpreter prints."""
    return float(_interpreter(*arguments))


def _interpreter(*arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True,
                          timeout=120).stdout


def medians(work: dict[str, Callable[[], float]], turns: int = TURNS) -> dict[str, float]:
    """Median of what each gives, in milliseconds, over `turns` turns behind one that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(turns + 1):
        for name, measure_once in work.items():
            seconds = measure_once()
            if turn:
                taken[name].append(1e3 * seconds)
    return {name: round(statistics.median(values), 1) for name, values in taken.items()}


def measure() -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder:
        artefact = assemble(topology(NETWORK, LAYOUT), LAYOUT)
        path = str(artefact.save(Path(folder) / f"{NETWORK}.lut"))
        found = medians({
            "python_ms": lambda: whole("-c", "pass"),
            "numpy_ms": lambda: inside("-c", IMPORT_NUMPY),
            "import_ms": lambda: inside("-c", IMPORT),
            "open_load_ms": lambda: inside("-c", OPEN_LOAD, path),
            "cli_help_ms": lambda: whole("-m", "lutdla", "--help"),
        })
    return {"network": NETWORK, "configuration": str(LAYOUT), "table_bytes": artefact.table_bytes, "turns": TURNS,
            **found}


if __name__ == "__main__":
    run("startup", __doc__, measure)
