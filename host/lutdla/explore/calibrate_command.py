"""`lutdla explore --calibrate`: from reports of a build to a calibration, and what a calibration changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lutdla.errors import InputError
from lutdla.explore.area import Area, estimate
from lutdla.explore.calibration import AREAS, Calibration
from lutdla.explore.limits import WORDS, Limits
from lutdla.explore.vivado_reports import Timing, Utilization, read_reports
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import Board, load_board
from lutdla_overlay.cores import load_core

NAMES = {**WORDS, "lut": "LUTs as logic", "lutram": "LUTs as memory"}

STRANGE = (0.5, 2.0)
"""Factors outside are said to be strange: most often the core is another one than was built."""


def calibrate(reports: Sequence[Path], boards: Sequence[str], configs: Sequence[CoreConfig],
              output: Path | None, console: Console) -> Calibration:
    """Compare reports with estimates, show both, write the calibration.

    Args:
        reports: of Vivado, or folders with some.
        boards: the one that they were built for.
        configs: the core that was built: one for all reports, or one for each; none: the board's own.
        output: where the calibration goes.
        console: where it is shown.

    Raises:
        InputError, ConfigError: what cannot be compared.
    """
    if len(boards) != 1:
        raise InputError(f"--calibrate is for one board, --board names {len(boards)}: give it once, with the board "
                         "that was built for")
    if len(configs) > 1 and len(configs) != len(reports):
        raise InputError(f"--config is given {len(configs)} times, --calibrate {len(reports)} times: give one core for "
                         "all reports, or one for each")
    board = load_board(boards[0])
    core = load_core(board.core)
    built: list[tuple[Area, Utilization]] = []
    timings: list[Timing] = []
    for number, path in enumerate(reports):
        config = configs[number % len(configs)] if configs else core.config
        for report in read_reports(path):
            if isinstance(report, Timing):
                timings.append(report)
            else:
                built.append((estimate(config, core.family, core.ultra_ram and not configs), report))
    found = Calibration.of(built, timings, board.part, core.family)
    for area, report in built:
        _show(area, report, console)
    _conclude(found, timings, board, several=len(built) > 1, console=console)
    if output is not None:
        found.save(output)
        console.print(f"written to {output}: search with lutdla explore MODEL --calibration {output}", markup=False,
                      soft_wrap=True)
    return found


def calibrated_note(calibration: Calibration, boards: Sequence[Limits]) -> str:
    """What the figures of a search with a calibration are, and for which boards.

    Args:
        calibration: which.
        boards: of the search.
    """
    areas = [each.name for each in boards if calibration.suits(each)]
    clocks = [name for name in areas if calibration.reaches(load_board(name).part)]
    others = [each.name for each in boards if each.name not in areas]
    around = "room is left to what surrounds the core" if calibration.of_core else "with what surrounds the core"
    said = ["areas are as estimated"]
    if calibration.factors:
        said = [f"areas are as expected of {calibration.tool}, {around}: {', '.join(areas) or 'for none of these'}"]
    if calibration.clock_mhz is not None:
        said.append(f"clock of at most {calibration.clock_mhz:.4g} MHz, which it reached: "
                    f"{', '.join(clocks) or 'for none of these'}")
    if others:
        said.append(f"not calibrated, because their parts are of another family: {', '.join(others)}")
    return f"Cycles, rate and energy are predictions; {'; '.join(said)}."


def _show(area: Area, report: Utilization, console: Console) -> None:
    """Estimated and measured amounts of a report."""
    kind = "the core alone" if report.of_core else "the whole design"
    stage = "implemented" if report.implemented else "synthesized"
    console.print(f"{report.path}: {kind}, {stage} by {report.tool} for {report.device}", markup=False, soft_wrap=True)
    table = Table("resource")
    for column in ("estimated", "Vivado", "factor"):
        table.add_column(column, justify="right")
    strange = False
    for name in AREAS:
        estimated, measured = getattr(area, name), getattr(report, name)
        factor = measured / estimated if estimated else None
        strange |= factor is not None and not STRANGE[0] <= factor <= STRANGE[1]
        table.add_row(NAMES[name], f"{estimated:,g}", f"{measured:,g}", "-" if factor is None else f"{factor:.3f}")
    console.print(table)
    if strange:
        console.print("[yellow]Some differ by more than two times: is this the core that was built? --config names "
                      "another.[/]", soft_wrap=True)


def _conclude(found: Calibration, timings: Sequence[Timing], board: Board, several: bool, console: Console) -> None:
    """What goes into the file beside the amounts of each report."""
    if several:
        factors = (f"{NAMES[name]} {factor:.3f}" for name, factor in found.factors.items())
        console.print(f"factors of all reports: {', '.join(factors)}", markup=False, soft_wrap=True)
    for name, amount in found.beside.items():
        console.print(f"{NAMES[name]}: none were estimated, {amount:g} are left to the surroundings", markup=False)
    for each in timings:
        met = "met" if each.worst_slack_ns >= 0 else f"missed on {each.failing_endpoints:,} paths"
        stage = "" if each.implemented else ", before placing, which is no more than a guess"
        console.print(f"{each.path}: {each.clock} at {each.clock_mhz:.4g} MHz is {met}, the worst slack is "
                      f"{each.worst_slack_ns:g} ns: {each.reachable_mhz:.4g} MHz would just be met{stage}",
                      markup=False, soft_wrap=True)
    if found.clock_mhz is not None:
        from lutdla_overlay.limits import limits_of

        console.print(f"clock of {board.key} (part {found.part}): {limits_of(board).clock_mhz:g} MHz assumed, "
                      f"{limits_of(board, found).clock_mhz:g} MHz from now on, what its PLL makes of "
                      f"{found.clock_mhz:.4g} MHz", markup=False, soft_wrap=True)
