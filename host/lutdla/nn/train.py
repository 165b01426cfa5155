"""Evaluation of networks, and how training tells about its progress."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from lutdla.errors import InputError


class Progress(Protocol):
    """Told after every batch how far training is; the caller draws the bar."""

    def __call__(self, stage: str, done: int, total: int, loss: float) -> None:
        """`done` of `total` batches of `stage`; the loss of the newest batch."""


def silent(stage: str, done: int, total: int, loss: float) -> None:
    """Progress that shows nothing."""


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
