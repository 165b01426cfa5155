"""The FIFO of finished accumulator rows, between the lookup datapath and requantisation or output.

The loop nest counts rows from the step that finishes them until they are popped here, and never has more than
`ROW_FIFO` of them under way: so a push always finds room. Beside it runs a queue with what is needed of each record
whose rows are under way (`Tail`): records overlap.

Latency: a pushed row is at the head in the next cycle. One push and one pop each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import ROW_FIFO
from lutdla_hdl.interfaces import Rows, Tail, bits, counter_bits, flag, named, width_for
from lutdla_hdl.memory import lut_ram
from lutdla_hdl.record import Record

RECORDS = 4
"""Records with rows under way, at most."""


@block
def fifo(clk: Any, rst: Any, push: Any, word: Any, pop: Any, front: Any, level: Any, depth: int) -> Any:
    """`front`: the oldest of `level` words."""
    n = width_for(depth)
    head, tail = counter_bits(n), counter_bits(n)
    store = named(lut_ram(clk, push, tail, word, head, front, depth), "store")

    @always_seq(clk.posedge, reset=rst)
    def pointers():
        if push:
            tail.next = tail + 1
        if pop:
            head.next = head + 1
        if push and not pop:
            level.next = level + 1
        elif pop and not push:
            level.next = level - 1

    return instances()


@block
def row_fifo(clk: Any, rst: Any, push: Any, totals: Any, beside: Any, rows: Rows, config: CoreConfig) -> Any:
    """Args:
    push: take `totals` (lanes x acc_bits), and `beside` them: closing, ending, pool_last, pool_first, dest, channel.
    rows: the head.
    """
    word = ConcatSignal(beside, totals)
    front, level = bits(len(word)), bits(width_for(ROW_FIFO) + 1)
    valid, pop, data, at_channel, at_dest = rows.valid, rows.pop, rows.data, rows.channel, rows.dest
    first, last, ending, closing = rows.pool_first, rows.pool_last, rows.ending, rows.closing
    queue = named(fifo(clk, rst, push, word, pop, front, level, ROW_FIFO), "queue")
    c0 = len(totals)
    c1 = c0 + len(rows.channel)
    c2 = c1 + len(rows.dest)
    assert c2 + 4 == len(word)

    @always_comb
    def outputs():
        valid.next = level != 0
        data.next = front[c0:]
        at_channel.next = front[c1:c0]
        at_dest.next = front[c2:c1]
        first.next = front[c2]
        last.next = front[c2 + 1]
        ending.next = front[c2 + 2]
        closing.next = front[c2 + 3]

    return instances()


@block
def tail_queue(
    clk: Any, rst: Any, start: Any, record: Record, rows: Rows, tail: Tail, full: Any, config: CoreConfig
) -> Any:
    """The records whose rows are under way.

    Args:
        start: `record` begins.
        tail: of the record that the row at the FIFO head belongs to.
        full: no further record may begin.
    """
    word = ConcatSignal(
        record.encoding_stride, record.codebooks, record.encodings, record.value_out, record.value_in, record.dest,
        record.codebook, record.constant, record.high, record.low,
        record.encode, record.has_store, record.has_residual, record.to_output,
    )  # fmt: skip
    pushed, front, level = bits(len(word)), bits(len(word)), bits(width_for(RECORDS) + 1)
    push, pop = flag(), flag()
    finish, row_pop, row_ending = record.finish, rows.pop, rows.ending
    queue = named(fifo(clk, rst, push, pushed, pop, front, level, RECORDS), "queue")
    to_output, residual, store, encode = tail.to_output, tail.residual, tail.store, tail.encode
    low, high, constant, codebook, dest = tail.low, tail.high, tail.constant, tail.codebook, tail.dest
    value_in, value_out = tail.value_in, tail.value_out
    encodings, codebooks, encoding_stride = tail.encodings, tail.codebooks, tail.encoding_stride

    @always_comb
    def gather():
        pushed.next = word

    @always_comb
    def move():
        # a record that finishes no row has nothing to say
        push.next = start and finish
        pop.next = row_pop and row_ending
        full.next = level == RECORDS

    @always_comb
    def outputs():
        to_output.next = front[0]
        residual.next = front[1]
        store.next = front[2]
        encode.next = front[3]
        low.next = front[12:4]
        high.next = front[20:12]
        constant.next = front[36:20]
        codebook.next = front[52:36]
        dest.next = front[68:52]
        value_in.next = front[84:68]
        value_out.next = front[100:84]
        encodings.next = front[103:100]
        codebooks.next = front[119:103]
        encoding_stride.next = front[135:119]

    return instances()
