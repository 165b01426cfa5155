"""A dense int8 multiply-accumulate array: the baseline that the lookup core is compared with. No part of the core.

    activations (block RAM) --> one for each row --------+
    weights (block RAM) ------> one for each column --> rows x columns of: multiply --register--> accumulate
                                                         accumulators shift down, a row a cycle --> results

Output-stationary: accumulator (i, j) sums activation i times weight j over `steps` cycles, then all are shifted out.
Operands are 0 outside these steps, so that accumulators hold without an enable, and one LUT a bit is enough to add,
restart and shift. Throughput: rows x columns MACs a cycle while it runs; draining takes `rows` cycles.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from myhdl import ConcatSignal, ResetSignal, ToVerilogWarning, always, always_comb, always_seq, block, instances

from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.interfaces import bits, counter_bits, flag, named, signed_bits, width_for
from lutdla_hdl.memory import masked_ram
from lutdla_hdl.short_stack import short_stack

ACC_BITS = 24

LATENCY = 3
"""Cycles from an address to the accumulator: memory, product, sum."""


@block
def mac(clk: Any, a: Any, w: Any, first: Any, drain: Any, above: Any, acc: Any) -> Any:
    """acc += a * w, two cycles later.

    Args:
        first: with a product: the sum starts with it.
        drain: take over the accumulator `above`; products are 0 then.
    """
    product = signed_bits(16)
    kept = signed_bits(len(acc))

    @always(clk.posedge)
    def multiply():
        product.next = a.signed() * w.signed()

    @always_comb
    def keep():
        if drain:
            kept.next = above
        elif first:
            kept.next = 0
        else:
            kept.next = acc

    @always(clk.posedge)
    def add():
        acc.next = kept + product

    return instances()


@block
def control(clk: Any, rst: Any, start: Any, steps: Any, running: Any, address: Any, draining: Any, busy: Any,
            rows: int) -> Any:  # fmt: skip
    """Runs `steps` addresses, waits until the last product is added, drains `rows` cycles."""
    left = counter_bits(width_for(LATENCY + rows + 1))
    wait_and_drain = LATENCY - 1 + rows

    @always_comb
    def decide():
        busy.next = running or left != 0
        draining.next = left != 0 and left <= rows

    @always_seq(clk.posedge, reset=rst)
    def count():
        if running:
            address.next = address + 1
            if address == steps - 1:
                running.next = False
                left.next = wait_and_drain
        elif left != 0:
            left.next = left - 1
        elif start:
            running.next = True
            address.next = 0

    return instances()


@block
def dense_array(
    clk: Any, rst: Any, write: Any, waddr: Any, activations: Any, weights: Any, start: Any, steps: Any, busy: Any,
    valid: Any, results: Any, rows: int, columns: int, depth: int,
) -> Any:  # fmt: skip
    """Args:
    write, waddr, activations, weights: fill both memories: `rows` and `columns` int8 values at step `waddr`.
    start, steps: run the first `steps` (1..depth) steps, when not `busy`.
    valid, results: `columns` accumulators of 24 bits, the last row first, `rows` cycles in a row.
    """
    running, idle, beginning, first, draining = (flag() for _ in range(5))
    address = counter_bits(width_for(depth))
    a_word, w_word = bits(8 * rows), bits(8 * columns)
    run = named(control(clk, rst, start, steps, running, address, draining, busy, rows), "control")

    @always_comb
    def sides():
        idle.next = not running
        beginning.next = running and address == 0

    a_memory = named(masked_ram(clk, write, waddr, activations, idle, address, a_word, depth), "a_memory")
    w_memory = named(masked_ram(clk, write, waddr, weights, idle, address, w_word, depth), "w_memory")
    wait_first = named(delay_flag(clk, rst, beginning, first, LATENCY - 1), "wait_first")
    wait_valid = named(delay(clk, draining, valid, 1), "wait_valid")

    zero = signed_bits(ACC_BITS)
    acc = [[signed_bits(ACC_BITS) for _ in range(columns)] for _ in range(rows)]
    macs = [
        named(
            mac(clk, a_word(8 * i + 8, 8 * i), w_word(8 * j + 8, 8 * j), first, draining,
                acc[i - 1][j] if i else zero, acc[i][j]),
            f"mac{i}_{j}",
        )
        for i in range(rows) for j in range(columns)
    ]  # fmt: skip
    bottom = ConcatSignal(*reversed([x(ACC_BITS, 0) for x in acc[rows - 1]]))

    @always(clk.posedge)
    def out():
        results.next = bottom

    return run, sides, a_memory, w_memory, wait_first, wait_valid, macs, out


def convert_array(rows: int, columns: int, depth: int, out: str | Path) -> Path:
    """Write `dense_array.v` to a folder; its path."""
    signals = (
        flag(), ResetSignal(0, active=0, isasync=False), flag(), bits(width_for(depth)), bits(8 * rows),
        bits(8 * columns), flag(), bits(width_for(depth + 1)), flag(), flag(), bits(ACC_BITS * columns),
    )  # fmt: skip
    with warnings.catch_warnings(), short_stack():
        warnings.simplefilter("ignore", ToVerilogWarning)
        dense_array(*signals, rows, columns, depth).convert(
            hdl="Verilog", path=str(out), name="dense_array", no_myhdl_header=True, testbench=False,
            initial_values=False,
        )  # fmt: skip
    return Path(out) / "dense_array.v"
