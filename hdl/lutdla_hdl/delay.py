"""Delay lines: values that travel beside a pipeline."""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, always_seq, block, concat, instances

from lutdla_hdl.interfaces import bits


@block
def delay(clk: Any, value: Any, late: Any, cycles: int) -> Any:
    """`late` is `value` of `cycles` (>= 1) cycles ago. No reset, so that it becomes shift-register LUTs."""
    width = len(value)
    if cycles == 1:

        @always(clk.posedge)
        def shift():
            late.next = value

    else:
        total = width * cycles
        line = bits(total)

        @always(clk.posedge)
        def shift():
            line.next = concat(line[total - width :], value)

        @always_comb
        def tap():
            late.next = line[total : total - width]

    return instances()


@block
def delay_flag(clk: Any, rst: Any, value: Any, late: Any, cycles: int) -> Any:
    """`late` is the flag `value` of `cycles` (>= 1) cycles ago; cleared by reset."""
    if cycles == 1:

        @always_seq(clk.posedge, reset=rst)
        def shift():
            late.next = value

    else:
        line = bits(cycles)

        @always_seq(clk.posedge, reset=rst)
        def shift():
            line.next = concat(line[cycles - 1 :], value)

        @always_comb
        def tap():
            late.next = line[cycles - 1]

    return instances()
