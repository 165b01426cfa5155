"""L1 distance of three or more coordinates, with fewer lookup tables than absolute values added one by one.

|d| is d with all bits flipped, plus one, where d is negative. An adder takes one flipped operand, beside a plain one,
into the lookup tables that it needs anyway, and the "plus one" as its carry: only the first coordinate needs an
absolute value of its own.

    difference 0 --> absolute value --+
    difference 1 --> flip ------------+--> pair --+
    difference 2... ---------------------> flip --+--> distance

Latency: 3 cycles. Throughput: one distance each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block

from lutdla_hdl.delay import delay
from lutdla_hdl.interfaces import bits, counter_bits, named, signed_bits


@block
def subtract_bytes(clk: Any, x: Any, centroid: Any, difference: Any) -> Any:
    """`difference` = x - centroid, registered."""

    @always(clk.posedge)
    def subtract():
        difference.next = x.signed() - centroid.signed()

    return subtract


@block
def absolute(difference: Any, magnitude: Any) -> Any:
    """`magnitude` = |difference|."""
    flipped = bits(8)

    @always_comb
    def flip():
        if difference < 0:
            flipped.next = difference[8:] ^ 0xFF
        else:
            flipped.next = difference[8:]

    @always_comb
    def add():
        # a carry chain takes one operand as it is: the first one
        magnitude.next = difference[8] + flipped

    return flip, add


@block
def add_absolute(before: Any, difference: Any, total: Any) -> Any:
    """`total` = before + |difference|.

    Written as before - (-|difference|), so that `before` is the operand that the carry chain takes as it is: of a sum,
    synthesis chooses the narrower one. -|d| is `negative`, plus one where d is not negative: that one is the borrow of
    a bit below the lowest one.
    """
    width = len(total)
    n, sign = width + 1, (1 << (width - 8)) - 1
    negative, wide = bits(8), counter_bits(n)

    @always_comb
    def flip():
        if difference < 0:
            negative.next = difference[8:]
        else:
            negative.next = difference[8:] ^ 0xFF

    @always_comb
    def add():
        wide.next = (before << 1) - ((sign << 9) | (negative << 1) | (not difference[8]))

    @always_comb
    def cut():
        total.next = wide[n:1]

    return flip, add, cut


@block
def l1_distance(clk: Any, x: Any, centroid: Any, distance: Any, v: int) -> Any:
    """`distance` = sum of |x - centroid| over `v` >= 3 bytes, 3 cycles later."""
    differences = [signed_bits(9) for _ in range(v)]
    late = [signed_bits(9) for _ in range(2, v)]
    subtracts = [
        named(subtract_bytes(clk, x(8 * i + 8, 8 * i), centroid(8 * i + 8, 8 * i), differences[i]), f"subtract{i}")
        for i in range(v)
    ]
    # `single` wraps: in simulation, a delta cycle may join a new sign and old bits
    single, double, pair = counter_bits(8), bits(9), bits(9)
    first = named(absolute(differences[0], single), "add0")
    second = named(add_absolute(single, differences[1], double), "add1")
    hold = named(delay(clk, double, pair, 1), "pair")
    waits = [named(delay(clk, differences[i], late[i - 2], 1), f"wait{i}") for i in range(2, v)]
    sums = [pair, *(bits(len(distance)) for _ in range(2, v))]
    adds = [named(add_absolute(sums[i - 2], late[i - 2], sums[i - 1]), f"add{i}") for i in range(2, v)]
    out = named(delay(clk, sums[-1], distance, 1), "out")
    return subtracts, first, second, hold, waits, adds, out
