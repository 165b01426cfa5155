"""A board, as the search of `lutdla.explore` sees it."""

from __future__ import annotations

from dataclasses import replace

from lutdla.explore.calibration import Calibration
from lutdla.explore.limits import RESOURCES, Limits
from lutdla_overlay.boards import Board
from lutdla_overlay.clocks import pl_clock
from lutdla_overlay.cores import load_core

FIELDS = {"ramb36": "bram36"}
"""Where a resource has another name in board files."""


def limits_of(board: Board, calibration: Calibration | None = None) -> Limits:
    """Resources and memory port of a board, and the clock that it can make.

    Args:
        board: the board.
        calibration: what a toolchain makes of our estimates; None, or of another family: the clock is the one that the
            board's own core assumes, and areas are as estimated.
    """
    core = load_core(board.core)
    limits = Limits(board.key, core.family, core.clock_mhz_assumed, min(128, board.ps.memory_bits),
                    {name: getattr(board.resources, FIELDS.get(name, name)) for name in RESOURCES})
    if calibration is not None:
        limits = calibration.apply_limits(limits, board.part)
        limits = replace(limits, clock_mhz=min(limits.clock_mhz, board.ps.io_pll_mhz / 2))  # more is never made
    return replace(limits, clock_mhz=pl_clock(board.ps.io_pll_mhz, limits.clock_mhz).mhz)
