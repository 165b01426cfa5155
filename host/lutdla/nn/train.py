"""Training loop, evaluation, and `train_dense`: what the dense network and LUTBoost have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError


class Progress(Protocol):
    """Told after every batch how far training is; the caller draws the bar."""

    def __call__(self, stage: str, done: int, total: int, loss: float) -> None:
        """`done` of `total` batches of `stage`; the loss of the newest batch."""


def silent(stage: str, done: int, total: int, loss: float) -> None:
    """Progress that shows nothing."""


def run_epochs(
    loss_of: Callable[[Tensor], Tensor], count: int, optimizer: torch.optim.Optimizer, *, epochs: int, batch: int,
    seed: int, stage: str, progress: Progress = silent,
) -> None:
    """Minimise a loss: shuffled batches, learning rates falling to 0 along a cosine.

    Args:
        loss_of: loss of the examples with the given positions (batch,).
        count: number of examples.
        optimizer: with the rates to begin with.
        epochs, batch, seed: passes over the examples, examples in a batch, seed of the shuffling.
        stage: what `progress` is told.
    """
    if count < 1 or batch < 1 or epochs < 0:
        raise InputError(f"{stage}: {count} examples, batch {batch}, {epochs} epochs: give examples, batch >= 1 and "
                         "epochs >= 0")
    generator = torch.Generator().manual_seed(seed)
    steps = max(1, count // batch)  # the rest of an epoch that fills no batch is left out: it is drawn anew each time
    rates = [group["lr"] for group in optimizer.param_groups]
    for step in range(epochs * steps):
        if step % steps == 0:
            order = torch.randperm(count, generator=generator)
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * (1 + math.cos(math.pi * step / (epochs * steps))) / 2
        at = step % steps * batch
        loss = loss_of(order[at : at + batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress(stage, step + 1, epochs * steps, loss.item())


def train_dense(
    model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int = 15, batch: int = 128, rate: float = 3e-3,
    weight_decay: float = 3e-2, label_smoothing: float = 0.0, seed: int = 0, progress: Progress = silent,
) -> None:
    """Train a classifier in place: AdamW, cosine, cross entropy. Leaves it in eval mode.

    Args:
        images: (count, *shape) what the model takes.
        labels: int64 (count,).
    """
    _check_examples(images, labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay, fused=True)

    def loss_of(at: Tensor) -> Tensor:
        return F.cross_entropy(model(images[at]), labels[at], label_smoothing=label_smoothing)

    model.train()
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # dropout
            run_epochs(loss_of, len(images), optimizer, epochs=epochs, batch=batch, seed=seed, stage="dense",
                       progress=progress)
    finally:
        model.eval()


def _check_examples(images: Tensor, labels: Tensor) -> None:
    if len(images) != len(labels):
        raise InputError(f"{len(images)} images and {len(labels)} labels: there must be as many")


@torch.no_grad()
def logits(model: nn.Module, images: Tensor, *, batch: int = 1000) -> Tensor:
    """Results of a model in eval mode: (count, classes)."""
    training = model.training
    model.eval()
    try:
        return torch.cat([model(part) for part in torch.split(images, batch)])
    finally:
        model.train(training)


def predict(model: nn.Module, images: Tensor, *, batch: int = 1000) -> Tensor:
    """Class of each image, the lowest of equal ones: int64 (count,)."""
    return logits(model, images, batch=batch).argmax(dim=1)


def accuracy(model: nn.Module, images: Tensor, labels: Tensor, *, batch: int = 1000) -> float:
    """Share of images whose class is right, 0..1."""
    _check_examples(images, labels)
    return int((predict(model, images, batch=batch) == labels).sum()) / len(labels)
