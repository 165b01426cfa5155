"""Area of a core, estimated at once: what yosys would say after minutes.

Block RAM, UltraRAM and multipliers are counted as yosys counts them. Lookup tables and flip-flops are a sum over the
blocks of the core: what their structure says, and a few coefficients fitted to syntheses (4 to 64 lanes, 1 to 9 ports,
all metrics, both families). `tests/explore/test_area.py` holds what yosys made of 21 of those cores, and how near the
estimate must be; `benchmarks/overlay.py` measures it on the boards' cores.

Only the core is counted. AXI DMA, SmartConnects, interrupt controller and reset of the block design take further lookup
tables and block RAM, which only Vivado knows. And yosys is not Vivado: its areas are themselves a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutdla.errors import ConfigError
from lutdla.explore.columns import Column, Columns
from lutdla.explore.memories import LUT_RAM, Numbers, memories, place
from lutdla.spec.config import METRICS, RANGES, CoreConfig

ABSOLUTE_BITS = 8
"""|difference| of two int8 values."""


@dataclass(frozen=True)
class Area:
    """Resources of a core, as `lutdla_hdl.resources` names them; of several cores, arrays.

    Attributes:
        lut: lookup tables as logic.
        lutram: lookup tables as memory or shift register; they come on top.
        ff: flip-flops.
        ramb36: block RAMs of 36 kbit; a RAMB18 is half of one.
        uram: UltraRAMs.
        dsp: multipliers.
    """

    lut: Any
    lutram: Any
    ff: Any
    ramb36: Any
    uram: Any
    dsp: Any


def estimate(config: CoreConfig, family: str, ultra_ram: bool = False) -> Area:
    """Area of a core in a part.

    Args:
        config: the core.
        family: of the part, as yosys names it: xc7 or xcup.
        ultra_ram: memories may be in UltraRAM.

    Raises:
        ConfigError: an unknown family, or UltraRAM in one that has none.
    """
    found = estimate_all(Columns.of([config]), family, ultra_ram)
    return Area(**{name: getattr(found, name)[0].item() for name in Area.__dataclass_fields__})


def estimate_all(cores: Columns, family: str, ultra_ram: bool = False) -> Area:
    """Area of many cores; as `estimate`."""
    if family not in LUT_RAM:
        raise ConfigError(f"family is {family!r}: use one of {', '.join(LUT_RAM)}")
    if ultra_ram and family == "xc7":
        raise ConfigError("ultra_ram is true, but parts of family xc7 have no UltraRAM: leave it out")
    held = {name: np.zeros(len(cores)) for name in ("lutram", "ff", "ramb36", "uram")}
    for memory in memories(cores):
        placed = place(memory, family, ultra_ram)
        for name, total in held.items():
            total += memory.count * getattr(placed, name)
    packed = family == "xc7"  # yosys puts registers and adders into the multipliers of this family only
    squares = np.where(cores.is_metric("l2"), cores.encoders * cores.c * cores.v, 0)
    tree_lut, tree_ff = _tree(cores)
    distance_lut, distance_ff = _distance(cores, packed)
    nearest = cores.encoders * (cores.c - 1) * cores.distance_bits
    lut = (2000 + 5.5 * cores.stream_bits + 127 * cores.ports + (96 if packed else 121) * cores.group
           + cores.lanes * (tree_lut + 3.2 * cores.acc_bits) + distance_lut + 1.45 * nearest)
    ff = (1670 + 2.5 * cores.stream_bits + (80 if packed else 229) * cores.group
          + cores.lanes * tree_ff + distance_ff + _nearest_ff(cores) + held["ff"])
    return Area(lut=_rounded(lut), lutram=_rounded(8 * cores.group + held["lutram"]), ff=_rounded(ff),
                ramb36=held["ramb36"], uram=_rounded(held["uram"]), dsp=cores.group + squares)


def _rounded(numbers: Numbers) -> Column:
    return np.rint(numbers).astype(np.int64)


def _tree(cores: Columns) -> tuple[Column, Column]:
    """Lookup tables and flip-flops of the adder tree of a lane."""
    # where both banks of a pair are in two memories, one of them needs an OR in front of the adder
    pairs = np.where(cores.table_tail > 0, np.maximum(0, cores.banks // 2 - cores.deep_banks), 0)
    terms, width, lut, ff = cores.banks, 8, 8 * pairs, np.zeros_like(pairs)
    going = np.full(len(cores), True)
    while going.any():
        lut = lut + going * (terms // 2 * width)
        terms, width = (terms + 1) // 2, width + 1
        ff = ff + going * terms * width
        going = going & (terms > 1)
    return lut, ff


def _distance(cores: Columns, packed: bool) -> tuple[Numbers, Numbers]:
    """Lookup tables and flip-flops of all distances to centroids: differences, terms, what joins them."""
    v, wide = cores.v, cores.distance_bits
    sums, absolute = v >= 3, ABSOLUTE_BITS * v  # from v = 3 on, absolute values are part of the adders
    more_lut = {
        "l2": 0 * v if packed else (v - 1) * wide, "l1": np.where(sums, 8.3 * v, absolute + 4 * v),
        "chebyshev": absolute + 14 * (v - 1),
    }  # fmt: skip
    more_ff = {
        "l2": 0 * v if packed else 16 * v + wide, "l1": np.where(sums, 9 + 9 * (v - 2) + wide, absolute + wide),
        "chebyshev": absolute + wide,
    }  # fmt: skip
    count = cores.encoders * cores.c
    lut, ff = (np.choose(cores.metric, [more[metric] for metric in METRICS]) for more in (more_lut, more_ff))
    return count * (9.0 * v + lut), count * (9.0 * v + ff)


def _nearest_ff(cores: Columns) -> Column:
    """Flip-flops of the trees of comparisons: distances but the last, indices that grow by a bit a level."""
    levels = np.arange(1, RANGES["c"][1].bit_length())[:, None]  # those past a core's own add nothing
    indices = ((cores.c >> levels) * levels).sum(axis=0)
    return np.asarray(cores.encoders * ((cores.c - 2) * cores.distance_bits + indices))
