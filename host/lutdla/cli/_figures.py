"""Figures of a command as JSON: `--json FILE`, or `--json -` for standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def figures_of(path: Path | None) -> Iterator[dict[str, Any]]:
    """Figures that come one by one. They are written at the end, and when the command ends with a status of its own."""
    figures: dict[str, Any] = {}
    try:
        yield figures
    except typer.Exit:
        write_figures(path, figures)
        raise
    write_figures(path, figures)


def console_beside(path: Path | None, **options: Any) -> Console:
    """The console for people: standard output, unless the figures go there."""
    return Console(stderr=path == STANDARD_OUTPUT, **options)
