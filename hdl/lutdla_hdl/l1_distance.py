"""L1 distance of three or more coordinates, with fewer lookup tables than absolute values added one by one.

|d| is d with all bits flipped, plus one, where d is negative. The first two coordinates are flipped and added in one
step: the "plus one" of the first is the carry into that adder, that of the second the carry into the last one.

    difference 0, 1 --> flip --> add, carry 0 --> pair, carry 1 --+
    difference 2... --> absolute value --------> sum of the rest -+-> distance

Latency: 3 cycles. Throughput: one distance each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, concat, instances

from lutdla_hdl.interfaces import bits, flag, named, signed_bits


@block
def subtract_bytes(clk: Any, x: Any, centroid: Any, difference: Any) -> Any:
    """`difference` = x - centroid, registered."""

    @always(clk.posedge)
    def subtract():
        difference.next = x.signed() - centroid.signed()

    return subtract


@block
def add_absolute(clk: Any, first: Any, second: Any, pair: Any, carry: Any) -> Any:
    """`pair` + `carry` = |first| + |second|, registered."""
    a, b, wide = bits(8), bits(8), bits(10)

    @always_comb
    def flip():
        if first < 0:
            a.next = first[8:] ^ 0xFF
        else:
            a.next = first[8:]
        if second < 0:
            b.next = second[8:] ^ 0xFF
        else:
            b.next = second[8:]

    @always_comb
    def add():
        # a bit below the lowest one carries the sign in
        wide.next = concat(a, True) + concat(b, first[8])

    @always(clk.posedge)
    def register():
        pair.next = wide[10:1]
        carry.next = second[8]

    return instances()


@block
def add_with_carry(clk: Any, pair: Any, carry: Any, rest: Any, distance: Any) -> Any:
    """`distance` = pair + rest + carry, registered."""
    n = len(distance) + 1
    wide = bits(n)

    @always_comb
    def add():
        wide.next = concat(pair, True) + concat(rest, carry)

    @always(clk.posedge)
    def register():
        distance.next = wide[n:1]

    return instances()


@block
def join_pair(clk: Any, x: Any, centroid: Any, rest: Any, distance: Any) -> Any:
    """`distance` = L1 distance of the first two coordinates, 3 cycles ago, + `rest`, one cycle ago."""
    first, second, pair, carry = signed_bits(9), signed_bits(9), bits(9), flag()
    low = named(subtract_bytes(clk, x(8, 0), centroid(8, 0), first), "low")
    high = named(subtract_bytes(clk, x(16, 8), centroid(16, 8), second), "high")
    both = named(add_absolute(clk, first, second, pair, carry), "both")
    total = named(add_with_carry(clk, pair, carry, rest, distance), "total")
    return low, high, both, total
