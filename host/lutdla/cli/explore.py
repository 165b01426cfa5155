"""`lutdla explore`: the best core for a network, on each board."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lutdla.cli._figures import HELP, console_beside, write_figures

if TYPE_CHECKING:
    from lutdla.explore.answer import Answer
    from lutdla.explore.problem import Problem


def command(
    model: Annotated[str | None, typer.Argument(help="A recipe's name or file; a dense network's .pt2, .onnx or .pt "
                                                     "file (with --data); a topology's name; or FILE.py:FUNCTION that "
                                                     "returns a converted and frozen torch model.")] = None,
    data: Annotated[str | None, typer.Option(help="For a file: data set that it was trained on.")] = None,
    board: Annotated[list[str] | None, typer.Option(help="Board, in detail; may be repeated. Otherwise a table of all "
                                                         "boards.")] = None,
    objective: Annotated[str, typer.Option(help="throughput, latency, area or energy.")] = "throughput",
    accuracy_floor: Annotated[float | None, typer.Option(help="Accuracy that the pick must reach in a short training. "
                                                              "Otherwise the dense network's, less 3 points.")] = None,
    v: Annotated[list[int] | None, typer.Option(help="Vector length; may be repeated. Otherwise the network's, or "
                                                     "those that suit.")] = None,
    c: Annotated[list[int] | None, typer.Option(help="Centroids; may be repeated. Otherwise as --v.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Distance; may be repeated. Otherwise any.")] = None,
    runs: Annotated[int, typer.Option(help="Short trainings, at most; 0: accuracy is left open.")] = 4,
    epochs: Annotated[int, typer.Option(help="Of a short training.")] = 2,
    limit: Annotated[int, typer.Option(help="Examples of a short training.")] = 4096,
    trials: Annotated[int, typer.Option(help="Ways to encode with a v for each map that Optuna looks at, for each "
                                             "board and metric.")] = 0,
    study: Annotated[Path | None, typer.Option(help="Folder for what is found on the way: a search that was broken off "
                                                    "goes on from there. With data: lutdla-explore/MODEL.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Address of a Dask scheduler whose workers do the work.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the best core's configuration goes, for "
                                                                       "one board; with data, a recipe for it as "
                                                                       "well.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where a report (.html) goes.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Where a table of all candidates goes.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
    calibration: Annotated[Path | None, typer.Option(help="What --calibrate wrote: areas and clock as that Vivado "
                                                          "makes them.")] = None,
    calibrate: Annotated[list[Path] | None, typer.Option(help="Search nothing: compare a report of Vivado, or those in "
                                                              "a folder, with our estimates; may be repeated. The "
                                                              "calibration goes to --output.")] = None,
    config: Annotated[list[Path] | None, typer.Option(help="For --calibrate: the core that was built, as .json or "
                                                           ".toml; otherwise the board's own.")] = None,
) -> None:
    """Search ways to encode and cores for the best ones.

    Exit status 1: nothing suits a board that is named; without --board, nothing suits any.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.cli.run import write_to
    from lutdla.errors import InputError
    from lutdla.explore.calibrate_command import calibrated_note
    from lutdla.explore.calibration import Calibration
    from lutdla.explore.ledger import Ledger
    from lutdla.explore.outcome import recipe_path, write_config, write_recipe
    from lutdla.explore.problem import read_problem
    from lutdla.explore.search import Search, Settings
    from lutdla.explore.terminal import NOTE, detail, overview
    from lutdla_overlay.boards import board_names, load_board
    from lutdla_overlay.limits import limits_of

    if calibrate:
        for name, path in (("report", report), ("csv", csv_file), ("json", json_file)):
            if path is not None:
                raise InputError(f"--{name} {path} is for a search: a calibration is a file of figures, name it by -o")
        _calibrate(model, calibrate, board or [], config or [], output)
        return
    if model is None:
        raise InputError("MODEL is missing: name what to search for, or give --calibrate")
    if config:
        raise InputError(f"--config {config[0]} is for --calibrate: a search finds the core itself")
    if output is not None and len(board or ()) != 1:
        raise InputError(f"--output {output} is for one board: add --board")
    settings = Settings(objective, accuracy_floor, tuple(v or ()), tuple(c or ()), tuple(metric or ()), runs, epochs,
                        limit, trials)
    found = None if calibration is None else Calibration.load(calibration)
    every = [limits_of(load_board(name), found) for name in board_names()]
    boards = [limits_of(load_board(name), found) for name in board] if board else every
    problem = read_problem(model, data)
    if study is None and problem.recipe is not None:
        study = Path("lutdla-explore") / Path(model).stem
    console = console_beside(json_file, highlight=False)
    with ExitStack() as stack:
        ledger = stack.enter_context(Ledger(None if study is None else study / "ledger.sqlite"))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TimeRemainingColumn(compact=True, elapsed_when_finished=True))
        progress = stack.enter_context(Progress(*columns, console=console, transient=True))
        task = progress.add_task("reading", total=None)

        def shown(done: int, total: int, key: str) -> None:
            progress.update(task, completed=done, total=total, description=key.rpartition(" ")[0])

        search = Search(problem, boards, settings, ledger, study, cluster, shown)
        answers = search.run(every if board else ())
    console.print(f"{model}: {problem.shape.multiplications / 1e6:,.1f} million multiplications", markup=False)
    if board:
        for one in answers:
            detail(one, console)
    else:
        overview(answers, console)
    note = None if found is None else calibrated_note(found, boards)
    console.print(note or NOTE, markup=False)
    _files(model, answers, note, report, csv_file, json_file)
    if output is not None and answers[0].pick is not None:
        write_config(write_to(output), answers[0].pick)
        if problem.recipe is not None:
            write_recipe(output, problem, answers[0].pick)
        console.print(f"next: {_next(problem, output, recipe_path(output))}", markup=False, soft_wrap=True)
    if not (all if board else any)(one.pick is not None for one in answers):
        raise typer.Exit(EXIT_DIFFERENT)


def _calibrate(model: str | None, reports: list[Path], boards: list[str], configs: list[Path],
               output: Path | None) -> None:
    from lutdla.cli.compile import read_config
    from lutdla.cli.run import write_to
    from lutdla.errors import InputError
    from lutdla.explore.calibrate_command import calibrate

    if model is not None:
        raise InputError(f"--calibrate searches nothing, and MODEL is {model}: leave it out, then search with "
                         "--calibration FILE")
    calibrate(reports, boards, [read_config(path) for path in configs], None if output is None else write_to(output),
              Console(highlight=False))


def _files(model: str, answers: list[Answer], note: str | None, report: Path | None, csv_file: Path | None,
           json_file: Path | None) -> None:
    from lutdla.cli.run import write_to

    if csv_file is not None:
        from lutdla.explore.rows import write_csv

        write_csv(write_to(csv_file), answers)
    if json_file is not None:
        from lutdla.explore.rows import plain

        write_figures(json_file, plain(answers))
    if report is not None:
        from lutdla.explore.report import write_report

        write_report(write_to(report), model, answers, note)


def _next(problem: Problem, config: Path, recipe: Path) -> str:
    """The command that makes the artefact."""
    if problem.recipe is not None:
        return f"lutdla train {recipe}"
    return f"lutdla compile {problem.name} --config {config} -o model.lut"
