"""`GradientChoice` and `TemperatureSchedule`: how gradients pass the choice of centroids."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from lutdla.errors import InputError
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.gradients import Gradient, SoftChoice
from lutdla.nn.lookups import Lookups


@dataclass
class GradientChoice(Technique):
    """All lookups pass gradients by one estimator, as long as the technique is at work.

    Attributes:
        gradient: `SoftChoice` or `StraightThrough`.
    """

    gradient: Gradient = field(default_factory=SoftChoice)
    NAME: ClassVar[str] = "gradient"
    _before: list[tuple[Lookups, Gradient]] = field(default_factory=list, init=False, repr=False)

    def prepare(self, run: Run) -> None:  # noqa: D102
        self._before = [(part, part.gradient) for part in _lookups(run)]
        for part, _ in self._before:
            part.gradient = self.gradient

    def release(self, run: Run) -> None:  # noqa: D102
        for part, gradient in self._before:
            part.gradient = gradient


@dataclass
class TemperatureSchedule(Technique):
    """The temperature of `SoftChoice` goes from `start` to `end` by the same factor at each step of a stage: soft
    choices teach all centroids at first, hard ones are what the core makes.

    Attributes:
        start, end: in mean distances to the nearest centroid.
    """

    start: float = 1.0
    end: float = 0.1
    NAME: ClassVar[str] = "temperature_schedule"
    ORDER: ClassVar[int] = 1
    """After `GradientChoice`."""
    _before: list[tuple[Lookups, SoftChoice]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if not (self.start > 0 and self.end > 0):
            raise InputError(f"temperature goes from {self.start} to {self.end}: both must be positive")

    def at(self, step: int, steps: int) -> float:
        """The temperature of a step of so many."""
        return self.start * math.pow(self.end / self.start, step / max(1, steps - 1))

    def prepare(self, run: Run) -> None:  # noqa: D102
        self._before = [(part, part.gradient) for part in _lookups(run) if isinstance(part.gradient, SoftChoice)]
        if not self._before:
            raise InputError("temperature schedule: no lookups of this network use SoftChoice: add "
                             "GradientChoice(SoftChoice()), or leave the schedule out")

    def before_step(self, run: Run) -> None:  # noqa: D102
        temperature = self.at(run.step, run.steps)
        for part, gradient in self._before:
            part.gradient = replace(gradient, temperature=temperature)

    def release(self, run: Run) -> None:  # noqa: D102
        for part, gradient in reversed(self._before):
            part.gradient = gradient


def _lookups(run: Run) -> list[Lookups]:
    return [part for part in run.network.modules() if isinstance(part, Lookups)]
