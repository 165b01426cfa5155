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
    """Addresses of one step, without the bases that later stages add."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        """A step is offered."""
        self.take = flag()
        """The datapath takes it."""
        self.first = flag()
        """It starts an accumulator row."""
        self.last = flag()
        """It finishes an accumulator row."""
        self.closing = flag()
        """It is the last step of the record."""
        self.index = counter_bits(16)
        self.table = counter_bits(width_for(config.table_rows // config.c))
        self.accumulator = counter_bits(width_for(config.accumulator_rows))
        self.channel = counter_bits(width_for(max(config.constant_rows, config.codebook_rows)))
        self.dest = counter_bits(width_for(config.index_words * config.groups_per_word))


@block
def loop_counter(
    clk: Any, start: Any, tick: Any, last: Any, reduce: Any, at_last: Any, first_ok: Any, last_ok: Any
) -> Any:
    """One loop: counts 0..`last`, once for each `tick`.

    `first_ok`, `last_ok`: not reducing, or at the first or last value.
    """
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
        at_last.next = count == last
        first_ok.next = not reduce or count == 0
        last_ok.next = not reduce or count == last

    return instances()


@block
def address(clk: Any, start: Any, take: Any, base: Any, at_last: list[Any], increments: list[Any], value: Any) -> Any:
    """One address: `base`, then plus the increment of the loop that advances. Wraps."""
    at_last1, at_last2, at_last3 = at_last[1:]
    step0, step1, step2, step3 = increments

    @always(clk.posedge)
    def move():
        if start:
            value.next = base
        elif take:
            if not at_last3:
                value.next = value + step3
            elif not at_last2:
                value.next = value + step2
            elif not at_last1:
                value.next = value + step1
            else:
                value.next = value + step0

    return move


@block
def loop_nest(clk: Any, rst: Any, start: Any, record: Record, step: Step) -> Any:
    """The nest of `LOOPS` loops.

    Args:
        start: begin the loops of `record`, which must hold its value until the last step is taken.
        step: the addresses offered; `step.take` is the caller's.
    """
    assert LOOPS == 4, "address() selects among four loops"
    ticks = [flag() for _ in range(LOOPS)]
    at_last = [flag() for _ in range(LOOPS)]
    first_ok = [flag() for _ in range(LOOPS)]
    last_ok = [flag() for _ in range(LOOPS)]
    counters = [
        named(
            loop_counter(
                clk, start, ticks[i], record.loop_last[i], record.loop_reduce[i], at_last[i], first_ok[i], last_ok[i]
            ),
            f"loop{i}",
        )
        for i in range(LOOPS)
    ]
    bases = {"index": record.index, "table": record.table, "dest": record.dest}
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
    tick0, tick1, tick2, tick3 = ticks
    last0, last1, last2, last3 = at_last
    f0, f1, f2, f3 = first_ok
    l0, l1, l2, l3 = last_ok
    valid, take, first, last, closing = step.valid, step.take, step.first, step.last, step.closing

    @always_comb
    def cascade():
        tick3.next = take
        tick2.next = take and last3
        tick1.next = take and last3 and last2
        tick0.next = take and last3 and last2 and last1

    @always_comb
    def flags():
        first.next = f0 and f1 and f2 and f3
        last.next = l0 and l1 and l2 and l3
        closing.next = last0 and last1 and last2 and last3

    @always_seq(clk.posedge, reset=rst)
    def run():
        if start:
            valid.next = True
        elif take and closing:
            valid.next = False

    return instances()
