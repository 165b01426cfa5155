"""What a search found, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from lutdla.explore.answer import Answer, Candidate

NOTE = ("Cycles, clock, rate and energy are predictions. Area is an estimate of what yosys says of the core; a quarter "
        "of the LUTs and 6 % of the block RAM are left to DMA and interconnect.")


def overview(answers: Sequence[Answer], console: Console) -> None:
    """The picks of all boards, in 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("board", no_wrap=True)
    for column in ("core", "metric", "LUT", "RAMB", "URAM", "DSP", "cycles", "images/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in answers:
        if one.pick is None:
            table.add_row(one.limits.name, *["-"] * 8)
            continue
        choice = one.pick.choice
        core, shares = choice.config, choice.shares
        table.add_row(
            one.limits.name, f"{core.ports}x{core.blocks}x{core.lanes}/{core.encoders}", core.metric,
            *(f"{shares[name]:.0%}" for name in ("lut", "ramb36", "uram", "dsp")), f"{choice.cycles_per_image:,.0f}",
            f"{choice.images_per_s:,.0f}",
        )  # fmt: skip
    console.print(table)
    console.print("core: ports x blocks x lanes / encoders", markup=False)


def detail(answer: Answer, console: Console) -> None:
    """A board: its candidates where there are several, and the pick."""
    limits = answer.limits
    if len(answer.candidates) > 1:
        _candidates(answer, console)
    if answer.pick is None:
        for line in answer.why:
            console.print(f"{limits.name}: {line}", markup=False, soft_wrap=True)
        return
    choice = answer.pick.choice
    console.print(f"[bold]{limits.name}[/]: {choice.config}, {choice.cycles_per_image:,.0f} cycles an image, "
                  f"{choice.images_per_s:,.0f} images/s and {choice.latency_us:,.0f} us at {limits.clock_mhz:g} MHz, "
                  f"{choice.energy_uj:,.1f} uJ", soft_wrap=True)
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
    for line in answer.why:
        console.print(f"  {line}", markup=False, soft_wrap=True)


def _candidates(answer: Answer, console: Console) -> None:
    """A row for each way to encode, the best first; the pick is marked."""
    known = any(one.loss is not None for one in answer.candidates)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=answer.limits.name,
                  title_justify="left")
    for column in ("", "way", "core"):
        table.add_column(column, no_wrap=True)
    for column in ("cycles", "uJ", "LUT", "tables", *(("loss", "accuracy") if known else ())):
        table.add_column(column, justify="right", no_wrap=True)
    for one in answer.candidates:
        core, choice = one.choice.config, one.choice
        row = ("*" if one == answer.pick else "", _way(one), f"{core.ports}x{core.blocks}x{core.lanes}/{core.encoders}",
               f"{choice.cycles_per_image:,.0f}", f"{choice.energy_uj:,.1f}", f"{choice.shares['lut']:.0%}",
               f"{choice.table_bytes:,}")
        losses = (f"{one.loss:.2g}" if one.loss is not None else "-",
                  f"{one.accuracy:.1%}" if one.accuracy is not None else "-")
        table.add_row(*row, *(losses if known else ()))
    console.print(table)


def _way(one: Candidate) -> str:
    return f"{one.v}, {one.c} {one.metric}" + (f" +{len(one.layers)}" if one.layers else "")
