"""Memories of cores, and what they become in a part: block RAM, UltraRAM or lookup tables.

yosys takes for each memory what costs least: the costs below are those that its descriptions of Xilinx' memories name
(`lutrams_xc5v.txt`, `lutrams_xcu.txt`, `brams_xc4v.txt`, `urams.txt`). Widths are in bits, depths in words; all are
columns, an entry for each core.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.explore.columns import Column, Columns, address_bits, ceil_div, largest_power
from lutdla.spec.hazards import ROW_FIFO
from lutdla.spec.program import record_fields
from lutdla.spec.window import PORT_FIELDS

Numbers = npt.NDArray[np.float64]

HALF_WORDS = {1: 16384, 2: 8192, 4: 4096, 9: 2048, 18: 1024, 36: 512}
"""A RAMB18: width -> words. A RAMB36 has twice as many, or 512 of `WIDEST` bits."""

WIDEST = 72

HALF_COST, FULL_COST, ULTRA_COST = 129, 257, 1024
ULTRA_WORDS = {9: 32768, 18: 16384, 36: 8192, 72: 4096}
"""An UltraRAM: width -> words. yosys puts several narrow words into one of its rows."""

LUT_RAM = {"xc7": (3, 4, 8), "xcup": (7, 8, 16)}
"""Family -> a cell of 64 words: width, lookup tables, cost. One of 32 words is twice as wide."""

MUX_COST = 0.5
"""Of a bit that is chosen between two cells one behind the other."""

RUN = 9
"""Bits next to each other that are not looked at, where fields are wider than what they address: about so many."""

RECORDS, RECORD_BITS = 4, 135
"""Queue of records whose rows are under way."""

SHAPES = ((FULL_COST, 2, WIDEST, 512),
          *((HALF_COST, 1, width, words) for width, words in HALF_WORDS.items()),
          *((FULL_COST, 2, width, 2 * words) for width, words in HALF_WORDS.items()))  # fmt: skip
"""Block RAM: cost, RAMB18s, width, words."""


@dataclass(frozen=True)
class Memory:
    """Memories of a core that are alike.

    Attributes:
        name: which memory of the core they are.
        count: how many there are, which may be none.
        width, depth: of each; of those that a core does not have, anything.
        registered: read through a register, which a block RAM needs.
        used: share of its bits that are looked at: fields of records and windows are wider than addresses.
    """

    name: str
    count: Any
    width: Any
    depth: Any
    registered: bool = True
    used: Any = 1.0


@dataclass(frozen=True)
class Placed:
    """What a memory takes: lookup tables, flip-flops of its read register, block RAM, UltraRAM."""

    lutram: Numbers
    ff: Numbers
    ramb36: Numbers
    uram: Column


def memories(cores: Columns) -> Iterator[Memory]:
    """All memories of the cores."""
    group = cores.group
    shallow = np.where(cores.table_tail > 0, cores.banks - cores.deep_banks, 0)
    for beats, width in _beats(cores, "table"):
        yield Memory("table", beats * (cores.banks - shallow), width, _whole(cores.table_rows))
        for share, depth in _powers(cores.table_rows):
            yield Memory("table", beats * shallow * share, width, depth)
    for share, depth in _powers(cores.index_words):
        yield Memory("index", share * cores.ports * cores.groups_per_word, cores.encoders * cores.index_bits, depth)
    for name, count, used in (("window", 1, _used_of_window(cores)), ("program", 1, _used_of_program(cores)),
                              ("codebook", cores.encoders, 1.0), ("constant", 1, 1.0)):
        for beats, width in _beats(cores, name):
            yield Memory(name, beats * count, width, getattr(cores, f"{name}_rows"), used=used)
    yield Memory("value", 1, 8 * group, cores.value_rows)
    yield Memory("packet", 1, cores.stream_bits, cores.packet_beats)
    yield Memory("cycles", 1, 32, cores.program_rows)
    yield Memory("accumulator", cores.lanes, cores.acc_bits, cores.accumulator_rows, registered=False)
    beside = address_bits(np.maximum(cores.constant_rows, cores.codebook_rows)) + 16 + 4  # channel, dest, flags
    yield Memory("row FIFO", 1, cores.lanes * cores.acc_bits + beside, ROW_FIFO, registered=False)
    yield Memory("records", 1, RECORD_BITS, RECORDS, registered=False, used=_used_of_program(cores))
    yield Memory("pool", cores.groups_per_row > 1, 8 * group, np.maximum(2, cores.groups_per_row), registered=False)


def place(memory: Memory, family: str, ultra_ram: bool) -> Placed:
    """What one of these memories becomes in a part of the family.

    Args:
        memory: which.
        family: one of `LUT_RAM`.
        ultra_ram: it may be UltraRAM.
    """
    width, depth, used = (np.atleast_1d(np.asarray(value)) for value in (memory.width, memory.depth, memory.used))
    narrow, cell_luts, cell_cost = LUT_RAM[family]
    cell_width = np.where(depth <= 32, 2 * narrow, narrow)
    behind = ceil_div(depth, 64)
    luts_cost = width / cell_width * cell_cost * behind + MUX_COST * (behind - 1) * width
    block_cost, halves = _block_ram(width, depth)
    ultra = np.min([ceil_div(width, wide) * ceil_div(depth, words) for wide, words in ULTRA_WORDS.items()], axis=0)
    in_luts = (luts_cost < block_cost) | (not memory.registered)
    in_ultra = ~in_luts & (ultra * ULTRA_COST < block_cost) & ultra_ram
    # a cell is left out only when none of its bits is looked at
    left_out = (1 - used) * np.maximum(0, RUN + 1 - cell_width) / RUN
    return Placed(
        lutram=np.where(in_luts, ceil_div(width, cell_width) * behind * cell_luts * (1 - left_out), 0.0),
        ff=np.where(in_luts, memory.registered * width * used, 0.0),
        ramb36=np.where(in_luts | in_ultra, 0.0, halves / 2), uram=np.where(in_ultra, ultra, 0),
    )  # fmt: skip


def _block_ram(width: Column, depth: Column) -> tuple[Column, Column]:
    """Cost of the cheapest block RAM, and what it takes as RAMB18s."""
    cost, halves, wide, words = (np.array(column)[:, None] for column in zip(*SHAPES, strict=True))
    count = ceil_div(width, wide) * ceil_div(depth, words)  # (shapes, N)
    costs, halves = cost * count, halves * count
    cheapest = np.argmin((costs << 24) + halves, axis=0)[None]  # of equal costs, the fewest
    return np.take_along_axis(costs, cheapest, axis=0)[0], np.take_along_axis(halves, cheapest, axis=0)[0]


def _beats(cores: Columns, memory: str) -> tuple[tuple[Column, Column], tuple[Column, Column]]:
    """The memories that hold a word of a loadable memory, one for each beat: how many, and width; whole beats first."""
    bits = 8 * cores.word_bytes(memory)
    whole, rest = bits // cores.stream_bits, bits % cores.stream_bits
    return (whole, cores.stream_bits), ((rest > 0).astype(np.int64), np.maximum(1, rest))


def _powers(depth: Column) -> tuple[tuple[Column, Column], tuple[Column, Column]]:
    """A depth as those of the memories which hold it, a power of two, or one and a smaller one: how many, and depth."""
    largest = largest_power(depth)
    rest = depth - largest
    return (np.ones_like(depth), largest), ((rest > 0).astype(np.int64), np.maximum(1, rest))


def _whole(depth: Column) -> Column:
    """The next power of two."""
    return np.int64(1) << address_bits(depth)


def _used_of_window(cores: Columns) -> Numbers:
    narrow = {"offset": address_bits(cores.index_words), "blocks": cores.blocks, "shortcut": 1}
    port = sum(narrow.get(name, width) for name, width in PORT_FIELDS)
    bits = cores.ports * port + address_bits(cores.table_rows // cores.c)
    return np.asarray(bits / (8 * cores.word_bytes("window")))


def _used_of_program(cores: Columns) -> Numbers:
    narrow = {
        "index": address_bits(cores.index_words), "shortcut": address_bits(cores.index_words),
        "window": address_bits(cores.window_rows), "table": address_bits(cores.table_rows // cores.c),
        "accumulator": address_bits(cores.accumulator_rows), "constant": address_bits(cores.constant_rows),
        "codebook": address_bits(cores.codebook_rows),
        "channel": address_bits(np.maximum(cores.constant_rows, cores.codebook_rows)),
        "in": address_bits(cores.value_rows), "out": address_bits(cores.value_rows),
    }  # fmt: skip
    fields = record_fields(cores)  # type: ignore[arg-type]
    used = sum(np.minimum(width, narrow.get(name.rpartition("_")[2], width)) for name, width in fields)
    return np.asarray(used / sum(width for _, width in fields))
