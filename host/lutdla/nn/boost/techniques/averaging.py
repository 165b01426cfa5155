"""`Averaging`: a running average of the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lutdla.errors import InputError
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique


@dataclass
class Averaging(Technique):
    """A stage ends with the running average of what it trained. Indices jump where parameters move smoothly: the
    average jumps less. It is also what is evaluated.

    Attributes:
        keep: 0..1, how much the average keeps at each step; less at first, so that a short stage does not end near
            where it began.
    """

    keep: float = 0.99
    NAME: ClassVar[str] = "averaging"
    ORDER: ClassVar[int] = 10
    _averages: list[Tensor] = field(default_factory=list, init=False, repr=False)
    _steps: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise InputError(f"averaging keeps {self.keep}: it must be 0 or more and less than 1")

    def settings(self) -> dict[str, Any]:  # noqa: D102
        return {"keep": self.keep}

    def at_stage_start(self, run: Run) -> None:  # noqa: D102
        self._averages = [parameter.detach().clone() for parameter in run.trained]
        self._steps = 0

    def after_step(self, run: Run) -> None:  # noqa: D102
        self._steps += 1
        weight = 1 - min(self.keep, self._steps / (self._steps + 10))
        for average, parameter in zip(self._averages, run.trained):
            average.lerp_(parameter.detach(), weight)

    @contextmanager
    def evaluating(self, run: Run) -> Iterator[None]:  # noqa: D102
        now = [parameter.detach().clone() for parameter in run.trained]
        _put(self._averages, run.trained)
        try:
            yield
        finally:
            _put(now, run.trained)

    def overwritten(self, run: Run, parameter: nn.Parameter, where: Tensor) -> None:  # noqa: D102
        for average, trained in zip(self._averages, run.trained):
            if trained is parameter:
                average.copy_(torch.where(where, parameter.detach(), average))

    def at_stage_end(self, run: Run) -> None:  # noqa: D102
        _put(self._averages, run.trained)

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"averages": self._averages, "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        for average, saved in zip(self._averages, state["averages"]):
            average.copy_(saved)
        self._steps = state["steps"]

    def prepare(self, run: Run) -> None:  # noqa: D102
        self._averages = [torch.empty_like(parameter) for parameter in run.trained]


@torch.no_grad()
def _put(values: list[Tensor], parameters: list[nn.Parameter]) -> None:
    for parameter, value in zip(parameters, values):
        parameter.copy_(value)
