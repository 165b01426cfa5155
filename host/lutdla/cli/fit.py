"""`lutdla fit`: on which boards a compiled network runs, and how well."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures

if TYPE_CHECKING:
    from lutdla_overlay.boards import Board
    from lutdla_overlay.cores import Core
    from lutdla_overlay.fit import Fit

NOTE = ("Cycles of an image, clock and rate are predictions. Area is an estimate of what yosys says of the core: DMA, "
        "interconnect and interrupt controller come on top.")

SHARES = {"lut": "LUT", "ramb36": "RAMB", "dsp": "DSP"}
"""Shares that the table of boards shows."""


def command(
    model: Annotated[Path, typer.Argument(help="Artefact, as the compiler writes it.")],
    board: Annotated[list[str] | None, typer.Option(help="Board, in detail; may be repeated. Otherwise a table of all "
                                                         "boards.")] = None,
    config: Annotated[Path | None, typer.Option(help="Another core than the boards' own: fields of CoreConfig as "
                                                     ".json or .toml.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Show on which boards a compiled network runs, how full their cores are, and how fast it is.

    Exit status 1: it does not fit a board that is named; without --board, it fits none.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.spec.artefact import Artefact
    from lutdla_overlay.boards import board_names, load_board
    from lutdla_overlay.fit import fit, needs_of

    artefact = Artefact.load(model)
    needs = needs_of(artefact)
    boards = [load_board(key) for key in board or board_names()]
    found = [fit(artefact, each, _core(each, config), needs) for each in boards]
    console = console_beside(json_file, highlight=False)
    console.print(f"{model} ({artefact.config}): {needs.table_bytes:,} bytes of tables, {needs.streamed_bytes:,} "
                  f"streamed, {needs.images} images a pass", markup=False)
    if board:
        for each in found:
            _show(each, console)
    else:
        _overview(found, console)
    console.print(NOTE, markup=False)
    write_figures(json_file, [{"fits": each.fits, **asdict(each)} for each in found])
    if not (all if board else any)(each.fits for each in found):
        raise typer.Exit(EXIT_DIFFERENT)


def _core(board: Board, config: Path | None) -> Core | None:
    """The core of a file in a board's part, at the clock of the board's own; None: the board's own."""
    if config is None:
        return None
    from lutdla.cli.compile import read_config
    from lutdla_overlay.cores import Core, load_core

    own = load_core(board.core)
    return Core(config.stem, own.family, own.clock_mhz_assumed, read_config(config))


def _overview(found: list[Fit], console: Console) -> None:
    """A row for each board, in 80 columns; below, the first reason of each that it does not fit."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for column in ("board", "core", "fits"):
        table.add_column(column, no_wrap=True)
    for column in ("tables", "index", "value", *SHARES.values(), "cycles", "images/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for fit in found:
        uses = {use.memory: f"{use.used / use.available:.0%}" for use in fit.memories}
        table.add_row(
            fit.board, fit.core, "[green]yes[/]" if fit.fits else "[red]no[/]",
            *(uses.get(memory, "-") for memory in ("table_rows", "index_words", "value_rows")),
            *(f"{fit.shares[name]:.0%}" for name in SHARES),
            _number(fit.cycles_per_image), _number(fit.images_per_s),
        )  # fmt: skip
    console.print(table)
    for fit in found:
        if not fit.fits:
            console.print(fit.reasons[0], markup=False, soft_wrap=True)


def _show(fit: Fit, console: Console) -> None:
    """A board in detail."""
    from lutdla_overlay.fit import WORDS

    console.print(f"{fit.board}, core {fit.core}: {'[green]fits[/]' if fit.fits else '[red]does not fit[/]'}")
    for reason in fit.reasons:
        console.print(f"  {reason}", markup=False, soft_wrap=True)
    if fit.memories:
        table = Table("memory", "used", "available", "%")
        for use in fit.memories:
            table.add_row(use.memory, f"{use.used:,}", f"{use.available:,}", f"{use.used / use.available:.0%}")
        console.print(table)
    area = Table("area of the core", "estimated", "of the board")
    amounts = asdict(fit.area)
    amounts["lut"] += amounts["lutram"]
    for name, word in WORDS.items():
        area.add_row(word, f"{amounts[name]:,g}", f"{fit.shares[name]:.0%}")
    console.print(area)
    if fit.fits:
        console.print(f"{_number(fit.cycles_per_image)} cycles an image, {_number(fit.images_per_s)} images/s at "
                      f"{fit.clock_mhz:g} MHz", markup=False)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
