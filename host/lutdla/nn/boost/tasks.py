"""What a network is trained for: the loss of its answers, and the score that is shown and that early stop watches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from lutdla.errors import InputError


class Task(ABC):
    """A loss to minimise and a score to maximise."""

    SCORE: ClassVar[str]
    """What the score is called in history and progress."""

    @abstractmethod
    def loss(self, answers: Tensor, targets: Tensor) -> Tensor:
        """Mean over a batch."""

    @abstractmethod
    def score(self, answers: Tensor, targets: Tensor) -> Tensor:
        """Of each example (batch,), larger is better; the score of a set is the mean."""


@dataclass(frozen=True)
class Classification(Task):
    """Cross entropy; scored by the share of right answers.

    Attributes:
        label_smoothing: share of the target that is spread evenly over all classes, 0..1.
    """

    label_smoothing: float = 0.1
    SCORE: ClassVar[str] = "accuracy"

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise InputError(f"label_smoothing is {self.label_smoothing}: it is a share, 0 or more and less than 1")

    def loss(self, answers: Tensor, targets: Tensor) -> Tensor:  # noqa: D102
        return F.cross_entropy(answers, targets, label_smoothing=self.label_smoothing)

    def score(self, answers: Tensor, targets: Tensor) -> Tensor:  # noqa: D102
        return (answers.argmax(dim=1) == targets).float()


CROSS_ENTROPY = Classification(label_smoothing=0.0)
SMOOTHED = Classification()


@dataclass(frozen=True)
class Regression(Task):
    """Mean squared error (autoencoders: targets are the inputs); scored by its negative."""

    SCORE: ClassVar[str] = "negative squared error"

    def loss(self, answers: Tensor, targets: Tensor) -> Tensor:  # noqa: D102
        return F.mse_loss(answers, targets.to(answers.dtype))

    def score(self, answers: Tensor, targets: Tensor) -> Tensor:  # noqa: D102
        return -(answers - targets).square().flatten(1).mean(dim=1)
