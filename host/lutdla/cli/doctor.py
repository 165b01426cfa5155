"""`lutdla doctor`: what is installed, what is missing, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures


def command(
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Show what is installed, what is missing and the command that mends it.

    Exit status 1: something is missing that everything needs.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.doctor import examine

    table, broken = Table("", "what", "needed for", "found"), False
    fixes: list[tuple[str, str]] = []
    findings = list(examine())
    for finding in findings:
        if finding.found is None:
            broken |= finding.required
            fixes.append((finding.name, finding.fix))
        mark = "[green]ok[/]" if finding.found else "[red]missing[/]" if finding.required else "[yellow]missing[/]"
        table.add_row(mark, finding.name, finding.needed_for, finding.found or "-")
    write_figures(json_file, [asdict(finding) for finding in findings])
    console = console_beside(json_file)
    console.print(table)
    for name, fix in fixes:
        console.print(f"{name}: {fix}", highlight=False, markup=False, soft_wrap=True)
    if broken:
        raise typer.Exit(EXIT_DIFFERENT)
