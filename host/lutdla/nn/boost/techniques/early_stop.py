"""`EarlyStop`: a stage ends when validation no longer improves, with the best state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique


@dataclass
class EarlyStop(Technique):
    """Ends a stage when the validation score has not risen for some epochs; the stage ends with the best state seen.

    Choosing by a score makes it look better than it is: validate on images that are not those of the final test. Scores
    of a network with layers that are not yet replaced do not count.

    Attributes:
        patience: epochs without improvement that are allowed; None: never stop, only keep the best.
        least: by how much a score must rise to count.
    """

    patience: int | None = 3
    least: float = 0.0
    NAME: ClassVar[str] = "early_stop"
    ORDER: ClassVar[int] = 100
    _best: float | None = field(default=None, init=False, repr=False)
    _values: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False)
    _waited: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.patience is not None and self.patience < 1:
            raise InputError(f"early stop has patience {self.patience}: it must be at least 1 epoch, or None")
        if self.least < 0:
            raise InputError(f"early stop has least {self.least}: it must not be negative")

    def prepare(self, run: Run) -> None:  # noqa: D102
        if run.validation is None:
            raise InputError("early stop needs validation: give fit(..., validation=(images, labels))")

    def at_stage_start(self, run: Run) -> None:  # noqa: D102
        self._best, self._values, self._waited = None, {}, 0

    def at_evaluation(self, run: Run, score: float) -> None:  # noqa: D102
        if any(layer.bypass for layer in run.layers.values()):
            return
        if self._best is None or score > self._best + self.least:
            self._best, self._waited = score, 0
            self._values = {name: value.detach().clone() for name, value in run.network.named_parameters()}
            self._values |= {name: value.detach().clone() for name, value in run.network.named_buffers()}
        else:
            self._waited += 1

    def after_epoch(self, run: Run) -> None:  # noqa: D102
        run.stopped |= self.patience is not None and self._waited >= self.patience

    @torch.no_grad()
    def at_stage_end(self, run: Run) -> None:  # noqa: D102
        for name, value in (*run.network.named_parameters(), *run.network.named_buffers()):
            if name in self._values:
                value.copy_(self._values[name])

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"best": self._best, "values": self._values, "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._best, self._values, self._waited = state["best"], dict(state["values"]), state["waited"]
