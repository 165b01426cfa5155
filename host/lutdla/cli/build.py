"""`lutdla build`: the overlay of a board."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, figures_of
from lutdla.errors import ConfigError, ToolError

if TYPE_CHECKING:
    from lutdla_overlay.archive import Overlay
    from lutdla_overlay.compare import Difference
    from lutdla_overlay.plan import BuildPlan

LINE = 90
"""Characters of Vivado's log that are shown while it runs."""


def command(
    board: Annotated[str | None, typer.Option(help="Board, for example pynq-z2; `lutdla fit` lists all.")] = None,
    config: Annotated[Path | None, typer.Option(help="Another core: fields of CoreConfig as .json or .toml.")] = None,
    clock_mhz: Annotated[float | None, typer.Option(help="Most that the clock may be; otherwise the core's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the build; otherwise build/BOARD.")] = None,
    vivado: Annotated[str | None, typer.Option(help="Vivado's program or folder; otherwise XILINX_VIVADO or "
                                                    "PATH.")] = None,
    plan_only: Annotated[bool, typer.Option("--plan-only", help="Write all files, run nothing.")] = False,
    check: Annotated[Path | None, typer.Option(help="Folder of a finished build: compare its hwh with the "
                                                    "prediction, build nothing.")] = None,
    install: Annotated[bool, typer.Option("--install", help="Put the overlay into the package lutdla_overlay, where "
                                                            "PYNQ finds it by name.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Runs that Vivado may do at once.")] = 2,
    timeout_s: Annotated[float, typer.Option(min=1, help="Longest time for a step, in seconds.")] = 6 * 3600.0,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Build the overlay of a board with Vivado, or plan it. Steps that are done are not done again.

    Exit status 1: the hwh of the build differs from the prediction. 2: an error. 3: planned, but there is no Vivado.
    """
    from lutdla.cli import EXIT_DIFFERENT, EXIT_NO_VIVADO
    from lutdla_overlay.vivado import command as vivado_command
    from lutdla_overlay.vivado import find_vivado, is_finished

    console = console_beside(json_file, highlight=False, soft_wrap=True)
    with figures_of(json_file) as figures:
        if check is not None:
            if _show_differences(console, figures, check):
                raise typer.Exit(EXIT_DIFFERENT)
            return
        if board is None:
            from lutdla_overlay.boards import board_names

            raise ConfigError(f"no board is named: give --board, one of {', '.join(board_names())}")
        program = None if plan_only else find_vivado(vivado)
        plan = _plan(console, board, config, clock_mhz)
        folder = Path("build") / board if out is None else out
        changed = plan.write(folder)
        figures |= {"plan": plan.digest, "folder": str(folder), "files": len(plan.files), "written": len(changed)}
        console.print(f"plan {plan.digest[:12]}: {len(plan.files)} files in {folder}, {len(changed)} of them written "
                      "now", markup=False)
        if program is None and not is_finished(plan, folder):
            for step in plan.steps:
                console.print(f"  {shlex.join(vivado_command('vivado', step))}", markup=False)
            if plan_only:
                return
            console.print(f"There is no Vivado here. Name it with --vivado; or run these commands in {folder} on "
                          "another machine, bring back done/ and lutdla.xsa, and run this again.", markup=False)
            raise typer.Exit(EXIT_NO_VIVADO)
        if plan_only:
            return
        overlay = _run(console, figures, plan, folder, program, timeout_s, jobs)
        if install:
            console.print(f"installed in {_install(overlay)}", markup=False)
        if _show_differences(console, figures, folder):
            raise typer.Exit(EXIT_DIFFERENT)


def _plan(console: Console, key: str, config: Path | None, clock_mhz: float | None) -> BuildPlan:
    from lutdla.backends.core_verilog import core_verilog
    from lutdla.cli.compile import read_config
    from lutdla_overlay.boards import load_board
    from lutdla_overlay.cores import load_core
    from lutdla_overlay.plan import make_plan

    board = load_board(key)
    core = load_core(board.core)
    chosen = core.config if config is None else read_config(config)
    with console.status(f"core ({chosen}): MyHDL to Verilog, some seconds the first time"):
        verilog = core_verilog(chosen).read_text(encoding="utf-8")
    return make_plan(chosen, board, core.clock_mhz_assumed if clock_mhz is None else clock_mhz, verilog,
                     ultra_ram=core.ultra_ram and config is None)


def _run(console: Console, figures: dict[str, Any], plan: BuildPlan, folder: Path, program: Path | None,
         timeout_s: float, jobs: int) -> Overlay:
    from lutdla_overlay.archive import take_overlay
    from lutdla_overlay.vivado import run_step

    figures["steps"] = []
    for step in plan.steps if program is not None else ():
        with console.status(f"{step.name} ...") as status:
            done = run_step(step, folder, program, timeout_s=timeout_s, jobs=jobs,
                            watch=lambda line, name=step.name: status.update(  # type: ignore[misc]
                                f"{name}: {line[:LINE]}".replace("[", r"\[")))  # fmt: skip
        figures["steps"].append(asdict(done))
        said = f"{done.seconds:,.0f} s, {len(done.warnings)} critical warnings" if done.ran else "done before"
        console.print(f"[green]✓[/] {step.name:<16} {said}")
        for warning in done.warnings:
            console.print(f"  {warning}", markup=False)
    overlay = take_overlay(plan, folder)
    figures["overlay"] = str(overlay.bit)
    console.print(f"overlay: {overlay.bit}", markup=False)
    return overlay


def _install(overlay: Overlay) -> Path:
    from lutdla_overlay.archive import overlay_folder

    target = overlay_folder(Path(str(files("lutdla_overlay"))) / "overlays")
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in (overlay.bit, overlay.hwh, overlay.about):
            shutil.copy2(file, target)
    except OSError as error:
        raise ToolError(f"{target}: the overlay cannot be put there ({error}): copy {overlay.bit.parent} to the board "
                        "instead") from error
    return target


def _check(folder: Path) -> tuple[Path, list[Difference]]:
    from lutdla_overlay.archive import overlay_folder
    from lutdla_overlay.compare import compare
    from lutdla_overlay.hwh import hwh
    from lutdla_overlay.plan import planned_design

    design = planned_design(folder)
    found = overlay_folder(folder) / f"{design.name}.{design.board.name}.hwh"
    if not found.is_file():
        raise ToolError(f"{found}: no such file: the build is not finished, run `lutdla build --board "
                        f"{design.board.key} --out {folder}`")
    return found, compare(hwh(design), found.read_text(encoding="utf-8"), design)


def _show_differences(console: Console, figures: dict[str, Any], folder: Path) -> bool:
    file, differences = _check(folder)
    figures["differences"] = [asdict(one) for one in differences]
    if not differences:
        console.print(f"{file} is as predicted: what the driver was tested with", markup=False)
        return False
    table = Table("what", "predicted", "built", title=f"{file}: {len(differences)} differences")
    for difference in differences:
        table.add_row(difference.what, difference.predicted or "-", difference.found or "-")
    console.print(table)
    return True
