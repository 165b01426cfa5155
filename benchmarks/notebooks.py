"""Runs the notebooks as a user does, one after the other: `python -m benchmarks.notebooks --json FILE`.

Each runs in a folder of its own, with the models beside it, in a fresh kernel. The first run on a computer also builds
a Verilated core, which is kept in lutdla's cache.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from benchmarks.record import ROOT

FOLDER = ROOT / "notebooks" / "lutdla_notebooks"

LIMIT_S = 180
"""What a notebook may take, on two cores."""


@dataclass(frozen=True)
class Executed:
    """A notebook that ran.

    Attributes:
        notebook: with its outputs.
        seconds: wall-clock time, with that of starting the kernel.
        error: what broke it off; empty: nothing did.
    """

    notebook: nbformat.NotebookNode
    seconds: float
    error: str = ""

    @property
    def outputs(self) -> list[Any]:
        """Outputs of all cells."""
        return [output for cell in self.notebook.cells for output in cell.get("outputs", [])]

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(output.text for output in self.outputs if output.output_type == "stream")

    @property
    def pictures(self) -> int:
        """Plots that it showed."""
        return sum("image/png" in output.get("data", {}) for output in self.outputs)


def names() -> list[str]:
    """Names of the notebooks, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def execute(name: str, folder: Path, changes: Mapping[str, str] | None = None, until: str | None = None) -> Executed:
    """Run a notebook.

    Args:
        name: without its ending.
        folder: that does not exist yet; it becomes a copy of the notebooks' folder.
        changes: text in a cell -> what stands there instead; each must be there.
        until: text of the first cell that is left out, with all behind it; it must be there. None: all run.
    """
    shutil.copytree(FOLDER, folder)
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    for old, new in (changes or {}).items():
        (cell,) = (cell for cell in notebook.cells if old in cell.source)
        cell.source = cell.source.replace(old, new)
    if until is not None:
        end = next(i for i, cell in enumerate(notebook.cells) if until in cell.source)
        notebook.cells = notebook.cells[:end]
    client = NotebookClient(notebook, timeout=LIMIT_S, resources={"metadata": {"path": str(folder)}})
    begin, error = time.perf_counter(), ""
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as failure:
        error = str(failure)
    return Executed(notebook, time.perf_counter() - begin, error)


def main() -> None:
    """Run all, write the figures; exit status 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks", description="Run the notebooks.")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    figures: dict[str, bool | float] = {}
    for name in names():
        with tempfile.TemporaryDirectory() as folder:
            done = execute(name, Path(folder) / "lutdla")
        key = f"nb{name[:2]}"
        figures |= {f"{key}_ok": not done.error, f"{key}_seconds": round(done.seconds, 1)}
        print(f"{name:<32} {done.seconds:6.1f} s, {done.pictures} plots {done.error}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(not all(value for key, value in figures.items() if key.endswith("_ok")))


if __name__ == "__main__":
    main()
