"""What a core may take of a board."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.explore.area import Area

WORDS = {"lut": "LUTs", "ff": "flip-flops", "ramb36": "block RAMs", "uram": "UltraRAMs", "dsp": "DSPs"}
"""Resource of a part -> what it is called."""

RESOURCES = tuple(WORDS)
"""LUTs that serve as memory are LUTs too."""

SPARE = {"lut": 0.25, "ff": 0.25, "ramb36": 0.06, "uram": 0.0, "dsp": 0.0}
"""Shares that are left to what surrounds the core: DMA, interconnect, interrupt controller, reset. An assumption: only
Vivado knows how much they take."""


def whole(shares: dict[str, Any]) -> Any:
    """How full a part is, as the objective "area" counts it: shares of what cores compete for, added up."""
    return shares["lut"] + shares["ramb36"] + shares["uram"] + shares["dsp"]


@dataclass(frozen=True)
class Limits:
    """A board as the search sees it.

    Attributes:
        name: of the board.
        family: of its part, as yosys names it.
        clock_mhz: that predictions assume.
        stream_bits: width of its memory port, at most.
        amounts: what its part has, by `RESOURCES`.
        spare: shares that cores must leave, by `RESOURCES`.
        factors: by which areas are multiplied, by fields of `Area`, where they were compared with a toolchain
            (`lutdla.explore.calibration`); what is missing is 1.
    """

    name: str
    family: str
    clock_mhz: float
    stream_bits: int
    amounts: dict[str, int]
    spare: dict[str, float] = field(default_factory=lambda: dict(SPARE))
    factors: dict[str, float] = field(default_factory=dict)

    def __hash__(self) -> int:
        amounts = (frozenset(each.items()) for each in (self.amounts, self.spare, self.factors))
        return hash((self.name, self.family, self.clock_mhz, self.stream_bits, *amounts))

    @property
    def memory_bits(self) -> int:
        """Of all memories of the part, lookup tables included: more than any core can use."""
        return (36 * self.amounts["ramb36"] + 288 * self.amounts["uram"]) * 1024 + 64 * self.amounts["lut"] // 2

    def expected(self, area: Area) -> Area:
        """What cores of an estimated area take, by the factors of the toolchain."""
        return area.times(self.factors) if self.factors else area

    def shares(self, area: Area) -> dict[str, Any]:
        """Share of the part that cores of an estimated area take, by `RESOURCES`; of what the part lacks, the
        amount."""
        area = self.expected(area)
        used = {"lut": area.lut + area.lutram, "ff": area.ff, "ramb36": area.ramb36, "uram": area.uram, "dsp": area.dsp}
        return {name: used[name] / max(1, self.amounts[name]) for name in RESOURCES}

    def holds(self, area: Area) -> npt.NDArray[np.bool_]:
        """Which cores of an estimated area fit, with room for what surrounds them."""
        shares = self.shares(area)
        fits = [np.asarray(shares[name]) <= (1 - self.spare[name] if self.amounts[name] else 0) for name in RESOURCES]
        return np.asarray(np.logical_and.reduce(fits))
