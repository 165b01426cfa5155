"""`lutdla demo`: the whole chain on real images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.syntax import Syntax
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures

Figures = dict[str, float | int]


class Bars:
    """Progress bars, one for each step."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: int | None = None

    def begin(self, name: str) -> None:
        """Close the bar of the step before, open one."""
        self.end()
        self._task = int(self._progress.add_task(name, total=None, note=""))

    def advance(self, done: int, total: int, note: str) -> None:
        """Move the bar of the step."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total, note=note)  # type: ignore[arg-type]

    def end(self) -> None:
        """Fill the bar of the step."""
        if self._task is not None:
            task = self._progress.tasks[self._task]
            total = task.total or 1
            self._progress.update(task.id, completed=total, total=total, note="")
            self._progress.stop_task(task.id)


def command(
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
    out: Annotated[Path, typer.Option(help="Folder for the artefact and the test images.")] = Path("lutdla-demo"),
    rtl_images: Annotated[int, typer.Option(min=1, help="Test images that also run on the Verilated core.")] = 500,
    limit: Annotated[int | None, typer.Option(min=1000, help="Use only so many images, for a quick look.")] = None,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
) -> None:
    """Train, compile, run on the emulated board and on the Verilated core, compare.

    Exit status 1: a result differs between training, emulated board, reference and Verilated core.
    """
    from lutdla.cli import EXIT_DIFFERENT
    from lutdla.demo import Demo

    console = console_beside(json_file)
    columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description:<48}"), BarColumn(24),
               MofNCompleteColumn(), TimeRemainingColumn(compact=True, elapsed_when_finished=True),
               TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console) as progress:
        bars = Bars(progress)
        demo = Demo(out, bars, rtl_images=rtl_images, limit=limit, seed=seed)
        figures = demo.run()
        bars.end()
    console.print(_results(figures))
    console.print("A prediction, because no board has run it: cycles are counted, the clock is assumed.\n", style="dim")
    console.print(_times(figures))
    console.print("The same in Python, without the figures:\n")
    console.print(Syntax(demo.lines().rstrip(), "python", background_color="default", word_wrap=True))
    write_figures(json_file, figures)
    if figures["mismatches"] or figures["rtl_mismatches"]:
        raise typer.Exit(EXIT_DIFFERENT)


def _results(figures: Figures) -> Table:
    table = Table("", "accuracy", "images", "mismatches", title="Fashion-MNIST, official test images",
                  title_style="bold")
    images, sample = f"{figures['images']:,}", f"{figures['rtl_images']:,}"
    table.add_row("dense network, float", f"{figures['dense_accuracy']:.2%}", images, "")
    table.add_row("lookup network, integers of training", f"{figures['lut_accuracy']:.2%}", images, "")
    table.add_row("emulated board, against training", f"{figures['device_accuracy']:.2%}", images,
                  _count(figures["mismatches"]))
    table.add_row("Verilated core, against reference, board", "", sample, _count(figures["rtl_mismatches"]))
    table.add_section()
    table.add_row("clock cycles an image (RTL counter)", f"{figures['cycles_per_image']:,}")
    table.add_row("table lookups a cycle (RTL counter)", f"{figures['lookups_per_cycle']:,}")
    table.add_row("tables", f"{figures['table_bytes']:,} B")
    table.add_row("codebooks", f"{figures['codebook_bytes']:,} B")
    table.add_row(f"predicted: core alone at {figures['clock_mhz']:g} MHz",
                  f"{figures['images_per_second_predicted']:,}/s")
    return table


def _count(mismatches: float) -> str:
    return "[green]0[/]" if not mismatches else f"[red]{mismatches}[/]"


def _times(figures: Figures) -> Table:
    names = {
        "data": "read the images", "dense": "train the dense network", "lutboost": "convert and train with LUTBoost",
        "compile": "compile", "board": "emulated board, all images", "compare": "compare with training",
        "rtl": "build the Verilated core, run a sample", "total": "total",
    }  # fmt: skip
    table = Table("step", "seconds", title="Time", title_style="bold")
    for key, name in names.items():
        if key == "total":
            table.add_section()
        table.add_row(name, f"{figures[f'seconds_{key}']:.1f}")
    return table
