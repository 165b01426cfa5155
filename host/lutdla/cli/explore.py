"""`lutdla explore`: the best core for a network, on each board."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

if TYPE_CHECKING:
    from lutdla.explore.choice import Choice
    from lutdla.explore.limits import Limits
    from lutdla.explore.shapes import NetworkShape

NOTE = ("Cycles, clock and rate are predictions. Area is an estimate of what yosys says of the core; a quarter of the "
        "LUTs and 6 % of the block RAM are left to DMA and interconnect.")


def command(
    model: Annotated[str, typer.Argument(help="A topology's name, or FILE.py:FUNCTION that returns a converted and "
                                              "frozen torch model.")],
    board: Annotated[list[str] | None, typer.Option(help="Board, in detail; may be repeated. Otherwise a table of all "
                                                         "boards.")] = None,
    objective: Annotated[str, typer.Option(help="throughput, latency or area.")] = "throughput",
    v: Annotated[list[int] | None, typer.Option(help="Vector length; may be repeated. Otherwise the "
                                                     "network's.")] = None,
    c: Annotated[list[int] | None, typer.Option(help="Centroids; may be repeated. Otherwise the network's.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Distance; may be repeated. Otherwise any.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the best core's configuration goes, for "
                                                                       "one board.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Search all cores that the hardware can have for the best one.

    Exit status 1: nothing fits a board that is named; without --board, nothing fits any.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.cli.run import write_to
    from lutdla.errors import InputError
    from lutdla.explore.choice import choose
    from lutdla.explore.rating import rate
    from lutdla_overlay.boards import board_names, load_board
    from lutdla_overlay.limits import limits_of

    if output is not None and len(board or ()) != 1:
        raise InputError(f"--output {output} is for one board: add --board")
    shape, axes = _read(model, v, c, metric)
    console, considered = Console(highlight=False), 0
    found: list[tuple[Limits, Choice | None]] = []
    parts: dict[Limits, Choice | None] = {}  # boards with the same part have the same best core
    with Progress(console=console, transient=True) as progress:
        for name in progress.track(board or board_names(), description="boards"):
            limits = limits_of(load_board(name))
            part = replace(limits, name="")
            if part not in parts:
                rated = rate(shape, limits, **axes)
                considered += rated.considered
                parts[part] = choose(shape, rated, limits, objective)
            choice = parts[part]
            found.append((limits, choice and replace(choice, board=name)))
    console.print(f"{model}: {shape.multiplications / 1e6:,.1f} million multiplications, {considered:,} cores",
                  markup=False)
    if board:
        for limits, choice in found:
            _show(limits, choice, console)
    else:
        _overview(found, console)
    console.print(NOTE, markup=False)
    if json_file is not None:
        content = json.dumps([_figures(limits, choice) for limits, choice in found], indent=2)
        write_to(json_file).write_text(content + "\n", encoding="utf-8")
    choices = [choice for _, choice in found]
    if output is not None and choices[0] is not None:
        write_to(output).write_text(json.dumps(choices[0].config.to_dict(), indent=2) + "\n", encoding="utf-8")
    if not (all if board else any)(choice is not None for choice in choices):
        raise typer.Exit(EXIT_DIFFERENT)


def _read(model: str, v: list[int] | None, c: list[int] | None,
          metric: list[str] | None) -> tuple[NetworkShape, dict[str, Any]]:
    """The network's shape, and the axes that are set."""
    from lutdla.cli.compile import read_network
    from lutdla.errors import ConfigError
    from lutdla.explore.shapes import NetworkShape
    from lutdla.spec.config import METRICS, CoreConfig

    network = read_network(model, CoreConfig())
    books = [value.codebooks.shape for value in network.maps().values()]
    if unknown := set(metric or ()) - set(METRICS):
        raise ConfigError(f"metric is {min(unknown)!r}: use one of {', '.join(METRICS)}")
    axes = {"v": v or [max(book[2] for book in books)], "c": c or [max(book[1] for book in books)]}
    return NetworkShape.of(network, model), axes | ({"metric": metric} if metric else {})


def _figures(limits: Limits, choice: Choice | None) -> dict[str, Any]:
    if choice is None:
        return {"board": limits.name, "fits": False}
    plain = {name: value for name, value in vars(choice).items() if name not in ("config", "area", "explanation")}
    return {"fits": True, **plain, "config": choice.config.to_dict(), "area": asdict(choice.area)}


def _overview(found: list[tuple[Limits, Choice | None]], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("board", no_wrap=True)
    for column in ("core", "metric", "LUT", "RAMB", "URAM", "DSP", "cycles", "images/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for limits, choice in found:
        if choice is None:
            table.add_row(limits.name, *["-"] * 8)
            continue
        core, shares = choice.config, choice.shares
        table.add_row(
            limits.name, f"{core.ports}x{core.blocks}x{core.lanes}/{core.encoders}", core.metric,
            *(f"{shares[name]:.0%}" for name in ("lut", "ramb36", "uram", "dsp")), f"{choice.cycles_per_image:,.0f}",
            f"{choice.images_per_s:,.0f}",
        )  # fmt: skip
    console.print(table)
    console.print("core: ports x blocks x lanes / encoders", markup=False)


def _show(limits: Limits, choice: Choice | None, console: Console) -> None:
    if choice is None:
        console.print(f"{limits.name}: no core holds this network", markup=False)
        return
    config = choice.config
    console.print(f"[bold]{limits.name}[/]: {config}, {choice.cycles_per_image:,.0f} cycles an image, "
                  f"{choice.images_per_s:,.0f} images/s and {choice.latency_us:,.0f} us at {limits.clock_mhz:g} MHz",
                  soft_wrap=True)
    table = Table("resource", "estimated", "of the board")
    amounts = {**asdict(choice.area), "lut": choice.area.lut + choice.area.lutram}
    for name, share in choice.shares.items():
        table.add_row(name, f"{amounts[name]:,g}", f"{share:.0%}" if limits.amounts[name] else "-")
    console.print(table)
    table = Table("memory", "used", "available")
    for use in choice.explanation.memories:
        table.add_row(use.memory, f"{use.used:,}", f"{use.available:,}")
    console.print(table)
    console.print(f"{choice.table_bytes:,} bytes of tables, {choice.streamed_bytes:,} streamed, {choice.images} images "
                  f"a pass, {choice.memory_bytes_per_image:,.0f} bytes of DDR traffic an image", markup=False,
                  soft_wrap=True)
    for line in choice.limits:
        console.print(f"  {line}", markup=False, soft_wrap=True)
