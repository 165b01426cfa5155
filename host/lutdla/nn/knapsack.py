"""One option for each of several items, least loss under limits of what they cost together: exact.

Partial choices are kept while nothing that costs no more is better (dynamic programming over Pareto fronts), and while
a Lagrangian bound says that they may still beat the best choice that is known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError

Floats = npt.NDArray[np.float64]
MOST_LIMITS = 2
ROUNDS = 300
"""Of the search for Lagrange multipliers."""


@dataclass(frozen=True)
class Option:
    """What an item may be.

    Attributes:
        loss: 0 or more.
        costs: one number for each limit, 0 or more.
    """

    loss: float
    costs: tuple[float, ...]


def least_loss(items: Sequence[Sequence[Option]], limits: Sequence[float]) -> list[int]:
    """The option of each item, by position: least total loss, total costs within the limits (two at most).

    Of equal losses the cheaper choice is taken.

    Raises:
        InputError: an item has no options, costs do not fit the limits, or no choice is within them.
    """
    for i, options in enumerate(items):
        if not options or any(len(option.costs) != len(limits) for option in options):
            raise InputError(f"item {i} has {len(options)} options: it needs one or more, each with {len(limits)} "
                             "costs")
    if len(limits) > MOST_LIMITS:
        raise InputError(f"there are {len(limits)} limits: {MOST_LIMITS} are the most that fronts are kept for")
    if not limits:
        return [min(range(len(options)), key=lambda j: options[j].loss) for options in items]
    bounds = np.asarray(limits, np.float64)
    losses = [np.array([option.loss for option in options]) for options in items]
    costs = [np.array([option.costs for option in options], np.float64) for options in items]
    multipliers, known = _lagrange(losses, costs, bounds)
    # from item i on: the least that is still to come, in loss with multipliers, and in each cost
    still = _suffix([float((loss + cost @ multipliers).min()) for loss, cost in zip(losses, costs)])
    least = np.array([_suffix([cost[:, k].min() for cost in costs]) for k in range(len(limits))]).T
    front: list[tuple[float, tuple[float, ...], tuple[int, ...]]] = [(0.0, (0.0,) * len(limits), ())]
    for i, (loss, cost) in enumerate(zip(losses, costs)):
        grown = [(total + float(loss[j]), tuple(float(a + b) for a, b in zip(spent, cost[j])), (*chosen, j))
                 for total, spent, chosen in front for j in range(len(loss))]
        kept = []
        for total, spent, chosen in grown:
            used = np.asarray(spent)
            if np.any(used + least[i + 1] > bounds):
                continue
            bound = total + still[i + 1] - float(multipliers @ (bounds - used))
            if bound <= known * (1 + 1e-12) + 1e-300:
                kept.append((total, spent, chosen))
        front = _pareto(kept)
    if not front:
        needs = ", ".join(f"{need:,.0f} of {limit:,.0f}" for need, limit in zip(least[0], bounds))
        raise InputError(f"no choice is within the limits: the least that is needed of each alone is {needs}: raise "
                         "the limits or offer cheaper options")
    return list(min(front, key=lambda one: (one[0], one[1]))[2])


def _lagrange(losses: list[Floats], costs: list[Floats], bounds: Floats) -> tuple[Floats, float]:
    """Multipliers whose bound is high, and the loss of the best choice within the limits that was met."""
    scale = sum(float(loss.max() - loss.min()) for loss in losses) or 1.0
    multipliers, best, best_bound, known = np.zeros(len(bounds)), np.zeros(len(bounds)), -np.inf, np.inf
    for step in range(ROUNDS):
        chosen = [int((loss + cost @ multipliers).argmin()) for loss, cost in zip(losses, costs)]
        loss = sum(float(one[j]) for one, j in zip(losses, chosen))
        spent = np.sum([one[j] for one, j in zip(costs, chosen)], axis=0)
        bound = loss + float(multipliers @ (spent - bounds))
        if bound > best_bound:
            best_bound, best = bound, multipliers.copy()
        if np.all(spent <= bounds):
            known = min(known, loss)
        over = (spent - bounds) / np.maximum(bounds, 1)
        multipliers = np.maximum(0, multipliers + scale / np.maximum(bounds, 1) * over * 4 / (1 + step))
    return best, known


def _suffix(values: Sequence[float]) -> list[float]:
    """Sums of all values from each position on; 0 at the end."""
    sums = [0.0]
    for value in reversed(values):
        sums.append(sums[-1] + float(value))
    return sums[::-1]


def _pareto(choices: list[tuple[float, tuple[float, ...], tuple[int, ...]]]
            ) -> list[tuple[float, tuple[float, ...], tuple[int, ...]]]:
    """What nothing else beats or equals in loss and in all costs (two at most)."""
    front: list[tuple[float, tuple[float, ...], tuple[int, ...]]] = []
    stairs: list[tuple[float, float]] = []  # (last cost, loss) of those kept: costs rise, losses fall
    for choice in sorted(choices, key=lambda one: (one[1], one[0])):
        loss, spent, _ = choice
        last = spent[-1] if len(spent) > 1 else 0.0
        at = bisect_right(stairs, (last, float("inf")))
        if at and stairs[at - 1][1] <= loss:
            continue
        while at < len(stairs) and stairs[at][1] >= loss:
            del stairs[at]
        if at and stairs[at - 1][0] == last:
            stairs[at - 1] = (last, loss)
        else:
            stairs.insert(at, (last, loss))
        front.append(choice)
    return front
