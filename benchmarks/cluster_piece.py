"""The piece of work of benchmarks/cluster.py, which workers import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lutdla.explore.pieces import chosen
from tests.explore.noted import noting


def best_core(number: int, folder: str, **given: Any) -> dict[str, Any] | None:
    """`chosen`, with notes of when it begins and ends, so that runs can be counted."""
    with noting(Path(folder), number):
        return chosen(**given)
