"""Records the figures of a command in benchmarks/results/NAME.json, with what made them.

    python -m benchmarks.record demo lutdla demo

runs `lutdla demo --json FILE`, and writes the figures of FILE with `command`, `commit`, `date` and `machine`.
Every figure of the project lives once, in such a file; `python -m benchmarks.tables` writes them into the documents.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ORIGIN = ("command", "commit", "date", "machine")
"""Keys that say where figures come from."""


def machine() -> str:
    """Processor, cores and Python version; nothing that names this very machine."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        match = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        model = match.group(1).strip() if match else model
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def commit() -> str:
    """The commit that is checked out, with `+changes` when tracked files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    written = (":!benchmarks/results", ":!docs", ":!README.md")  # what recording itself changes
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")


def check_flat(figures: dict[str, Any]) -> None:
    """Check that figures are snake_case names with plain values.

    Raises:
        ValueError: names the key that is not.
    """
    for key, value in figures.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise ValueError(f"figure {key!r}: use lower case letters, digits and underscores")
        if not isinstance(value, (str, int, float, bool)):
            raise ValueError(f"figure {key!r} is {value!r}: use a number, a text, true or false")


def record(name: str, figures: dict[str, Any], command: str, folder: Path = RESULTS) -> Path:
    """Write NAME.json.

    Args:
        name: of the file, without its ending.
        figures: what was measured: flat, without the keys of `ORIGIN`.
        command: what a reader runs to measure it again.
        folder: where to write.

    Returns:
        The file.
    """
    figures = {key: value for key, value in figures.items() if key not in ORIGIN}
    check_flat(figures)
    date = dt.datetime.now(dt.timezone.utc).date().isoformat()
    content = {**figures, "command": command, "commit": commit(), "date": date, "machine": machine()}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def main(arguments: list[str] | None = None) -> None:
    """Run a command that knows `--json FILE`, and record its figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.record", description="Record a command's figures.")
    parser.add_argument("name", help="writes benchmarks/results/NAME.json")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run; --json FILE is added")
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error("no command: for example `python -m benchmarks.record demo lutdla demo`")
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        done = subprocess.run([*options.command, "--json", str(figures)], cwd=ROOT, timeout=3600, check=False)
        if done.returncode:
            sys.exit(f"{shlex.join(options.command)} failed with status {done.returncode}: nothing was recorded")
        path = record(options.name, json.loads(figures.read_text(encoding="utf-8")), shlex.join(options.command))
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
