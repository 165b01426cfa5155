"""Which ways to encode are trained next, and what accuracy is good enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lutdla.explore.short_run import ShortRun
from lutdla.explore.ways import Way, spread

DROP = 0.03
"""Below the dense network: what is given up unless the user says otherwise. Long trainings reach more than these."""


def usual_floor(runs: Iterable[ShortRun]) -> float | None:
    """The accuracy that a pick must reach where the user sets none: the dense network's, less `DROP`; None: nothing was
    trained, or what is scored is no accuracy."""
    dense = [run.dense for run in runs if run.score == "accuracy"]
    return max(dense) - DROP if dense else None


def next_ways(ways: Sequence[Way], known: Mapping[Way, float], floor: float | None, runs: int) -> list[Way]:
    """Ways to train next; none: it is enough.

    Args:
        ways: all, the one with the least estimated loss first.
        known: accuracies of those that were trained.
        floor: accuracy that is to be reached; None: none.
        runs: ways that may be trained in all.
    """
    left = runs - len(known)
    if left <= 0 or not ways:
        return []
    if not known:  # half of them, spread over the front
        return [ways[at] for at in spread(len(ways), max(1, (runs + 1) // 2))]
    if floor is None:
        return []
    tried = [i for i, way in enumerate(ways) if way in known]
    reached = [i for i in tried if known[ways[i]] >= floor]
    low = max(reached, default=-1)  # the coarsest way that reaches the floor
    high = min((i for i in tried if i > low and known[ways[i]] < floor), default=len(ways))
    between = [i for i in range(low + 1, high) if ways[i] not in known]
    return [ways[between[len(between) // 2]]] if between else []
