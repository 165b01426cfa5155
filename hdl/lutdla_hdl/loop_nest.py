"""The affine loop nest: turns a program record into one set of addresses each cycle.

Each loop is a counter; an address is a register to which the increment of the loop that advances is added, so no
multiplier is needed (see `lutdla.spec.program.increments`).

Latency: `step` and the addresses are valid one cycle after `start`; then one step each cycle in which `take`.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, always_seq, block, instances

from lutdla.spec.config import LOOPS, STREAMS, CoreConfig
from lutdla_hdl.interfaces import counter_bits, flag, named, width_for
from lutdla_hdl.record import Record


class Step:
    """Addresses of one step; those that a record gives a base for hold it."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        """A step is offered."""
        self.take = flag()
        """The datapath takes it."""
        self.first = flag()
        """It starts an accumulator row from 0."""
        self.last = flag()
        """It finishes an accumulator row."""
        self.pool_first = flag()
        """Pooling starts with its row."""
        self.pool_last = flag()
        """The pool is complete with its row."""
        self.closing = flag()
        """It is the last step of the record."""
        # an index word that counts lies below index_words, so these may wrap
        self.index = counter_bits(width_for(config.index_words))
        self.shortcut = counter_bits(width_for(config.index_words))
        self.y = counter_bits(16)
        self.x = counter_bits(16)
        self.window = counter_bits(width_for(config.window_rows))
        self.table = counter_bits(width_for(config.table_rows // config.c))
        self.accumulator = counter_bits(width_for(config.accumulator_rows))
        self.channel = counter_bits(width_for(max(config.constant_rows, config.codebook_rows)))
        self.dest = counter_bits(16)


@block
def loop_counter(clk: Any, start: Any, tick: Any, last: Any, at_first: Any, at_last: Any) -> Any:
    """One loop: counts 0..`last`, once for each `tick`."""
    count = counter_bits(len(last))

    @always(clk.posedge)
    def advance():
        if start:
            count.next = 0
        elif tick:
            if count == last:
                count.next = 0
            else:
                count.next = count + 1

    @always_comb
    def compare():
        at_first.next = count == 0
        at_last.next = count == last

    return instances()


@block
def address(clk: Any, start: Any, take: Any, base: Any, at_last: list[Any], increments: list[Any], value: Any) -> Any:
    """One address: `base`, then plus the increment of the loop that advances. Wraps."""
    at_last1, at_last2, at_last3, at_last4, at_last5 = at_last[1:]
    step0, step1, step2, step3, step4, step5 = increments

    @always(clk.posedge)
    def move():
        if start:
            value.next = base
        elif take:
            if not at_last5:
                value.next = value + step5
            elif not at_last4:
                value.next = value + step4
            elif not at_last3:
                value.next = value + step3
            elif not at_last2:
                value.next = value + step2
            elif not at_last1:
                value.next = value + step1
            else:
                value.next = value + step0

    return move


@block
def every(marks: list[Any], reached: list[Any], allowed: Any, result: Any) -> Any:
    """`result`: `allowed`, and every marked loop has reached its end."""
    m0, m1, m2, m3, m4, m5 = marks
    r0, r1, r2, r3, r4, r5 = reached

    @always_comb
    def join():
        result.next = (
            allowed and (r0 or not m0) and (r1 or not m1) and (r2 or not m2) and (r3 or not m3) and (r4 or not m4)
            and (r5 or not m5)
        )  # fmt: skip

    return join


@block
def loop_nest(clk: Any, rst: Any, start: Any, record: Record, step: Step) -> Any:
    """The nest of `LOOPS` loops.

    Args:
        start: begin the loops of `record`, which must hold its value until the last step is taken.
        step: the addresses offered; `step.take` is the caller's.
    """
    assert LOOPS == 6, "address() and every() name six loops"
    ticks, at_first, at_last = ([flag() for _ in range(LOOPS)] for _ in range(3))
    counters = [
        named(loop_counter(clk, start, ticks[i], record.loop_last[i], at_first[i], at_last[i]), f"loop{i}")
        for i in range(LOOPS)
    ]
    bases = {"index": record.index, "shortcut": record.shortcut, "window": record.window, "table": record.table}
    addresses = [
        named(
            address(
                clk, start, step.take,
                bases[s](len(getattr(step, s)), 0) if s in bases else 0,
                at_last, [record.increments[s][i](len(getattr(step, s)), 0) for i in range(LOOPS)], getattr(step, s),
            ),  # fmt: skip
            f"{s}_address",
        )
        for s in STREAMS
    ]
    first = named(every(record.loop_reduce, at_first, record.begin, step.first), "first")
    last = named(every(record.loop_reduce, at_last, record.finish, step.last), "last")
    pool_first = named(every(record.loop_pool, at_first, record.finish, step.pool_first), "pool_first")
    pool_last = named(every(record.loop_pool, at_last, record.finish, step.pool_last), "pool_last")
    tick0, tick1, tick2, tick3, tick4, tick5 = ticks
    last0, last1, last2, last3, last4, last5 = at_last
    valid, take, closing = step.valid, step.take, step.closing

    @always_comb
    def cascade():
        tick5.next = take
        tick4.next = take and last5
        tick3.next = take and last5 and last4
        tick2.next = take and last5 and last4 and last3
        tick1.next = take and last5 and last4 and last3 and last2
        tick0.next = take and last5 and last4 and last3 and last2 and last1

    @always_comb
    def end():
        closing.next = last0 and last1 and last2 and last3 and last4 and last5

    @always_seq(clk.posedge, reset=rst)
    def run():
        if start:
            valid.next = True
        elif take and closing:
            valid.next = False

    return counters, addresses, first, last, pool_first, pool_last, cascade, end, run
