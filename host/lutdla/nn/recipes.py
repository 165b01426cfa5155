"""Recipes: settings that were measured, from a data set to a frozen lookup network."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch
from torch import fx, nn

from lutdla.data import Dataset
from lutdla.nn.boost import CENTROIDS, JOINT, Averaging, Classification, Distillation, LUTBoost, train_dense
from lutdla.nn.layers import Normalize
from lutdla.nn.train import Progress, accuracy, silent
from lutdla.spec.config import CoreConfig

HIDDEN = (64,)
"""Hidden channels: the widest first layer whose tables fit `CoreConfig()`. A second hidden layer makes the dense
network better, but not the lookup network."""

LABEL_SMOOTHING = 0.1
"""Of both networks, so that they compare."""

TEACHING = 0.5
"""Share of the dense network's answers in the loss of the lookup network."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What a recipe gives.

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


def fashion_mlp(hidden: tuple[int, ...] = HIDDEN, *, seed: int = 0) -> nn.Sequential:
    """An untrained MLP for 28x28 uint8 images and 10 classes."""
    layers: list[nn.Module] = [Normalize(std=255.0), nn.Flatten()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for inputs, outputs in zip((784, *hidden), hidden):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        layers.append(nn.Linear(hidden[-1], 10))
    return nn.Sequential(*layers)


def train_fashion_mlp(
    data: Dataset, config: CoreConfig | None = None, *, hidden: tuple[int, ...] = HIDDEN, dense_epochs: int = 30,
    joint_epochs: int = 6, seed: int = 0, progress: Progress = silent,
) -> Trained:
    """Train the dense MLP, make a lookup network of it, train that, freeze it. Deterministic by seed on one machine.

    Args:
        data: Fashion-MNIST, or another set of 28x28 images in 10 classes.
        config: the core, for its v, c and metric.
        progress: told after every batch.
    """
    config = config or CoreConfig()
    images, labels = torch.tensor(data.train_images), torch.tensor(data.train_labels)
    test_images, test_labels = torch.tensor(data.test_images), torch.tensor(data.test_labels)
    dense, start = fashion_mlp(hidden, seed=seed), time.perf_counter()
    train_dense(dense, images, labels, epochs=dense_epochs, label_smoothing=LABEL_SMOOTHING, seed=seed,
                progress=progress)
    dense_done = time.perf_counter()
    boost = LUTBoost(
        dense, stages=(CENTROIDS, replace(JOINT, epochs=joint_epochs)), task=Classification(LABEL_SMOOTHING), seed=seed,
        techniques=(Averaging(), Distillation(TEACHING)),
        convert_options={"v": config.v, "c": config.c, "metric": config.metric, "iterations": 10},
    )
    network = boost.fit((images, labels), progress=progress)
    seconds = {"dense": dense_done - start, "lutboost": time.perf_counter() - dense_done}
    return Trained(dense, network, accuracy(dense, test_images, test_labels),
                   accuracy(network, test_images, test_labels), seconds)
