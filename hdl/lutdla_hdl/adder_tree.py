"""Adder trees: pairwise, a register behind every pair, a new set of terms each cycle."""

from __future__ import annotations

from typing import Any

from myhdl import always, block

from lutdla_hdl.interfaces import bits, named, signed_bits


@block
def add_bytes(clk: Any, a: Any, b: Any, total: Any) -> Any:
    """`total` = a + b, two's complement bit patterns, registered."""

    @always(clk.posedge)
    def add():
        total.next = a.signed() + b.signed()

    return add


@block
def add_sums(clk: Any, a: Any, b: Any, total: Any) -> Any:
    """`total` = a + b, registered."""

    @always(clk.posedge)
    def add():
        total.next = a + b

    return add


@block
def pass_byte(clk: Any, a: Any, total: Any) -> Any:
    """`total` = a, a two's complement bit pattern without a partner, registered."""

    @always(clk.posedge)
    def copy():
        total.next = a.signed()

    return copy


@block
def pass_sum(clk: Any, a: Any, total: Any) -> Any:
    """`total` = a, registered."""

    @always(clk.posedge)
    def copy():
        total.next = a

    return copy


def stages(terms: int) -> int:
    """Register stages of a tree over so many terms, at least 1."""
    return max(1, (terms - 1).bit_length())


@block
def adder_tree(clk: Any, terms: list[Any], total: Any, signed: bool = True) -> Any:
    """`total` = sum of equally wide terms, `stages(len(terms))` cycles later.

    `signed`: terms are two's complement bit patterns and sums are signed signals; otherwise all are unsigned.
    """
    level, width, number, nodes = list(terms), len(terms[0]), 0, []
    raw = signed
    while len(level) > 1 or number == 0:
        width += 1
        following = [(signed_bits if signed else bits)(width) for _ in range((len(level) + 1) // 2)]
        if len(following) == 1:
            following = [total]
        for k in range(len(following)):
            pair = level[2 * k : 2 * k + 2]
            if len(pair) == 2:
                made = (add_bytes if raw else add_sums)(clk, pair[0], pair[1], following[k])
            else:
                made = (pass_byte if raw else pass_sum)(clk, pair[0], following[k])
            nodes.append(named(made, f"add{number}"))
            number += 1
        level, raw = following, False
    return nodes
