"""The command line that benchmarks share: measure, show, and write the figures where `benchmarks.record` wants them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(name: str, description: str | None, measure: Callable[[], dict[str, Any]]) -> None:
    """Run the benchmark `python -m benchmarks.NAME [--json FILE]`."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    figures = measure()
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
