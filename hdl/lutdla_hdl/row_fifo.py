"""The FIFO of finished accumulator rows, between the lookup datapath and requantisation or output.

The loop nest counts rows from the step that finishes them until they are popped here, and never has more than
`ROW_FIFO` of them under way: so a push always finds room.

Latency: a pushed row is at the head in the next cycle. One push and one pop each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always_comb, always_seq, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import Rows, bits, counter_bits, named, width_for
from lutdla_hdl.memory import lut_ram

ROW_FIFO = 16
"""Rows: more than the stages from loop nest to FIFO, so that rows of one step flow without a gap."""


@block
def row_fifo(
    clk: Any, rst: Any, push: Any, totals: Any, channel: Any, dest: Any, closing: Any, rows: Rows, config: CoreConfig
) -> Any:
    """Args:
    push: take `totals` (lanes x acc_bits) with its channel, dest and closing flag.
    rows: the head.
    """
    n = width_for(ROW_FIFO)
    head, tail, level = counter_bits(n), counter_bits(n), bits(n + 1)
    word = ConcatSignal(closing, dest, channel, totals)
    front = bits(len(word))
    store = named(lut_ram(clk, push, tail, word, head, front, ROW_FIFO), "store")
    valid, pop, data, at_channel, at_dest, at_closing = (
        rows.valid, rows.pop, rows.data, rows.channel, rows.dest, rows.closing
    )  # fmt: skip
    c0 = len(totals)
    c1 = c0 + len(channel)
    c2 = c1 + len(dest)

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

    @always_comb
    def outputs():
        valid.next = level != 0
        data.next = front[c0:]
        at_channel.next = front[c1:c0]
        at_dest.next = front[c2:c1]
        at_closing.next = front[c2]

    return instances()
