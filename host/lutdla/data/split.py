"""Splits for sets that come without one: seeded, stratified, and the same on every machine and in every version.

No random numbers: units are put in order by a digest of their own content and the seed, so that neither the order in
which they were read nor a library's generator decides.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError

Indices = npt.NDArray[np.int64]


def order_key(seed: int, content: bytes) -> bytes:
    """What inputs are sorted by: looks random, depends on content and seed alone."""
    return hashlib.sha256(b"%d:" % seed + content).digest()


def stratified_split(
    contents: Sequence[bytes], strata: Sequence[Hashable], *, test_fraction: float, seed: int = 0,
) -> tuple[Indices, Indices]:
    """Positions of training and test inputs, each ascending.

    Inputs with equal content stay on one side (and count as of the stratum of the first of them). Each stratum gives
    `test_fraction` of its inputs, rounded, or a few less where duplicates would not fit.

    Args:
        contents: of each input, what makes it itself.
        strata: of each input, its class or another thing that both sides should have in equal shares.
        test_fraction: 0 < fraction < 1.

    Raises:
        InputError: lengths differ, or the fraction is out of range.
    """
    if len(contents) != len(strata):
        raise InputError(f"{len(contents)} contents and {len(strata)} strata: give one of each for every input")
    if not 0 < test_fraction < 1:
        raise InputError(f"test_fraction={test_fraction}: it must lie between 0 and 1")
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, content in enumerate(contents):
        groups[order_key(seed, content)].append(i)
    by_stratum: dict[Hashable, list[bytes]] = defaultdict(list)
    for key in sorted(groups):
        by_stratum[strata[groups[key][0]]].append(key)
    test: list[int] = []
    for keys in by_stratum.values():
        room = round(test_fraction * sum(len(groups[key]) for key in keys))
        for key in keys:
            if len(groups[key]) <= room:
                test += groups[key]
                room -= len(groups[key])
    is_test = np.zeros(len(contents), bool)
    is_test[test] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
