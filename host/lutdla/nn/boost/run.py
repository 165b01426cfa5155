"""`Run`: a training under way, as its techniques see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from lutdla.nn.boost.batches import Source
from lutdla.nn.boost.history import History, Row
from lutdla.nn.boost.processes import Share
from lutdla.nn.boost.stages import BaseStage
from lutdla.nn.boost.tasks import Task
from lutdla.nn.boost.technique import Technique
from lutdla.nn.lut_layer import LUTLayer, lut_layers
from lutdla.nn.train import Progress, silent


@runtime_checkable
class EpochProgress(Protocol):
    """A `Progress` that also wants to know what each epoch reached."""

    def epoch_done(self, row: Row, score: str) -> None:
        """The newest row of the history, and what its validation is called."""


@dataclass(eq=False)
class Run:
    """A training under way.

    Attributes:
        network: what is trained; on `device`.
        stages, task, batch, seed: as given.
        source: the examples.
        validation: examples that each epoch is scored on.
        dense: the dense model that the network was made of, in eval mode on `device`; None where there was none.
        calibration: typical inputs on `device`, as many as conversion saw; None for dense training.
        share: which process of how many this is.
        techniques: those at work in this stage, in the order of their calls.
        stage_index, epoch, step: the stage, and how many of its epochs and steps are done.
        epoch_step: steps done of the epoch under way.
        steps: of the whole stage.
        optimizer: of the stage.
        stopped: whether a technique wants the stage to end with this epoch.
        history: of all epochs so far.
    """

    network: nn.Module
    stages: tuple[BaseStage, ...]
    source: Source
    task: Task
    batch: int = 256
    seed: int = 0
    validation: Source | None = None
    dense: nn.Module | None = None
    calibration: Tensor | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    share: Share = field(default_factory=Share)
    common: list[Technique] = field(default_factory=list)
    """Techniques of the whole training."""
    progress: Progress = silent
    history: History = field(default_factory=History)

    techniques: list[Technique] = field(default_factory=list)
    stage_index: int = 0
    epoch: int = 0
    step: int = 0
    epoch_step: int = 0
    steps: int = 0
    optimizer: torch.optim.Optimizer = field(init=False)
    rates: dict[str, float] = field(default_factory=dict)
    """Kind of parameter -> rate that its schedule starts from."""
    stopped: bool = False
    loss_sum: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    """Of the epoch's steps so far."""
    seconds: float = 0.0
    """The epoch's time so far."""
    at_epoch: dict[str, Any] = field(default_factory=dict)
    """State of source and random generators when the epoch began."""

    @property
    def stage(self) -> BaseStage:
        """The stage under way."""
        return self.stages[self.stage_index]

    @property
    def layers(self) -> dict[str, LUTLayer]:
        """The lookup layers by name, in order."""
        return lut_layers(self.network)

    @property
    def trained(self) -> list[nn.Parameter]:
        """What the optimizer moves."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    # -- evaluation --------------------------------------------------------------------------------------------------
    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """In eval mode, with the parameters that the stage would end with."""
        with ExitStack() as stack:
            for technique in self.techniques:
                stack.enter_context(technique.evaluating(self))
            training = self.network.training
            self.network.eval()
            try:
                yield
            finally:
                self.network.train(training)

    @torch.no_grad()
    def score(self, source: Source) -> float:
        """Mean score of all examples, over all processes, with the parameters as they are."""
        total = torch.zeros(2, dtype=torch.float64)
        for batch in source.all(self.share):
            scores = self.task.score(self.network(batch.inputs), batch.targets)
            total += torch.tensor([float(scores.sum()), len(scores)], dtype=torch.float64)
        total = self.share.sum(total.to(self.device) if self.device.type == "cuda" else total)
        return float(total[0] / total[1])

    # -- what techniques do to parameters ----------------------------------------------------------------------------
    @torch.no_grad()
    def overwrite(self, parameter: nn.Parameter, where: Tensor, values: Tensor) -> None:
        """Give parts of a parameter new values: the optimizer forgets what it knew of them, averages start anew.

        Args:
            where: mask of the parameter's shape.
            values: of the parameter's shape.
        """
        parameter.copy_(torch.where(where, values, parameter))
        for moment in self.optimizer.state.get(parameter, {}).values():
            if isinstance(moment, Tensor) and moment.shape == parameter.shape:
                moment.masked_fill_(where, 0.0)
        for technique in self.techniques:
            technique.overwritten(self, parameter, where)

    # -- state -------------------------------------------------------------------------------------------------------
    def position(self) -> dict[str, Any]:
        """Where the training is, as plain values and tensors."""
        return {name: getattr(self, name) for name in POSITION}

    def go_to(self, position: dict[str, Any]) -> None:
        """Be where `position()` was taken."""
        for name in POSITION:
            setattr(self, name, position[name])
        self.loss_sum = position["loss_sum"].to(self.device)


POSITION = ("stage_index", "epoch", "step", "epoch_step", "stopped", "seconds")
