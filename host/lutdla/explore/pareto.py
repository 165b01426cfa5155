"""Which of many points no other point beats in everything."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

PART = 1024
"""Points that are compared with each other at a time."""


def front(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Rows that no other row dominates: none is as small in every column, and smaller in one.

    Args:
        values: (N, K), smaller is better in each column. Of equal rows, the first one stays.

    Returns:
        row numbers, in rising order of the first column.
    """
    order = np.lexsort(values.T[::-1])  # what dominates a row comes before it
    found = np.zeros(0, np.int64)
    for start in range(0, len(order), PART):
        part = order[start : start + PART]
        part = part[~_dominated(values[part], values[found])]
        # within the part, only rows before a row can dominate it
        covered = (values[part][None] <= values[part][:, None]).all(axis=2)  # (row, by)
        part = part[~np.tril(covered, -1).any(axis=1)]
        found = np.concatenate([found, part])
    return found


def _dominated(rows: npt.NDArray[Any], by: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which rows are nowhere smaller than one of `by`."""
    covered = np.zeros(len(rows), np.bool_)
    for start in range(0, len(by), PART):
        some = by[start : start + PART]
        covered |= (some[None] <= rows[:, None]).all(axis=2).any(axis=1)
    return covered
