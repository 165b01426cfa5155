"""Figures of a command as JSON: `--json FILE`, or `--json -` for standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

STANDARD_OUTPUT = Path("-")
HELP = "Where the figures go as JSON; - prints them, and all else goes to standard error."


def write_figures(path: Path | None, figures: Any) -> None:
    """Write figures as JSON; without a path, nothing.

    Raises:
        InputError: the file cannot be written.
    """
    from lutdla.cli.run import write_to

    if path is None:
        return
    text = json.dumps(figures, indent=2)
    if path == STANDARD_OUTPUT:
        typer.echo(text)
    else:
        write_to(path).write_text(f"{text}\n", encoding="utf-8")


def console_beside(path: Path | None, **options: Any) -> Console:
    """The console for people: standard output, unless the figures go there."""
    return Console(stderr=path == STANDARD_OUTPUT, **options)
