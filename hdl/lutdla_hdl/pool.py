"""Max-pooling behind the clamp: the maximum over the rows of a pool, for each group of a row.

    value --> larger of value and held --> register, and held for the pool's next row

Latency: 1 cycle. Throughput: one group each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, always, always_comb, block

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import bits, named
from lutdla_hdl.memory import lut_ram


@block
def larger(first: Any, held: Any, value: Any, best: Any) -> Any:
    """`best` = the larger of two int8 values, or `value` where the pool starts with it (`first`)."""

    @always_comb
    def choose():
        if first or value.signed() > held.signed():
            best.next = value
        else:
            best.next = held

    return choose


@block
def max_pool(clk: Any, valid: Any, first: Any, number: Any, values: list[Any], pooled: Any, config: CoreConfig) -> Any:
    """Args:
    valid: `values` (a group) are here: group `number` of its row.
    first: the pool starts with this row: what was held before does not count.
    pooled: the maximum so far, this group included; a cycle later.
    """
    held = bits(len(pooled))
    best = [bits(8) for _ in values]
    lanes = [
        named(larger(first, held(8 * k + 8, 8 * k), values[k], best[k]), f"larger{k}") for k in range(len(values))
    ]
    joined = ConcatSignal(*reversed(best)) if len(best) > 1 else best[0]

    @always(clk.posedge)
    def register():
        if valid:
            pooled.next = joined

    if config.groups_per_row == 1:

        @always_comb
        def keep():
            held.next = pooled

    else:
        keep = named(lut_ram(clk, valid, number, joined, number, held, config.groups_per_row), "held")
    return lanes, register, keep
