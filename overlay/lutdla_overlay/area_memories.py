"""Memories of the core, and what they become in a part: block RAM, UltraRAM or lookup tables.

yosys takes for each memory what costs least: the costs below are those that its descriptions of Xilinx' memories name
(`lutrams_xc5v.txt`, `lutrams_xcu.txt`, `brams_xc4v.txt`, `urams.txt`). Widths are in bits, depths in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import ROW_FIFO
from lutdla.spec.program import record_fields
from lutdla.spec.window import PORT_FIELDS

HALF_WORDS = {1: 16384, 2: 8192, 4: 4096, 9: 2048, 18: 1024, 36: 512}
"""A RAMB18: width -> words. A RAMB36 has twice as many, or 512 of `WIDEST` bits."""

WIDEST = 72

HALF_COST, FULL_COST, ULTRA_COST = 129, 257, 1024
ULTRA_WIDTH, ULTRA_WORDS = 72, 4096

LUT_RAM = {"xc7": (3, 4, 8), "xcup": (7, 8, 16)}
"""Family -> a cell of 64 words: width, lookup tables, cost. One of 32 words is twice as wide."""

MUX_COST = 0.5
"""Of a bit that is chosen between two cells one behind the other."""

RUN = 9
"""Bits next to each other that are not looked at, where fields are wider than what they address: about so many."""

RECORDS, RECORD_BITS = 4, 135
"""Queue of records whose rows are under way."""


@dataclass(frozen=True)
class Memory:
    """Memories of the core that are alike.

    Attributes:
        count: how many there are.
        width, depth: of each.
        registered: read through a register, which a block RAM needs.
        used: share of its bits that are looked at: fields of records and windows are wider than addresses.
    """

    count: int
    width: int
    depth: int
    registered: bool = True
    used: float = 1.0


@dataclass(frozen=True)
class Placed:
    """What a memory takes: lookup tables, flip-flops of its read register, block RAM, UltraRAM."""

    lutram: float = 0
    ff: float = 0
    ramb36: float = 0
    uram: int = 0


def address_bits(depth: int) -> int:
    """Width of an address of so many words."""
    return max(1, (depth - 1).bit_length())


def memories(config: CoreConfig) -> Iterator[Memory]:
    """All memories of a core."""
    group = config.group
    shallow = config.banks - config.deep_banks if config.table_tail else 0
    for width in _beats(config, "table"):
        yield Memory(config.banks - shallow, width, 1 << address_bits(config.table_rows))
        for depth in _powers(config.table_rows) if shallow else ():
            yield Memory(shallow, width, depth)
    for depth in _powers(config.index_words):
        yield Memory(config.ports * config.groups_per_word, config.encoders * config.index_bits, depth)
    for memory, count, used in (("window", 1, _used_of_window(config)), ("program", 1, _used_of_program(config)),
                                ("codebook", config.encoders, 1.0), ("constant", 1, 1.0)):
        for width in _beats(config, memory):
            yield Memory(count, width, config.depth(memory), used=used)
    yield Memory(1, 8 * group, config.value_rows)
    yield Memory(1, config.stream_bits, config.packet_beats)
    yield Memory(1, 32, config.program_rows)  # cycles of each record
    yield Memory(config.lanes, config.acc_bits, config.accumulator_rows, registered=False)
    beside = address_bits(max(config.constant_rows, config.codebook_rows)) + 16 + 4  # channel, dest, flags
    yield Memory(1, config.lanes * config.acc_bits + beside, ROW_FIFO, registered=False)
    yield Memory(1, RECORD_BITS, RECORDS, registered=False, used=_used_of_program(config))
    if config.groups_per_row > 1:
        yield Memory(1, 8 * group, config.groups_per_row, registered=False)  # max-pooling


def place(memory: Memory, family: str, ultra_ram: bool) -> Placed:
    """What one of these memories becomes in a part of the family.

    Args:
        memory: which.
        family: one of `LUT_RAM`.
        ultra_ram: it may be UltraRAM.
    """
    cell_width, cell_luts, cell_cost = LUT_RAM[family]
    cell_width *= 2 if memory.depth <= 32 else 1
    behind = -(-memory.depth // 64)
    luts_cost = memory.width / cell_width * cell_cost * behind + MUX_COST * (behind - 1) * memory.width
    block_cost, halves = _block_ram(memory.width, memory.depth)
    ultra = -(-memory.width // ULTRA_WIDTH) * -(-memory.depth // ULTRA_WORDS)
    if not memory.registered or luts_cost < block_cost:
        cells = -(-memory.width // cell_width) * behind
        # a cell is left out only when none of its bits is looked at
        left_out = (1 - memory.used) * max(0, RUN + 1 - cell_width) / RUN
        return Placed(lutram=cells * cell_luts * (1 - left_out), ff=memory.registered * memory.width * memory.used)
    if ultra_ram and ultra * ULTRA_COST < block_cost:
        return Placed(uram=ultra)
    return Placed(ramb36=halves / 2)


def _block_ram(width: int, depth: int) -> tuple[int, int]:
    """Cost of the cheapest block RAM, and what it takes as RAMB18s."""
    shapes = [(FULL_COST, 2, WIDEST, 512)]
    for cell_width, words in HALF_WORDS.items():
        shapes += [(HALF_COST, 1, cell_width, words), (FULL_COST, 2, cell_width, 2 * words)]
    return min((cost * count, halves * count) for cost, halves, cell_width, words in shapes
               if (count := -(-width // cell_width) * -(-depth // words)))


def _beats(config: CoreConfig, memory: str) -> list[int]:
    """Widths of the memories that hold a word of a loadable memory: one for each beat."""
    whole, rest = divmod(8 * config.word_bytes(memory), config.stream_bits)
    return [config.stream_bits] * whole + [rest] * (rest > 0)


def _powers(depth: int) -> tuple[int, ...]:
    """A depth as that of the memories which hold it: a power of two, or one and a smaller one."""
    largest = 1 << (depth.bit_length() - 1)
    return (depth,) if depth == largest else (largest, depth - largest)


def _used_of_window(config: CoreConfig) -> float:
    narrow = {"offset": address_bits(config.index_words), "blocks": config.blocks, "shortcut": 1}
    port = sum(narrow.get(name, width) for name, width in PORT_FIELDS)
    bits = config.ports * port + address_bits(config.table_rows // config.c)
    return bits / (8 * config.word_bytes("window"))


def _used_of_program(config: CoreConfig) -> float:
    narrow = {
        "index": address_bits(config.index_words), "shortcut": address_bits(config.index_words),
        "window": address_bits(config.window_rows), "table": address_bits(config.table_rows // config.c),
        "accumulator": address_bits(config.accumulator_rows), "constant": address_bits(config.constant_rows),
        "codebook": address_bits(config.codebook_rows),
        "channel": address_bits(max(config.constant_rows, config.codebook_rows)),
        "in": address_bits(config.value_rows), "out": address_bits(config.value_rows),
    }  # fmt: skip
    fields = record_fields(config)
    used = sum(min(width, narrow.get(name.rpartition("_")[2], width)) for name, width in fields)
    return used / sum(width for _, width in fields)
