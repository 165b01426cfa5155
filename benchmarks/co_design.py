"""v, c and metric against accuracy, table bytes, cycles and LUTs, for a network of a recipe on a board.

    python -m benchmarks.co_design fashion_lenet5

Every way to encode is trained shortly from the same dense network, and scored on training examples that were kept
aside: figures to compare ways by, not what a whole training reaches (docs/accuracy.md). What is done is kept in
`--study`; a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import Progress

from lutdla.explore.choice import Choice
from lutdla.explore.ledger import Ledger
from lutdla.explore.pieces import chosen, piece
from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.problem import plain_recipe, read_problem
from lutdla.explore.proxy import map_losses
from lutdla.explore.short_run import ShortRun, dense_run, short_run
from lutdla.explore.work import do
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

V, C, METRICS = (2, 4, 8), (8, 16, 32), ("l2", "l1")


def measure(name: str, board: str, study: Path, epochs: int, limit: int, dense_epochs: int | None) -> dict[str, Any]:
    """Figures of each way to encode."""
    problem, limits = read_problem(name), limits_of(load_board(board))
    recipe = problem.recipe
    assert recipe is not None
    if dense_epochs is not None:
        recipe = replace(recipe, dense=replace(recipe.dense, epochs=dense_epochs))
    shape, ways = to_plain(problem.shape), [(v, c, metric) for v in V for c in C for metric in METRICS]
    with Ledger(study / "ledger.sqlite") as ledger, Progress() as progress:
        task = progress.add_task(name, total=2 * len(ways))

        def shown(done: int, total: int, key: str) -> None:
            progress.update(task, description=key.rpartition(" ")[0], completed=done, total=total)

        def results(work: list[Any]) -> list[Any]:
            found = do(work, ledger, shown)
            return [found[one.key] for one in work]

        (dense,) = results([piece("dense", dense_run, recipe=plain_recipe(recipe), folder=str(study.absolute()))])
        trained = plain_recipe(replace(recipe, dense=replace(recipe.dense, epochs=0, checkpoint=dense["checkpoint"])))
        losses = results([piece(f"losses {metric}", map_losses, recipe=trained, metric=metric,
                                pairs=[[v, c] for v in V for c in C]) for metric in METRICS])
        cores = results([piece(f"core v={v} c={c} {metric}", chosen, shape=shape, limits=to_plain(limits),
                               objective="throughput", v=v, c=c, metric=metric) for v, c, metric in ways])
        runs = results([piece(f"run v={v} c={c} {metric}", short_run, recipe=trained, v=v, c=c, metric=metric,
                              layers={}, epochs=epochs, limit=limit) for v, c, metric in ways])
    figures: dict[str, Any] = {"recipe": name, "board": board, "epochs": epochs, "ways": len(ways)}
    for (v, c, metric), core, run in zip(ways, cores, runs, strict=True):
        short = from_plain(run, ShortRun)
        figures |= {"dense_accuracy": round(short.dense, 4), "examples": short.examples}
        loss = sum(one["losses"][V.index(v) * len(C) + C.index(c)] for one in losses[METRICS.index(metric)])
        row = {"accuracy": round(short.lut, 4), "loss": float(f"{loss:.3g}")}
        if core is not None:
            choice = from_plain(core, Choice)
            row |= {"table_bytes": choice.table_bytes, "cycles": round(choice.cycles_per_image),
                    "lut": choice.area.lut + choice.area.lutram, "ramb36": choice.area.ramb36,
                    "energy_uj": round(choice.energy_uj, 2), "streamed_bytes": choice.streamed_bytes,
                    "core": str(choice.config)}
        figures |= {f"v{v}_c{c}_{metric}_{key}": value for key, value in row.items()}
    return figures


def main() -> None:
    """Measure, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.co_design", description=__doc__)
    parser.add_argument("recipe", help="whose examples have classes")
    parser.add_argument("--board", default="pynq-z2")
    parser.add_argument("--epochs", type=int, default=2, help="of a short training")
    parser.add_argument("--limit", type=int, default=10_000, help="examples of a short training")
    parser.add_argument("--dense-epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--study", type=Path, help="default: lutdla-explore/co_design/RECIPE")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    study = options.study or Path("lutdla-explore") / "co_design" / options.recipe
    figures = measure(options.recipe, options.board, study, options.epochs, options.limit, options.dense_epochs)
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
