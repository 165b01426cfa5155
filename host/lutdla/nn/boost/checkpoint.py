"""Checkpoints: all that a training depends on, in one file, so that it goes on as if it had not been broken off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch

from lutdla.errors import InputError
from lutdla.nn.boost import random_state
from lutdla.nn.boost.files import write_atomically

if TYPE_CHECKING:
    from lutdla.nn.boost.run import Run

FORMAT = 1

SHOWN = 5
"""Differences that an error names."""


@dataclass
class Checkpoints:
    """One file, written again and again.

    Attributes:
        path: of the file; process 0 writes it.
        every_steps: steps between two writings within an epoch; None: at ends of epochs alone.
        every_epochs: epochs between two writings.
        settings: what decides the result of the training, plain values: a checkpoint with others is refused.
    """

    path: Path
    every_steps: int | None = None
    every_epochs: int = 1
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path = Path(self.path)
        if self.every_epochs < 1 or (self.every_steps is not None and self.every_steps < 1):
            raise InputError(f"checkpoints every {self.every_steps} steps and {self.every_epochs} epochs: both must be "
                             "at least 1")

    def due(self, run: Run) -> bool:
        """Whether to write after a step."""
        return self.every_steps is not None and run.step % self.every_steps == 0

    def due_after_epoch(self, run: Run) -> bool:
        """Whether to write after an epoch."""
        return run.epoch % self.every_epochs == 0 or run.epoch == run.stage.epochs or run.stopped

    def write(self, run: Run) -> None:
        """Write the state; called by all processes at the same step."""
        now = random_state.capture()
        if run.epoch_step == 0:  # between two epochs
            run.at_epoch = {"source": run.source.state_dict(), "random": now}
        random, random_at_epoch = run.share.gather(now), run.share.gather(run.at_epoch["random"])
        # Each process goes on with the mean of all: it is the mean that history tells.
        loss_sum = run.share.sum(run.loss_sum.clone()) / run.share.count
        if run.share.first:
            ended = run.stage_index == len(run.stages)
            state = {
                "format": FORMAT, "settings": self.settings, "position": run.position() | {"loss_sum": loss_sum.cpu()},
                "network": run.network.state_dict(), "optimizer": None if ended else run.optimizer.state_dict(),
                "techniques": [technique.state_dict() for technique in run.techniques],
                "source": run.at_epoch["source"], "random": random, "random_at_epoch": random_at_epoch,
                "history": run.history.rows,
            }  # fmt: skip
            buffer = io.BytesIO()
            torch.save(state, buffer)
            write_atomically(self.path, buffer.getvalue())
        run.share.wait()

    def read(self) -> dict[str, Any]:
        """The state of the file.

        Raises:
            InputError: no such file, no checkpoint, or one of a training with other settings: names what differs.
        """
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except FileNotFoundError as error:
            raise InputError(f"{self.path}: no such file: there is nothing to resume, train without resume") from error
        except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
            raise InputError(f"{self.path}: no checkpoint ({(str(error) or 'it is cut short').splitlines()[0]}): "
                             "delete it, and train without resume") from error
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.path}: no checkpoint of format {FORMAT}: train without resume")
        different = list(differences(state["settings"], self.settings))
        if different:
            more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
            raise InputError(f"{self.path}: the checkpoint is of a training with other settings: "
                             f"{'; '.join(different[:SHOWN])}{more}: set these as they were, or train without resume")
        return state


def differences(saved: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where plain values differ: "stages.1.epochs was 6, is 8"."""
    if isinstance(saved, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*saved, *now]):
            place = f"{at}.{key}" if at else str(key)
            if key not in saved or key not in now:
                yield f"{place} was {saved.get(key, 'not there')}, is {now.get(key, 'not there')}"
            else:
                yield from differences(saved[key], now[key], place)
    elif isinstance(saved, list) and isinstance(now, list) and len(saved) == len(now):
        for i, pair in enumerate(zip(saved, now)):
            yield from differences(*pair, f"{at}.{i}")
    elif saved != now:
        yield f"{at} was {saved}, is {now}"
