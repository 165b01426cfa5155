"""Accuracy of a recipe as lookup tables, measured on the integers that the hardware runs:

    python -m benchmarks.accuracy fashion_resnet8 --metric l1 --seeds 0 1 2 --json FILE

For each seed: train the dense network, make a lookup network of it, compile that, run all test inputs on the emulator
(which must give what training computed, on every one) and a sample on the Verilated core. Trainings keep checkpoints in
.cache/accuracy and go on from there; the dense network of a seed serves all metrics, v and c. Seconds are those of the
training alone, as its history counts them. `score` says what dense, lut and integer are: accuracy, or the area under
the ROC curve of an autoencoder's errors.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import lutdla
from benchmarks.layout import LAYOUT
from benchmarks.record import ROOT
from lutdla.compiler import compile
from lutdla.compiler.misfit import Misfit
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.history import History
from lutdla.nn.boost.progress import LiveProgress
from lutdla.nn.boost.recipe_file import Recipe, read_recipe
from lutdla.nn.boost.recipe_parts import Splits, augmented, dense_network, examples, task
from lutdla.nn.boost.recipe_steps import boost_of, train_dense_of
from lutdla.nn.train import logits
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import METRICS, CoreConfig

CACHE = ROOT / ".cache" / "accuracy"
RTL_IMAGES = 48
TIMEOUT_S = 1800.0


@dataclass(frozen=True)
class Found:
    """Figures of one seed."""

    score: str
    dense: float
    lut: float
    integer: float
    seconds_dense: float
    seconds: float
    rtl_mismatches: int
    cycles_per_image: float
    table_bytes: int


def core_for(network: nn.Module, choice: dict[str, Any]) -> tuple[Artefact, CoreConfig]:
    """The network for a core with the datapath of `LAYOUT`, each memory as large as the network needs."""
    config = replace(LAYOUT, **choice)
    while True:
        try:
            return compile(network, config, dataflow="resident"), config
        except Misfit as misfit:
            size = 1 << (misfit.need - 1).bit_length()
            config = replace(config, **{misfit.memory: size}, **({"deep_banks": 0} if "table" in misfit.memory else {}))


def choice_of(recipe: Recipe, v: int | None, c: int | None, metric: str | None) -> dict[str, Any]:
    """v, c and metric: what is given, then the recipe's."""
    own = recipe.convert
    return {"v": v or own.v or 4, "c": c or own.c or 16, "metric": metric or own.metric or "l2"}


def kept(recipe: Recipe, name: str) -> dict[str, Any]:
    """A checkpoint of a recipe and its seed, and whether there is one to go on from."""
    path = CACHE / f"{Path(recipe.output.folder).name}-{recipe.seed}" / name
    return {"checkpoint": Checkpoints(path, 100), "resume": path.exists()}


def train_dense(recipe: Recipe, splits: Splits, progress: Any) -> tuple[nn.Module, History]:
    """The dense network of a recipe and its seed; trained once, then read from its checkpoint."""
    dense = dense_network(recipe, splits)
    history = train_dense_of(recipe, dense, splits, progress=progress, **kept(recipe, "dense.ckpt"))
    return dense, history


def train(recipe: Recipe, choice: dict[str, Any], splits: Splits,
          progress: Any) -> tuple[nn.Module, nn.Module, History, History]:
    """The dense and the lookup network of a recipe and its seed, with their histories."""
    dense, dense_history = train_dense(recipe, splits, progress)
    boost = boost_of(recipe, dense, choice)
    name = "-".join(f"{key}{value}" for key, value in sorted(choice.items()))
    network = boost.fit(augmented(recipe, splits.train, dense=False), validation=splits.validation, progress=progress,
                        **kept(recipe, f"{name}.ckpt"))
    return dense, network, dense_history, boost.history


def measure(recipe: Recipe, choice: dict[str, Any], progress: Any, rtl_images: int, limit: int | None = None) -> Found:
    """Train, compile, run, compare.

    Args:
        recipe: with its seed.
        choice: v, c and metric.
        progress: told after every batch.
        rtl_images: test inputs on the Verilated core; 0 leaves it out.
        limit: use only so many of each split.

    Raises:
        SystemExit: the emulator gives other results than training computed.
    """
    splits = examples(recipe, limit)
    dense, network, *histories = train(recipe, choice, splits, progress)
    inputs = splits.test[0]
    expected = logits(network, inputs)
    artefact, config = core_for(network, choice)
    with lutdla.open("emulator", config=config, timeout_s=TIMEOUT_S) as accelerator:
        results = accelerator.load(artefact)(inputs.numpy())
    different = int((results != expected.numpy()).any(axis=1).sum())
    if different:
        raise SystemExit(f"{different} of {len(results)} results of the emulator differ from those of training")
    mismatches, cycles = 0, 0.0
    if rtl_images:
        with lutdla.open("rtl", config=config, timeout_s=TIMEOUT_S) as accelerator:
            running = accelerator.load(artefact)
            on_rtl = running(inputs[:rtl_images].numpy())
            mismatches = int((on_rtl != results[:rtl_images]).any(axis=1).sum())
            cycles = running.profile.cycles_per_image
    scores = [splits.final_score(task(recipe), answers)
              for answers in (logits(dense, inputs), expected, torch.tensor(results))]
    seconds = [sum(row["seconds"] for row in history.rows) for history in histories]
    return Found(scores[0][0], *(score for _, score in scores), *seconds, mismatches, cycles, artefact.table_bytes)


def figures(recipe: Recipe, choice: dict[str, Any], seeds: Sequence[int], found: Sequence[Found]) -> dict[str, Any]:
    """Flat: means over the seeds, and the accuracies of each."""

    def mean(name: str) -> float:
        return sum(getattr(one, name) for one in found) / len(found)

    drops = [100 * (one.dense - one.integer) for one in found]
    made: dict[str, Any] = {
        "recipe": Path(recipe.output.folder).name, **choice, "score": found[0].score,
        **{name: round(mean(name), 5) for name in ("dense", "lut", "integer")},
        "drop_points": round(sum(drops) / len(drops), 3), "largest_drop_points": round(max(drops), 3),
        "seeds": len(seeds), "dense_epochs": recipe.dense.epochs,
        "epochs": sum(stage.epochs for stage in recipe.stages),
        "seconds_dense": round(mean("seconds_dense")), "seconds": round(mean("seconds")),
        "rtl_mismatches": sum(one.rtl_mismatches for one in found), "cycles_per_image": round(mean("cycles_per_image")),
        "table_bytes": found[0].table_bytes,
    }  # fmt: skip
    for seed, one in zip(seeds, found):
        made |= {f"seed{seed}_dense": one.dense, f"seed{seed}_integer": one.integer}
    return made


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("recipe", help="name of a recipe of lutdla.recipes, or a file")
    parser.add_argument("--metric", choices=METRICS, help="the recipe's without it, or l2")
    parser.add_argument("--v", type=int, help="the recipe's without it, or 4")
    parser.add_argument("--c", type=int, help="the recipe's without it, or 16")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--rtl-images", type=int, default=RTL_IMAGES, help="test inputs on the Verilated core")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = read_recipe(options.recipe)
    choice = choice_of(recipe, options.v, options.c, options.metric)
    console = Console()
    with LiveProgress(console, shown=console.is_terminal) as progress:
        found = [measure(replace(recipe, seed=seed), choice, progress, options.rtl_images) for seed in options.seeds]
    made = figures(recipe, choice, options.seeds, found)
    table = Table("figure", "value", title=options.recipe)
    for key, value in made.items():
        table.add_row(key, str(value))
    console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
