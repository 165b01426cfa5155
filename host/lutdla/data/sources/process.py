"""Package managers as child processes: with a deadline, and with one line that says why they failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

LIMIT_S = 600.0
"""Longest time for one download."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a program in `folder`, which also takes its temporary files.

    Raises:
        OSError: the program is missing, was too slow or failed; the message ends with what it said last.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "TMPDIR": str(folder), **(environment or {})}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
            timeout=LIMIT_S, check=False,
        )
    except FileNotFoundError as error:
        raise OSError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise OSError(f"'{' '.join(command)}' did not end within {LIMIT_S:g} s") from error
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        # What failed is said in a line of its own; warnings and hints stand around it.
        wrong = [line for line in said if line.lower().startswith(("error", "e:", "npm err"))]
        last = (wrong or said or ["nothing"])[-1].strip()
        raise OSError(f"'{' '.join(command)}' failed with exit status {done.returncode}: {last}")
