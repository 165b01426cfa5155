"""Packet headers: their fields, and whether this core can do what they ask (see `lutdla.spec.packets`)."""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import PACKET_MAGIC, TABLE, ErrorCode, Kind, load_words_limit
from lutdla_hdl.interfaces import AxiStream, bits, named


@block
def header_limits(memory: Any, depth: Any, last_bank: Any, last_chunk: Any, most: Any, config: CoreConfig) -> Any:
    """Depth, banks, beats of a word and words in a packet of the memory that a header names."""
    d0, d1, d2, d3, d4 = (config.depth(m) for m in LOADABLE)
    b0, b1, b2, b3, b4 = (config.memory_banks(m) - 1 for m in LOADABLE)
    c0, c1, c2, c3, c4 = (config.beats_per_word(m) - 1 for m in LOADABLE)
    m0, m1, m2, m3, m4 = (load_words_limit(config, m) for m in LOADABLE)

    @always_comb
    def choose():
        if memory == 0:
            depth.next = d0
            last_bank.next = b0
            last_chunk.next = c0
            most.next = m0
        elif memory == 1:
            depth.next = d1
            last_bank.next = b1
            last_chunk.next = c1
            most.next = m1
        elif memory == 2:
            depth.next = d2
            last_bank.next = b2
            last_chunk.next = c2
            most.next = m2
        elif memory == 3:
            depth.next = d3
            last_bank.next = b3
            last_chunk.next = c3
            most.next = m3
        else:
            depth.next = d4
            last_bank.next = b4
            last_chunk.next = c4
            most.next = m4

    return choose


@block
def check_header(
    magic: Any, kind: Any, memory: Any, bank: Any, where: Any, length: Any, loaded: Any, frame_beats: Any,
    images_left: Any, busy: Any, starved: Any, last_chunk: Any, verdict: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """`verdict`: error code of a header, 0 if it is good.

    `images_left`: images whose frames the run in progress still takes. `busy`: a run is in progress. `starved`: it
    waits for a table piece.
    """
    depth, last_bank, most, named_memory = bits(17), bits(8), bits(12), bits(7)
    limits = named(header_limits(named_memory, depth, last_bank, last_chunk, most, config), "limits")
    memories, table = len(LOADABLE), TABLE
    good_magic = PACKET_MAGIC
    begin, load, commit, run, frames, tables = (
        int(kind) for kind in (Kind.BEGIN, Kind.LOAD, Kind.COMMIT, Kind.RUN, Kind.INPUT, Kind.TABLES)
    )
    fine, bad_magic, bad_kind, bad_memory, bad_address, bad_length, not_loaded, bad_frame, bad_order = (
        int(code) for code in (ErrorCode.NONE, ErrorCode.MAGIC, ErrorCode.KIND, ErrorCode.MEMORY, ErrorCode.ADDRESS,
                               ErrorCode.LENGTH, ErrorCode.NOT_LOADED, ErrorCode.FRAME, ErrorCode.ORDER)
    )  # fmt: skip

    @always_comb
    def strip():
        # bit 7 marks the last packet of a table piece
        named_memory.next = memory[7:]

    @always_comb
    def judge():
        verdict.next = fine
        if magic != good_magic:
            verdict.next = bad_magic
        elif kind == frames:
            if images_left == 0:
                verdict.next = bad_order
            elif where == 0 or where > images_left or length != frame_beats:
                verdict.next = bad_frame
        elif kind == tables:
            if not busy:
                verdict.next = bad_order
            elif named_memory != table or bank > last_bank:
                verdict.next = bad_memory
            elif where > depth or length > depth - where:
                verdict.next = bad_address
            elif length == 0:
                verdict.next = bad_length
        elif kind != begin and kind != load and kind != commit and kind != run:
            verdict.next = bad_kind
        elif images_left != 0 or starved:
            verdict.next = bad_order
        elif kind == load:
            if memory >= memories or bank > last_bank:
                verdict.next = bad_memory
            elif where > depth or length > depth - where:
                verdict.next = bad_address
            elif length == 0 or length > most:
                verdict.next = bad_length
        elif kind == run:
            if not loaded:
                verdict.next = not_loaded
            elif where == 0:
                verdict.next = bad_frame

    return instances()


@block
def header_fields(
    clk: Any, take_low: Any, take_high: Any, s_axis: AxiStream, magic: Any, kind: Any, memory: Any, bank: Any,
    where: Any, length: Any,
) -> Any:  # fmt: skip
    """Registers of the header: one beat of 128 bits, or two of 64."""
    tdata = s_axis.tdata
    base = 64 if len(tdata) == 128 else 0
    a, b, c = base, base + 32, base + 64

    @always(clk.posedge)
    def capture():
        if take_low:
            magic.next = tdata[32:]
            kind.next = tdata[40:32]
            memory.next = tdata[48:40]
            bank.next = tdata[64:48]
        if take_high:
            where.next = tdata[b:a]
            length.next = tdata[c:b]

    return capture
