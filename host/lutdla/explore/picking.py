"""The pick of a board, and why it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.limits import Limits, whole
from lutdla.explore.short_run import ShortRun
from lutdla.explore.ways import Way, front

BEST = {"throughput": "fastest", "latency": "of least latency", "area": "smallest", "energy": "of least energy"}
"""Objective -> what the pick is."""


def value(candidate: Candidate, objective: str) -> float:
    """What an objective minimises."""
    choice = candidate.choice
    found = {"throughput": choice.cycles_per_image, "latency": choice.latency_us, "energy": choice.energy_uj,
             "area": whole(choice.shares)}
    return float(found[objective])


def answer(limits: Limits, candidates: Iterable[Candidate], objective: str, floor: float | None,
           runs: Mapping[Way, ShortRun]) -> Answer:
    """The answer for a board.

    Args:
        limits: the board.
        candidates: that fit it.
        objective: what the pick is best by.
        floor: accuracy that it must reach; None: none.
        runs: what was trained.
    """
    ordered = sorted(candidates, key=lambda one: (value(one, objective), one.loss or 0.0))
    if not ordered:
        return Answer(limits, (), None, ("no core holds this network",))
    on = front([(value(one, objective), one.loss or 0.0, 1 - (one.accuracy or 0.0)) for one in ordered])
    ordered = [replace(one, front=bool(at)) for one, at in zip(ordered, on, strict=True)]
    able = [one for one in ordered if floor is None or (one.accuracy is not None and one.accuracy >= floor)]
    pick = able[0] if able else None
    return Answer(limits, tuple(ordered), pick, tuple(_why(ordered, able, objective, floor, runs)))


def _why(candidates: list[Candidate], able: list[Candidate], objective: str, floor: float | None,
         runs: Mapping[Way, ShortRun]) -> Iterator[str]:
    run = next(iter(runs.values()), None)
    if not able:
        best = max((one for one in candidates if one.accuracy is not None), key=lambda one: one.accuracy or 0.0,
                   default=None)
        reached = "none of its ways to encode was trained" if best is None or best.accuracy is None else (
            f"the best, v={best.v} c={best.c} {best.metric}, reached {best.accuracy:.1%}")
        yield (f"nothing reaches {floor:.1%} in a short training: {reached}; train longer, lower the floor, or allow a "
               "smaller v or a larger c")
        return
    pick = able[0]
    yield (f"{BEST[objective]} of {len(candidates)} ways to encode that were compiled for"
           + ("" if floor is None else f": of {len(runs)} that were trained, {len(able)} reach {floor:.1%}"))
    if pick.accuracy is not None and run is not None:
        yield (f"v={pick.v} c={pick.c} {pick.metric} reached {pick.accuracy:.1%} in a short training on "
               f"{run.examples:,} examples; the dense network has {run.dense:.1%} on the same")
    yield from pick.choice.limits
