"""Area of a core, estimated at once: what yosys would say after minutes.

Block RAM, UltraRAM and multipliers are counted as yosys counts them. Lookup tables and flip-flops are a sum over the
blocks of the core: what their structure says, times coefficients that `benchmarks/area_fit.py` fits to synthesized
cores (`area_coefficients.json`). `benchmarks/cost_model.py` measures the estimate on others.

Only the core is counted. AXI DMA, SmartConnects, interrupt controller and reset of the block design take further lookup
tables and block RAM, which only Vivado knows. And yosys is not Vivado: its areas are themselves a prediction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lutdla.errors import ConfigError
from lutdla.explore.columns import Column, Columns
from lutdla.explore.memories import LUT_RAM, Numbers, memories, place
from lutdla.spec.config import METRICS, RANGES, CoreConfig

COEFFICIENTS_FILE = Path(__file__).with_name("area_coefficients.json")

MULTIPLIER_BITS = {"xc7": 25, "xcup": 27}
"""Of an accumulator that one DSP multiplies; a wider one takes two."""

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

    def times(self, factors: Mapping[str, float]) -> Area:
        """Each resource times its factor (1 where it has none), rounded to what there is: to halves of block RAM."""
        steps = {name: 0.5 if name == "ramb36" else 1.0 for name in self.__dataclass_fields__}
        return Area(**{name: np.rint(getattr(self, name) * (factors.get(name, 1.0) / step)) * step
                       for name, step in steps.items()})


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
    held, found = in_memories(cores, family, ultra_ram), terms(cores, family)
    lut, ff = (sum(coefficients()[kind].get(name, 0.0) * value for name, value in found[kind].items())
               for kind in ("lut", "ff"))
    squares = np.where(cores.is_metric("l2"), cores.encoders * cores.c * cores.v, 0)
    products = cores.group * np.where(cores.acc_bits > MULTIPLIER_BITS[family], 2, 1)
    return Area(lut=_rounded(lut), lutram=_rounded(8 * cores.group + held["lutram"]), ff=_rounded(ff + held["ff"]),
                ramb36=held["ramb36"], uram=_rounded(held["uram"]), dsp=products + squares)


def in_memories(cores: Columns, family: str, ultra_ram: bool) -> dict[str, Numbers]:
    """What all memories take: LUTs, flip-flops of their read registers, block RAM, UltraRAM."""
    held = {name: np.zeros(len(cores)) for name in ("lutram", "ff", "ramb36", "uram")}
    for memory in memories(cores):
        placed = place(memory, family, ultra_ram)
        for name, total in held.items():
            total += memory.count * getattr(placed, name)
    return held


def terms(cores: Columns, family: str) -> dict[str, dict[str, Any]]:
    """What lookup tables and flip-flops are a weighted sum of.

        base, stream_bits   control, registers, packets; buses that are as wide as the stream
        ports               windows, index addresses, masks
        group_FAMILY        requantisation lanes; yosys packs registers and adders into DSPs of xc7 only
        wide_group          those whose product takes two DSPs
        banks               masks and indices of table banks
        trees               adders, and registers, of all lanes' trees, as their structure says
        accumulators        bits of all lanes' accumulators
        comparisons         bits compared, or held, in the encoders' trees of comparisons
        l2, l1, chebyshev   distances, as their structure says

    Returns:
        "lut" and "ff": terms; the flip-flops of memories come on top.
    """
    packed = family == "xc7"
    wide = np.where(cores.acc_bits > MULTIPLIER_BITS[family], cores.group, 0)
    common = {"base": 1, "stream_bits": cores.stream_bits, "ports": cores.ports, f"group_{family}": cores.group,
              "wide_group": wide, "banks": cores.banks, "accumulators": cores.lanes * cores.acc_bits}  # fmt: skip
    tree_lut, tree_ff = _tree(cores)
    distance_lut, distance_ff = _distance(cores, packed)
    nearest = cores.encoders * (cores.c - 1) * cores.distance_bits
    of = {metric: cores.is_metric(metric) for metric in METRICS}
    lut = {**common, "trees": cores.lanes * tree_lut, "comparisons": nearest,
           **{metric: rows * distance_lut for metric, rows in of.items()}}
    ff = {**common, "trees": cores.lanes * tree_ff, "comparisons": _nearest_ff(cores),
          **{metric: rows * distance_ff for metric, rows in of.items()}}
    return {"lut": lut, "ff": ff}


@cache
def coefficients() -> dict[str, dict[str, float]]:
    """Of the terms, as `benchmarks/area_fit.py` fitted them."""
    found: dict[str, dict[str, float]] = json.loads(COEFFICIENTS_FILE.read_text(encoding="utf-8"))
    return found


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
