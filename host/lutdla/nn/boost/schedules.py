"""How learning rates go along a stage: one small object each."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from lutdla.errors import InputError


@dataclass(frozen=True)
class Schedule(ABC):
    """A rate over the steps of a stage.

    Attributes:
        warmup: share of the steps, 0..1, along which the rate rises from near 0 to what the schedule says; at the start
            Adam knows little about the gradients, and long steps do harm.
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.warmup < 1:
            raise InputError(f"warmup is {self.warmup}: it is a share of the stage, 0 or more and less than 1")

    def factor(self, step: int, steps: int) -> float:
        """What rates are multiplied with at `step` (0..steps - 1)."""
        rising = math.ceil(self.warmup * steps)
        if step < rising:
            return (step + 1) / (rising + 1)
        return self.shape((step - rising) / (steps - rising))

    @abstractmethod
    def shape(self, part: float) -> float:
        """The factor when `part` (0..1) of the steps after the warm-up are done."""


@dataclass(frozen=True)
class Cosine(Schedule):
    """From 1 to 0 along half a cosine."""

    def shape(self, part: float) -> float:  # noqa: D102
        return (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True)
class Linear(Schedule):
    """From 1 to 0 along a line."""

    def shape(self, part: float) -> float:  # noqa: D102
        return 1 - part


@dataclass(frozen=True)
class Constant(Schedule):
    """Always 1."""

    def shape(self, part: float) -> float:  # noqa: D102
        return 1.0


COSINE = Cosine()
"""The usual one: without warm-up."""

SCHEDULES: dict[str, type[Schedule]] = {"cosine": Cosine, "linear": Linear, "constant": Constant}
"""Name in a recipe -> schedule."""
