"""`lutdla doctor`: what is installed, what is missing, and how to mend it."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table


def command() -> None:
    """Show what is installed, what is missing and the command that mends it.

    Exit status 1: something is missing that everything needs.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.doctor import examine

    table, broken = Table("", "what", "needed for", "found"), False
    fixes: list[tuple[str, str]] = []
    for finding in examine():
        if finding.found is None:
            broken |= finding.required
            fixes.append((finding.name, finding.fix))
        mark = "[green]ok[/]" if finding.found else "[red]missing[/]" if finding.required else "[yellow]missing[/]"
        table.add_row(mark, finding.name, finding.needed_for, finding.found or "-")
    console = Console()
    console.print(table)
    for name, fix in fixes:
        console.print(f"{name}: {fix}", highlight=False, markup=False, soft_wrap=True)
    if broken:
        raise typer.Exit(EXIT_DIFFERENT)
