"""The pieces of work that a search is made of (`lutdla.explore.work`), but those that train."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lutdla.errors import ConfigError
from lutdla.explore.choice import choose, order
from lutdla.explore.limits import Limits, whole
from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.source import files, source
from lutdla.explore.work import Piece
from lutdla.spec.config import METRICS


def piece(label: str, function: Callable[..., Any], **given: Any) -> Piece:
    """A piece whose key says what is done, with what, and by which source: what was found by another, or of a file that
    has changed since, is found again."""
    content = json.dumps([source(), function.__name__, given, files(given)], sort_keys=True)
    return Piece(f"{label} {hashlib.sha256(content.encode()).hexdigest()[:16]}", function, given)


def bounds(shape: dict[str, Any], limits: dict[str, Any], objective: str, v: int, c: Sequence[int],
           metric: Sequence[str], streams: bool = True) -> list[dict[str, Any]]:
    """For each way to encode with this v that fits a board: its best core's cycles and energy, at least.

    Args:
        shape, limits: `NetworkShape` and `Limits`, as JSON has them.
        objective: what the best core is best by.
        v, c, metric: of the ways.
        streams: whether tables may be streamed.

    Returns:
        a dictionary for each: v, c, metric, score (what the objective minimises), image (cycles of an image).
    """
    network, board = from_plain(shape, NetworkShape), from_plain(limits, Limits)
    try:
        rated = rate(network, board, streams=streams, v=[v], c=list(c), metric=list(metric))
    except ConfigError:  # no core has such a v and c
        return []
    ranks = np.empty(len(rated.cores), np.int64)
    ranks[order(rated, board, objective)] = np.arange(len(rated.cores))
    found = []
    for at in c:
        for name in metric:
            rows = np.flatnonzero((rated.cores.c == at) & rated.cores.is_metric(name))
            if not len(rows):
                continue
            best = rows[np.argmin(ranks[rows])]
            cycles, images = int(rated.image[best]), int(rated.images[best])
            share = float(whole(board.shares(rated.area))[best])
            score = {"throughput": cycles, "latency": cycles * images, "energy": float(rated.energy[best]),
                     "area": share}[objective]
            found.append({"v": v, "c": at, "metric": name, "score": score, "image": cycles})
    return found


def chosen(shape: dict[str, Any], limits: dict[str, Any], objective: str, v: int, c: int,
           metric: str) -> dict[str, Any] | None:
    """The best core of a way to encode, compiled for: `Choice` as JSON has it. None: nothing fits.

    Args:
        shape: of the network; where maps have a v of their own, with that.
        limits, objective, v, c, metric: as for `bounds`.
    """
    network, board = from_plain(shape, NetworkShape), from_plain(limits, Limits)
    assert metric in METRICS
    try:
        rated = rate(network, board, v=[v], c=[c], metric=[metric])
    except ConfigError:
        return None
    found = choose(network, rated, board, objective)
    return None if found is None else to_plain(found)
