"""`Technique`: what can be added to a training, as one small object with hooks."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor, nn

if TYPE_CHECKING:
    from lutdla.nn.boost.batches import Batch
    from lutdla.nn.boost.run import Run


@dataclass
class Technique:
    """Base of the techniques: every hook does nothing.

    A technique is a dataclass whose fields are its settings. A training works on copies: the object that a user holds
    is never changed, and may be used again. Techniques are called in the order of `ORDER`, then as they were given.

    Order of hooks: `at_start` once; for each stage `prepare`, `at_stage_start`, then for each step `before_step`,
    `loss`, `after_step`, for each epoch `evaluating` and `at_evaluation`, `after_epoch`, then `at_stage_end` and
    `release`. A training that goes on from a checkpoint calls `prepare` and `load_state_dict`, not the hooks that had
    their turn.
    """

    NAME: ClassVar[str]
    """In recipes and checkpoints."""

    ORDER: ClassVar[int] = 0
    """Smaller ones come first."""

    LEAVES_UNUSED: ClassVar[bool] = False
    """Whether it makes steps that leave trained parameters unused (DistributedDataParallel must know)."""

    def at_start(self, run: Run) -> None:
        """Once, before the first stage: the network is replaced, nothing is trained."""

    def prepare(self, run: Run) -> None:
        """At each start of a stage, and when a training goes on within it: make what a checkpoint does not hold."""

    def at_stage_start(self, run: Run) -> None:
        """Before the first step of a stage."""

    def before_step(self, run: Run) -> None:
        """Before each step; `run.step` counts those done in this stage."""

    def loss(self, run: Run, batch: Batch, answers: Tensor, loss: Tensor) -> Tensor:
        """The loss to go on with, of the loss so far and the network's answers."""
        return loss

    def after_step(self, run: Run) -> None:
        """After each step of the optimizer."""

    def evaluating(self, run: Run) -> AbstractContextManager[None]:
        """Entered while the network is evaluated: a place to put other parameters in."""
        return nullcontext()

    def at_evaluation(self, run: Run, score: float) -> None:
        """Within `evaluating`, when the validation score (larger is better) is known."""

    def after_epoch(self, run: Run) -> None:
        """After each epoch; `run.history.rows[-1]` tells about it."""

    def at_stage_end(self, run: Run) -> None:
        """After the last step of a stage."""

    def release(self, run: Run) -> None:
        """When a stage is over or was broken off: undo what `prepare` did to the network."""

    def overwritten(self, run: Run, parameter: nn.Parameter, where: Tensor) -> None:
        """Another technique has given a parameter new values where the mask (of its shape) says."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the state of a checkpoint."""

    def settings(self) -> dict[str, Any]:
        """Plain values that decide what the technique does: a checkpoint is refused where they differ."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.init}


def plain(value: Any) -> Any:
    """A setting as a value that JSON can hold; objects by name and settings."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Technique):
        return {"technique": value.NAME, **value.settings()}
    if hasattr(value, "__dataclass_fields__"):
        return {"kind": type(value).__name__, **{f.name: plain(getattr(value, f.name)) for f in fields(value)}}
    return getattr(value, "__qualname__", type(value).__qualname__)
