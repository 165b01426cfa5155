"""Area of a core, estimated at once: what yosys would say after minutes.

Block RAM, UltraRAM and multipliers are counted as yosys counts them. Lookup tables and flip-flops are a sum over the
blocks of the core: what their structure says, and a few coefficients fitted to syntheses (4 to 64 lanes, 1 to 9 ports,
all metrics, both families). `tests/overlay/test_area.py` holds what yosys made of 21 of those cores, and how near the
estimate must be; `benchmarks/overlay.py` measures it on the boards' cores.

Only the core is counted. AXI DMA, SmartConnects, interrupt controller and reset of the block design take further lookup
tables and block RAM, which only Vivado knows. And yosys is not Vivado: its areas are themselves a prediction.
"""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.area_memories import LUT_RAM, memories, place

ABSOLUTE_BITS = 8
"""|difference| of two int8 values."""


@dataclass(frozen=True)
class Area:
    """Resources of a core, as `lutdla_hdl.resources` names them.

    Attributes:
        lut: lookup tables as logic.
        lutram: lookup tables as memory or shift register; they come on top.
        ff: flip-flops.
        ramb36: block RAMs of 36 kbit; a RAMB18 is half of one.
        uram: UltraRAMs.
        dsp: multipliers.
    """

    lut: int
    lutram: int
    ff: int
    ramb36: float
    uram: int
    dsp: int


def estimate(config: CoreConfig, family: str, ultra_ram: bool = False) -> Area:
    """Area of a core in a part.

    Args:
        config: the core.
        family: of the part, as yosys names it: xc7 or xcup.
        ultra_ram: memories may be in UltraRAM.

    Raises:
        ConfigError: an unknown family, or UltraRAM in one that has none.
    """
    if family not in LUT_RAM:
        raise ConfigError(f"family is {family!r}: use one of {', '.join(LUT_RAM)}")
    if ultra_ram and family == "xc7":
        raise ConfigError("ultra_ram is true, but parts of family xc7 have no UltraRAM: leave it out")
    held = [(memory.count, place(memory, family, ultra_ram)) for memory in memories(config)]
    packed = family == "xc7"  # yosys puts registers and adders into the multipliers of this family only
    squares = config.encoders * config.c * config.v if config.metric == "l2" else 0
    tree_lut, tree_ff = _tree(config)
    distance_lut, distance_ff = _distance(config, packed)
    nearest = config.encoders * (config.c - 1) * config.distance_bits
    lut = (2000 + 5.5 * config.stream_bits + 127 * config.ports + (96 if packed else 121) * config.group
           + config.lanes * (tree_lut + 3.2 * config.acc_bits) + distance_lut + 1.45 * nearest)
    ff = (1670 + 2.5 * config.stream_bits + (80 if packed else 229) * config.group
          + config.lanes * tree_ff + distance_ff + _nearest_ff(config) + sum(n * placed.ff for n, placed in held))
    return Area(
        lut=round(lut), lutram=round(8 * config.group + sum(n * placed.lutram for n, placed in held)), ff=round(ff),
        ramb36=sum(n * placed.ramb36 for n, placed in held), uram=sum(n * placed.uram for n, placed in held),
        dsp=config.group + squares,
    )  # fmt: skip


def _tree(config: CoreConfig) -> tuple[int, int]:
    """Lookup tables and flip-flops of the adder tree of a lane."""
    # where both banks of a pair are in two memories, one of them needs an OR in front of the adder
    pairs = max(0, config.banks // 2 - config.deep_banks) if config.table_tail else 0
    terms, width, lut, ff = config.banks, 8, 8 * pairs, 0
    while True:
        lut += terms // 2 * width
        terms, width = (terms + 1) // 2, width + 1
        ff += terms * width
        if terms == 1:
            return lut, ff


def _distance(config: CoreConfig, packed: bool) -> tuple[float, int]:
    """Lookup tables and flip-flops of all distances to centroids: differences, terms, what joins them."""
    v, wide = config.v, config.distance_bits
    lut, ff = 9.0 * v, 9 * v
    if config.metric == "l2":
        lut, ff = (lut, ff) if packed else (lut + (v - 1) * wide, ff + 16 * v + wide)
    elif config.metric == "l1" and v >= 3:  # absolute values are part of the adders
        lut, ff = lut + 8.3 * v, ff + 9 + 9 * (v - 2) + wide
    else:
        joined = 4 * v if config.metric == "l1" else 14 * (v - 1)
        lut, ff = lut + ABSOLUTE_BITS * v + joined, ff + ABSOLUTE_BITS * v + wide
    return config.encoders * config.c * lut, config.encoders * config.c * ff


def _nearest_ff(config: CoreConfig) -> int:
    """Flip-flops of the trees of comparisons: distances but the last, indices that grow by a bit a level."""
    indices = sum((config.c >> level) * level for level in range(1, config.index_bits + 1))
    return config.encoders * ((config.c - 2) * config.distance_bits + indices)
