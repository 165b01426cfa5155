"""A board, as the search of `lutdla.explore` sees it."""

from __future__ import annotations

from lutdla.explore.limits import RESOURCES, Limits
from lutdla_overlay.boards import Board
from lutdla_overlay.clocks import pl_clock
from lutdla_overlay.cores import load_core

FIELDS = {"ramb36": "bram36"}
"""Where a resource has another name in board files."""


def limits_of(board: Board) -> Limits:
    """Resources and memory port of a board; the clock is the one that its own core assumes."""
    core = load_core(board.core)
    clock = pl_clock(board.ps.io_pll_mhz, core.clock_mhz_assumed).mhz
    return Limits(board.key, core.family, clock, min(128, board.ps.memory_bits),
                  {name: getattr(board.resources, FIELDS.get(name, name)) for name in RESOURCES})
