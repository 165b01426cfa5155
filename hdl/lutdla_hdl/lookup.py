"""The lookup datapath (LUT-DLA's IMM): table banks, an adder tree for each lane, accumulators.

    indices, masks --> ports x blocks table banks --register--> per lane: adder tree --> accumulator row

Latency from `indices` to `total`: 1 (table) + `tree_stages` cycles; the accumulator is read, added to and written in
the next cycle, so any order of rows is free of hazards. Throughput: one step each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import ConcatSignal, Signal, always_comb, block, instances, modbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import tree_stages
from lutdla_hdl.adder_tree import adder_tree
from lutdla_hdl.interfaces import LoadBus, bits, named, signed_bits
from lutdla_hdl.memory import chunk_signals, lut_ram
from lutdla_hdl.table_bank import table_bank


@block
def accumulate(fresh: Any, old: Any, first: Any, total: Any) -> Any:
    """`total` = `fresh`, plus the accumulator's `old` value unless this is the `first` step of its row."""
    kept = bits(len(old))

    @always_comb
    def keep():
        # in front of the adder, this takes no lookup table of its own
        if first:
            kept.next = 0
        else:
            kept.next = old

    @always_comb
    def add():
        total.next = fresh + kept.signed()

    return keep, add


@block
def lane(
    clk: Any, entries: list[Any], valid: Any, first: Any, row: Any, total: Any, config: CoreConfig
) -> Any:
    """One output channel: adder tree and accumulators.

    Args:
        entries: 8 bits of each bank's row.
        valid, first, row: the step whose sum leaves the tree now: take it, its first, its accumulator row.
        total: the accumulator's new value.
    """
    width = config.acc_bits
    fresh = signed_bits(8 + tree_stages(config))
    old = bits(width)
    tree = named(adder_tree(clk, entries, fresh), "tree")
    add = named(accumulate(fresh, old, first, total), "add")
    store = named(lut_ram(clk, valid, row, total(width, 0), row, old, config.accumulator_rows), "store")
    return instances()


@block
def lookup(
    clk: Any, load: LoadBus, indices: list[Any], masks: list[Any], base: Any, valid: Any, first: Any, row: Any,
    totals: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Banks and lanes.

    Args:
        indices, masks: from the index memory: columns of `encoders` indices for each port; `blocks` bits a port.
        base: table address (groups of c rows) of the step whose indices are here.
        valid, first, row: of the step whose sum leaves the adder trees, `1 + tree_stages` cycles later.
        totals: lanes x acc_bits, the new accumulator values.
    """
    n, e, columns = config.index_bits, config.encoders, config.groups_per_word
    rows = [chunk_signals(config, "table") for _ in range(config.banks)]

    banks = []
    for p in range(config.ports):
        for b in range(config.blocks):
            column = indices[p * columns + b // e]
            low = (b % e) * n
            number = p * config.blocks + b
            banks.append(
                named(
                    table_bank(clk, load, column(low + n, low), masks[p], base, rows[number], config, number),
                    f"bank{number}",
                )
            )
    per_chunk = config.stream_bits // 8
    sums = [
        Signal(modbv(0, min=-(1 << (config.acc_bits - 1)), max=1 << (config.acc_bits - 1)))
        for _ in range(config.lanes)
    ]
    lanes = []
    for k in range(config.lanes):
        low = 8 * (k % per_chunk)
        entries = [rows[bank][k // per_chunk](low + 8, low) for bank in range(config.banks)]
        lanes.append(named(lane(clk, entries, valid, first, row, sums[k], config), f"lane{k}"))
    joined = ConcatSignal(*reversed([s(config.acc_bits, 0) for s in sums]))

    @always_comb
    def gather():
        totals.next = joined

    return banks, lanes, gather
