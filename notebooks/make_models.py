"""Makes what the notebooks run: python notebooks/make_models.py (needs lutdla[train]; less than a minute).

One MLP, trained on the digits data set and compiled for the layouts of cores, and a hundred test images.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import lutdla
from lutdla import compiler, data, nn
from lutdla.models.mlp import mlp
from lutdla.nn.boost import Averaging, Distillation, Stage
from lutdla_overlay.cores import load_core

MODELS = Path(__file__).parent / "lutdla_notebooks" / "models"
CORES = ("xc7z010", "xc7z020", "zcu104")
"""Core files (lutdla_overlay.cores) with layouts of their own; zynqmp has that of xc7z020."""
IMAGES = 100
SEED = 0


def main() -> None:
    """Train, compile, measure, write."""
    digits = data.load("digits")
    train = torch.tensor(digits.train_images), torch.tensor(digits.train_labels)
    test = torch.tensor(digits.test_images), torch.tensor(digits.test_labels)
    first = load_core(CORES[0]).config
    torch.manual_seed(SEED)
    dense = mlp(shape=(8, 8), hidden=(64,), std=16.0)
    nn.train_dense(dense, *train, epochs=60, batch=64, rate=3e-3, seed=SEED)
    boost = nn.LUTBoost(dense, stages=[Stage("joint", epochs=60, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)],
                        techniques=[Averaging(), Distillation(0.5)], batch=64, seed=SEED,
                        convert_options={"v": first.v, "c": first.c, "metric": first.metric})
    network = boost.fit(train)

    MODELS.mkdir(exist_ok=True)
    chosen = np.random.default_rng(SEED).choice(len(digits.test_images), IMAGES, replace=False)
    images, labels = digits.test_images[chosen], digits.test_labels[chosen]
    np.savez_compressed(MODELS / "digits.npz", images=images, labels=labels)
    facts = {"data": "digits", "seed": SEED, "test_images": len(digits.test_images),
             "dense_accuracy": round(nn.accuracy(dense, *test), 4), "accuracy": round(nn.accuracy(network, *test), 4)}
    print(facts)
    for core in CORES:
        file = MODELS / f"digits.{core}.lut"
        compiler.compile(network, load_core(core).config, facts).save(file)
        with lutdla.open("emulator") as accelerator:
            right = accelerator.load(file)(digits.test_images).argmax(axis=1) == digits.test_labels
        print(f"{file.name}: {file.stat().st_size:,} bytes, {right.sum()} of {len(right)} test images right, "
              f"{right[chosen].sum()} of the {IMAGES} that are shipped")


if __name__ == "__main__":
    main()
