"""`Reconstruction`: sums of lookups are drawn to the sums without encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.nn.boost.technique import Technique

if TYPE_CHECKING:
    from lutdla.nn.boost.batches import Batch
    from lutdla.nn.boost.run import Run


@dataclass
class Reconstruction(Technique):
    """Adds weight x sum over layers of |sg(A) W - Q(A) W|^2 / |A W|^2 to the loss (LUTBoost's term).

    Attributes:
        weight: of the term. Where weights train too, it draws them to what encodes well, away from what classifies
            well.
    """

    weight: float = 0.1
    NAME: ClassVar[str] = "reconstruction"
    ORDER: ClassVar[int] = 5

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise InputError(f"reconstruction has weight {self.weight}: it must not be negative")

    def prepare(self, run: Run) -> None:  # noqa: D102
        for layer in run.layers.values():
            layer.reconstruct = self.weight > 0

    def loss(self, run: Run, batch: Batch, answers: Tensor, loss: Tensor) -> Tensor:  # noqa: D102
        for layer in run.layers.values():
            if layer.reconstruct and not layer.bypass:
                loss = loss + self.weight * layer.reconstruction
        return loss

    def release(self, run: Run) -> None:  # noqa: D102
        for layer in run.layers.values():
            layer.reconstruct, layer.reconstruction = False, torch.zeros(())
