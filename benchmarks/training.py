"""Accuracy of the demo's recipe over seeds, with and without learned table entries: `python -m benchmarks.training`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from lutdla.data import load
from lutdla.nn import LUTBoost, accuracy, train_fashion_mlp
from lutdla.nn.boost import CENTROIDS, JOINT
from lutdla.nn.boost.tasks import SMOOTHED
from lutdla.spec import CoreConfig

SEEDS = (0, 1, 2)


def main() -> None:
    """Train, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, config = load("fashion-mnist"), CoreConfig()
    images, labels = torch.tensor(data.train_images), torch.tensor(data.train_labels)
    test_images, test_labels = torch.tensor(data.test_images), torch.tensor(data.test_labels)
    figures: dict[str, float] = {}
    table = Table("seed", "dense", "as lookup tables", "codebooks by k-means only", "without learned table entries",
                  "seconds")
    for seed in SEEDS:
        trained = train_fashion_mlp(data, config, seed=seed)
        plain = LUTBoost(trained.dense, stages=(CENTROIDS, replace(JOINT, table_rate=0.0)), seed=seed,
                         task=SMOOTHED, convert_options={"iterations": 10})
        replaced = accuracy(plain.replace((images, labels)), test_images, test_labels)
        without = accuracy(plain.fit((images, labels)), test_images, test_labels)
        found = {
            "dense_accuracy": trained.dense_accuracy, "lut_accuracy": trained.lut_accuracy,
            "kmeans_accuracy": replaced, "without_table_entries_accuracy": without,
        }  # fmt: skip
        figures |= {f"seed{seed}_{key}": value for key, value in found.items()}
        table.add_row(str(seed), f"{trained.dense_accuracy:.2%}", f"{trained.lut_accuracy:.2%}", f"{replaced:.2%}",
                      f"{without:.2%}", f"{sum(trained.seconds.values()):.1f}")
    losses = [figures[f"seed{s}_dense_accuracy"] - figures[f"seed{s}_lut_accuracy"] for s in SEEDS]
    figures["largest_loss_points"] = round(100 * max(losses), 2)
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
