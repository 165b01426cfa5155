"""Counts what the banks do in a step: rows looked up, and zeros added for padding.

    per port: active blocks --> count, given to one of two trees by `inside` --> sum over ports

Latency: 1 cycle and the stages of a tree over all ports. Throughput: one step each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, block, instances, intbv

from lutdla_hdl.adder_tree import adder_tree, stages
from lutdla_hdl.delay import delay_flag
from lutdla_hdl.interfaces import bits, named


def latency(ports: int) -> int:
    """Cycles from masks to counts."""
    return 1 + stages(ports)


@block
def count_port(clk: Any, active: Any, inside: Any, looked_up: Any, padded: Any) -> Any:
    """Ones of `active`, in `looked_up` where `inside`, otherwise in `padded`; the other is 0."""
    width, n = len(active), len(looked_up)

    @always(clk.posedge)
    def count():
        found = intbv(0)[n:]
        found[:] = 0
        for i in range(width):
            if active[i]:
                found[:] = found + 1
        looked_up.next = 0
        padded.next = 0
        if inside:
            looked_up.next = found
        else:
            padded.next = found

    return count


@block
def count_banks(
    clk: Any, rst: Any, valid: Any, active: list[Any], inside: list[Any], counted: Any, lookups: Any, padding: Any
) -> Any:
    """Args:
    valid: a step is here.
    active: for each port, which of its blocks the window uses.
    inside: for each port, whether it lies inside the feature map.
    counted: `latency(ports)` cycles after `valid`, with the two counts of that step.
    lookups: banks that add a table row. Wide enough for all banks, as `padding`.
    padding: banks that add 0 instead.
    """
    n = len(active[0]).bit_length()
    found, absent = [bits(n) for _ in active], [bits(n) for _ in active]
    counts = [named(count_port(clk, active[p], inside[p], found[p], absent[p]), f"port{p}") for p in range(len(active))]
    lookup_tree = named(adder_tree(clk, found, lookups, False), "lookup_tree")
    padding_tree = named(adder_tree(clk, absent, padding, False), "padding_tree")
    flow = named(delay_flag(clk, rst, valid, counted, latency(len(active))), "flow")
    return instances()
