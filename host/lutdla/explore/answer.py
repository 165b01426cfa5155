"""What a search answers: for each board the cores that are worth a look, the pick, and why."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.explore.choice import Choice
from lutdla.explore.limits import Limits


@dataclass(frozen=True)
class Candidate:
    """The best core of a board for a way to encode.

    Attributes:
        v, c, metric: the way to encode.
        choice: the core, its cycles, area, memories and limits, predicted.
        loss: estimated increase of the network's loss by encoding (`lutdla.explore.proxy`); None: no data were given.
        accuracy: on examples that were not trained on, after a short training of the lookup network; None: not trained.
        layers: layers with a v of their own, and it.
        front: no other candidate of the board is at least as good in every respect, and better in one.
    """

    v: int
    c: int
    metric: str
    choice: Choice
    loss: float | None = None
    accuracy: float | None = None
    front: bool = False
    layers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Answer:
    """A board.

    Attributes:
        limits: the board.
        candidates: the best first.
        pick: the one to take; None: nothing fits, or nothing reaches the accuracy.
        why: what the pick was chosen for and what limits it, in sentences.
    """

    limits: Limits
    candidates: tuple[Candidate, ...]
    pick: Candidate | None
    why: tuple[str, ...]
