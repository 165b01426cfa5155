"""Times a script of benchmarks/peer_scripts, in the environment of its peer: standard library only.

    python peer_timer.py SCRIPT PACKAGE REPEATS FIGURES.json

A script ends when an output is verified, and may leave `simulate()`, which runs images and returns how many.
"""

from __future__ import annotations

import json
import runpy
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any


def timed(script: Path, repeats: int) -> dict[str, Any]:
    """Seconds of the whole script, imports included; images a second (median) where it simulates any."""
    sys.path.insert(0, str(script.parent))
    begin = time.perf_counter()
    names = runpy.run_path(str(script), run_name="__main__")
    figures: dict[str, Any] = {"seconds_to_first_output": round(time.perf_counter() - begin, 3)}
    if "simulate" in names:
        names["simulate"]()  # the first run allocates
        figures["images_per_s"] = round(statistics.median(_rate(names["simulate"]) for _ in range(repeats)), 2)
    return figures


def _rate(simulate: Any) -> float:
    begin = time.perf_counter()
    images = simulate()
    return float(images / (time.perf_counter() - begin))


def main() -> None:
    """Time, and write the figures."""
    script, package, repeats, figures = sys.argv[1:]
    found = timed(Path(script), int(repeats)) | {"version": metadata.version(package)}
    Path(figures).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
