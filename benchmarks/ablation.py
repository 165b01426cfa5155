"""Which technique buys how much: ResNet-8 on Fashion-MNIST, a small fixed budget: `python -m benchmarks.ablation`.

The dense network is that of the recipe fashion_resnet8, trained on all images (`benchmarks.accuracy` keeps it). Each
row of `benchmarks.ablation_rows` makes a lookup network of it and trains that on the first 10,000 training images, two
epochs in batches of 64; accuracy is that of the integers on the 10,000 test images. What a row found is kept in
.cache/ablation, and measured again only when its settings change.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.ablation_rows import CONVERT, MIXED, ROWS, Row
from benchmarks.accuracy import train_dense
from benchmarks.record import ROOT
from lutdla.nn import plan
from lutdla.nn.boost import LUTBoost
from lutdla.nn.boost.progress import LiveProgress
from lutdla.nn.boost.recipe_file import Recipe, read_recipe
from lutdla.nn.boost.recipe_parts import Splits, examples, task
from lutdla.nn.boost.technique import plain
from lutdla.nn.lookups import Lookups
from lutdla.nn.train import accuracy

CACHE = ROOT / ".cache" / "ablation"
RECIPE = "fashion_resnet8"
PLANNED = 256
"""Images that v and c of each map are chosen with."""


@dataclass(frozen=True)
class Budget:
    """What each row may use.

    Attributes:
        images: training images, the first ones.
        batch: images of a step.
        calibration: of them, that codebooks are made of.
    """

    images: int = 10_000
    batch: int = 64
    calibration: int = 2048


@dataclass(frozen=True)
class Found:
    """What a row found with one seed."""

    dense: float
    accuracy: float
    table_bytes: int
    seconds: float


def options(row: Row, dense: nn.Module, splits: Splits) -> dict[str, Any]:
    """Options of `convert` of a row."""
    made = {**CONVERT, **row.convert}
    if row.mixed:
        inputs, labels = (part[:PLANNED] for part in splits.train)
        of_base = plan(dense, inputs, labels, pairs=[(made["v"], made["c"])], iterations=0)
        chosen = plan(dense, inputs, labels, pairs=MIXED, max_table_bytes=of_base.table_bytes)
        made["per_layer"] = chosen.per_layer
    return made


def measure(row: Row, recipe: Recipe, splits: Splits, dense: nn.Module, budget: Budget, progress: Any) -> Found:
    """Train a row's network and run the test inputs on its integers."""
    start = time.perf_counter()
    boost = LUTBoost(
        dense, stages=row.stages, techniques=row.techniques, task=task(recipe), batch=budget.batch, seed=recipe.seed,
        calibration=budget.calibration, convert_options=options(row, dense, splits),
    )
    inputs, labels = (part[: budget.images] for part in splits.train)
    network = boost.fit((inputs, labels), progress=progress)
    seconds = time.perf_counter() - start
    table_bytes = sum(part.correction.numel() for part in network.modules() if isinstance(part, Lookups))
    return Found(accuracy(dense, *splits.test), accuracy(network, *splits.test), table_bytes, round(seconds, 1))


def kept(row: Row, recipe: Recipe, budget: Budget) -> Path:
    """The file of what a row found: another one when settings change."""
    settings = {"stages": [plain(stage) for stage in row.stages], "techniques": [plain(one) for one in row.techniques],
                "convert": plain({**CONVERT, **row.convert}), "mixed": MIXED if row.mixed else (),
                "budget": asdict(budget), "dense": plain(recipe.dense), "model": plain(recipe.model)}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return CACHE / f"{row.name}-{recipe.seed}-{digest[:12]}.json"


def run_rows(rows: Sequence[Row], recipe: Recipe, seeds: Sequence[int], budget: Budget, progress: Any,
             limit: int | None = None) -> dict[str, list[Found]]:
    """What each row found, with each seed; from the cache where it is there.

    Args:
        limit: use only so many of each split.
    """
    found: dict[str, list[Found]] = {row.name: [] for row in rows}
    for seed in seeds:
        seeded, ready = replace(recipe, seed=seed), None
        for row in rows:
            path = kept(row, seeded, budget)
            if not path.exists():
                if ready is None:
                    splits = examples(seeded, limit)
                    ready = splits, train_dense(seeded, splits, progress)[0]
                made = measure(row, seeded, *ready, budget, progress)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(asdict(made)) + "\n", encoding="utf-8")
            found[row.name].append(Found(**json.loads(path.read_text(encoding="utf-8"))))
    return found


def figures(found: dict[str, list[Found]], seeds: Sequence[int], budget: Budget) -> dict[str, Any]:
    """Flat: means over the seeds; drops against the dense network of the same seed."""
    made: dict[str, Any] = {"seeds": len(seeds), **asdict(budget)}
    for name, ones in found.items():
        drops = [100 * (one.dense - one.accuracy) for one in ones]
        made["dense_accuracy"] = round(sum(one.dense for one in ones) / len(ones), 5)
        made[f"{name}_accuracy"] = round(sum(one.accuracy for one in ones) / len(ones), 5)
        made[f"{name}_drop_points"] = round(sum(drops) / len(drops), 3)
        made[f"{name}_spread_points"] = round(max(drops) - min(drops), 3)
        made[f"{name}_table_bytes"] = ones[0].table_bytes
        made[f"{name}_seconds"] = round(sum(one.seconds for one in ones) / len(ones), 1)
    return made


def table(made: dict[str, Any], rows: Sequence[Row]) -> Table:
    """The rows, as the console shows them."""
    shown = Table("row", "accuracy", "drop, points", "spread", "table bytes", "seconds")
    for row in rows:
        shown.add_row(row.words, f"{made[f'{row.name}_accuracy']:.2%}", *(
            f"{made[f'{row.name}_{key}']:,}" for key in ("drop_points", "spread_points", "table_bytes", "seconds")))
    return shown


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.add_argument("--rows", nargs="+", choices=[row.name for row in ROWS], default=[row.name for row in ROWS],
                        metavar="NAME", help=f"of {', '.join(row.name for row in ROWS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--json", type=Path, help="where the figures go")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    rows, budget, console = [row for row in ROWS if row.name in chosen.rows], Budget(), Console()
    with LiveProgress(console, shown=console.is_terminal) as progress:
        found = run_rows(rows, read_recipe(RECIPE), chosen.seeds, budget, progress)
    made = figures(found, chosen.seeds, budget)
    console.print(table(made, rows))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
