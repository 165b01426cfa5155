"""`lutdla train`: a recipe to a trained lookup network."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures
from lutdla.recipes import names

if TYPE_CHECKING:
    from lutdla.nn.boost.training import Trained


def command(
    recipe: Annotated[Path, typer.Argument(help="A recipe (.toml), or the name of one that comes with lutdla: "
                                                f"{', '.join(names())}.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the checkpoints in the output folder "
                                                          "are.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for all files, instead of the "
                                                                       "recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random, instead of the recipe's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, ..., instead of the recipe's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only so many examples, for a quick look.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Train a dense network, make a lookup network of it, train that.

    Several processes train as one: torchrun --nproc-per-node 2 -m lutdla train RECIPE; a step then has as many times
    the recipe's batch.
    """
    import torch

    from lutdla.cli.compile import read_config
    from lutdla.nn.boost.processes import processes
    from lutdla.nn.boost.progress import LiveProgress
    from lutdla.nn.boost.recipe_file import read_recipe
    from lutdla.nn.boost.training import Training

    found = read_recipe(recipe)
    if output is not None:
        found = replace(found, output=replace(found.output, folder=str(output)))
    changed = {name: value for name, value in (("seed", seed), ("device", device)) if value is not None}
    found = replace(found, **changed)  # type: ignore[arg-type]
    core = None if found.output.core is None else read_config(found.folder / found.output.core)
    console = console_beside(json_file)
    torch.set_num_threads(found.threads)
    with processes(found.device) as share:
        training = Training(found, core, limit=limit, resume=resume)
        with LiveProgress(console, shown=share.first) as progress:
            trained = training.run(progress)
        if share.first:
            console.print(_results(trained))
            console.print(f"in {training.folder}: {', '.join(path.name for path in trained.files)}", highlight=False,
                          markup=False, soft_wrap=True)
            write_figures(json_file, {**asdict(trained), "files": [str(path) for path in trained.files]})


def _results(trained: Trained) -> Table:
    table = Table("network", trained.score, title=f"{trained.test_examples:,} test examples", title_style="bold")
    for name, score in (("dense, float", trained.dense), ("lookups, integers", trained.lut)):
        table.add_row(name, f"{score:.2%}" if trained.score == "accuracy" else f"{score:.6g}")
    return table
