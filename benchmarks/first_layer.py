"""How to cut the input map of a convolutional network: `python -m benchmarks.first_layer`.

Trains a small network on Fashion-MNIST, grey and tinted, and makes lookup networks of it whose first layer takes single
values, slices of channels, or squares of pixels. Short trainings: they rank the cuts, they are not the best accuracy.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from lutdla.data import load
from lutdla.nn import LUTBoost, Stage, accuracy, train_dense
from lutdla.nn.first_layer import FIRST

TRAIN = 10_000
SEEDS = (0, 1)
STAGES = (Stage("joint", epochs=2, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3),)
CUTS = {"grey": ("scalar", "space_to_depth"), "tinted": FIRST}
"""Images -> cuts. With one channel, slices are the same as scalar."""


def network(channels: int, seed: int) -> nn.Sequential:
    """An untrained network for 28 x 28 images; the stride of its first layer lets it take squares of 2 x 2 pixels."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(channels, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
        )  # fmt: skip


def tint(images: Tensor, seed: int) -> Tensor:
    """Images (M, 1, H, W) in 0..1 between two random colours each, so that channels differ: (M, 3, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    dark = torch.rand(len(images), 3, 1, 1, generator=generator) * 0.5
    bright = 0.5 + torch.rand(len(images), 3, 1, 1, generator=generator) * 0.5
    return dark + images * (bright - dark)


def main() -> None:
    """Train, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_layer", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, start = load("fashion-mnist"), time.perf_counter()
    grey = torch.tensor(data.train_images[:TRAIN])[:, None].float() / 255
    test = torch.tensor(data.test_images)[:, None].float() / 255
    labels, test_labels = torch.tensor(data.train_labels[:TRAIN]), torch.tensor(data.test_labels)
    figures: dict[str, float] = {"train_images": TRAIN, "seeds": len(SEEDS)}
    table = Table("images", "seed", "dense", *FIRST)
    for kind, cuts in CUTS.items():
        x, y = (grey, test) if kind == "grey" else (tint(grey, 0), tint(test, 1))
        for seed in SEEDS:
            dense = network(x.shape[1], seed)
            train_dense(dense, x, labels, epochs=8, seed=seed)
            found = {"dense": accuracy(dense, y, test_labels)}
            for first in cuts:
                boost = LUTBoost(dense, stages=STAGES, calibration=1000, batch=128, seed=seed,
                                 convert_options={"first": first, "iterations": 10})
                found[first] = accuracy(boost.fit((x, labels)), y, test_labels)
            figures |= {f"{kind}_seed{seed}_{key}_accuracy": value for key, value in found.items()}
            table.add_row(kind, str(seed), *(f"{found[key]:.2%}" if key in found else "as scalar"
                                             for key in ("dense", *FIRST)))
        for first in cuts:
            losses = [figures[f"{kind}_seed{seed}_dense_accuracy"] - figures[f"{kind}_seed{seed}_{first}_accuracy"]
                      for seed in SEEDS]
            figures[f"{kind}_{first}_mean_loss_points"] = round(100 * sum(losses) / len(losses), 2)
    figures["seconds"] = round(time.perf_counter() - start, 1)
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
