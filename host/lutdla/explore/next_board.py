"""The next board that would help: the smallest on which the same way to encode is clearly better."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lutdla.explore.answer import Answer
from lutdla.explore.limits import Limits
from lutdla.explore.pieces import bounds, piece
from lutdla.explore.plain import to_plain
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.work import Piece

CLEARLY = 1.25
"""Times as many images a second, at least."""


def next_board(shape: NetworkShape, answer: Answer, others: Iterable[Limits], v: int, c: int, metric: str,
               run: Callable[[list[Piece]], list[Any]]) -> str | None:
    """A sentence that names it; None: no board is clearly better.

    Args:
        shape: of the network.
        answer: of the board that there is, which may have no pick.
        others: boards to look at.
        v, c, metric: the way to encode.
        run: does pieces of work, and returns their results.
    """
    mine = 0.0 if answer.pick is None else answer.pick.choice.images_per_s
    for at in sorted(others, key=lambda at: (at.amounts["lut"], at.name)):
        if not _larger(at, answer.limits):
            continue
        # with all tables in the core first: there are fewer ways to rate
        for streams in (False, True):
            (rows,) = run([piece(f"next board {at.name}", bounds, shape=to_plain(shape), limits=to_plain(at),
                                 objective="throughput", v=v, c=[c], metric=[metric], streams=streams)])
            rate = max((at.clock_mhz * 1e6 / row["image"] for row in rows), default=0.0)
            if rate > CLEARLY * mine:
                times = f", {rate / mine:.1f} times as many" if mine else ""
                return f"the next board that would help is {at.name}: up to {rate:,.0f} images/s{times}"
            if rows:
                break
    return None


def _larger(other: Limits, board: Limits) -> bool:
    """Whether a board has more of what cores are made of."""
    return other.amounts["lut"] > board.amounts["lut"] or other.memory_bits > board.memory_bits
