"""`train_fashion_mlp`: the recipe of `lutdla demo` on images that are at hand, as one call."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch
from torch import fx, nn

from lutdla.data import Dataset
from lutdla.nn.boost.recipe_file import Recipe, read_recipe
from lutdla.nn.boost.recipe_parts import Splits, dense_network
from lutdla.nn.boost.recipe_steps import boost_of, train_dense_of
from lutdla.nn.train import Progress, accuracy, silent
from lutdla.spec.config import CoreConfig


@dataclass(frozen=True, eq=False)
class Trained:
    """What the recipe gives.

    Attributes:
        dense, network: the dense model, and the frozen lookup network made of it; both take uint8 pixels.
        dense_accuracy, lut_accuracy: on the test images, 0..1; the second is of the integers.
        seconds: step -> wall-clock time.
    """

    dense: nn.Module
    network: fx.GraphModule
    dense_accuracy: float
    lut_accuracy: float
    seconds: dict[str, float]


def train_fashion_mlp(
    data: Dataset, config: CoreConfig | None = None, *, recipe: Recipe | None = None, seed: int = 0,
    progress: Progress = silent,
) -> Trained:
    """Train the dense MLP, make a lookup network of it, train that, freeze it. Deterministic by seed on one machine.

    Args:
        data: Fashion-MNIST, or another set of 28x28 images in 10 classes.
        config: the core, for its v, c and metric.
        recipe: settings; None: those of lutdla/recipes/fashion_mlp.toml.
        progress: told after every batch.
    """
    config = config or CoreConfig()
    recipe = replace(recipe or read_recipe("fashion_mlp"), seed=seed)
    train, test = ((torch.tensor(pair.inputs), torch.tensor(pair.labels)) for pair in (data.train, data.test))
    splits = Splits(train, test, test, held_out=False, classes=len(data.classes))
    dense, start = dense_network(recipe, splits), time.perf_counter()
    train_dense_of(recipe, dense, splits, progress=progress)
    dense_done = time.perf_counter()
    boost = boost_of(recipe, dense, {"v": config.v, "c": config.c, "metric": config.metric})
    network = boost.fit(train, progress=progress)
    seconds = {"dense": dense_done - start, "lutboost": time.perf_counter() - dense_done}
    return Trained(dense, network, accuracy(dense, *test), accuracy(network, *test), seconds)
