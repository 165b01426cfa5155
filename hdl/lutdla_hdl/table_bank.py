"""One table bank: a row of `lanes` entries, picked by an index.

    table address, index --> row address -+-> block RAM, rows up to the largest power of two --+
                                          |                                                    OR --> entries
                                          +-> LUT RAM, `table_tail` rows behind them ----------+

The half that does not hold the row gives 0, and so do both where the bank is masked. Latency: 1 cycle.
Without a tail, and in `deep_banks`, there is only block RAM. A deep bank is the first of a pair that is added: the OR
of the other then costs nothing, because the adder's carry needs only one operand as it is.
"""

from __future__ import annotations

from typing import Any

from myhdl import always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla_hdl.interfaces import LoadBus, bits, flag, named
from lutdla_hdl.memory import load_select, loaded_ram, masked_ram


@block
def bank_row(index: Any, mask_bits: Any, block_number: int, base: Any, raddr: Any, mask: Any) -> Any:
    """Row address and mask of one bank. `index`: its index; `base`: table address in groups of c rows."""
    shift = len(index)

    @always_comb
    def join():
        raddr.next = (base << shift) + index
        mask.next = mask_bits[block_number]

    return join


@block
def split(address: Any, mask: Any, top: int, head_mask: Any, tail_mask: Any) -> Any:
    """Masks of the two halves: bit `top` of the row address says which one holds the row."""

    @always_comb
    def decide():
        head_mask.next = mask or address[top]
        tail_mask.next = mask or not address[top]

    return decide


@block
def route_write(hit: Any, address: Any, top: int, write_head: Any, rear_write: Any) -> Any:
    """Which half a write of the load bus goes to."""

    @always_comb
    def decide():
        write_head.next = hit and not address[top]
        rear_write.next = hit and address[top]

    return decide


@block
def either(head: Any, tail: Any, chunk: Any) -> Any:
    """`chunk` = the half that is not 0."""

    @always_comb
    def join():
        chunk.next = head | tail

    return join


@block
def column_with_tail(
    clk: Any, load: LoadBus, raddr: Any, head_mask: Any, tail_mask: Any, chunk: Any, config: CoreConfig, bank: int,
    number: int,
) -> Any:  # fmt: skip
    """Beat `number` of the bank's rows, held in two memories."""
    size, tail_size = config.table_rows - config.table_tail, config.table_tail
    top, width = (size - 1).bit_length(), len(chunk)
    hit, write_head, rear_write = flag(), flag(), flag()
    head, tail = bits(width), bits(width)
    waddr, wdata, tail_bits = load.address(top, 0), load.data(width, 0), max(1, (tail_size - 1).bit_length())
    select = named(load_select(load, LOADABLE.index("table"), bank, number, hit), "select")
    route = named(route_write(hit, load.address, top, write_head, rear_write), "route")
    front = named(
        masked_ram(clk, write_head, waddr, wdata, head_mask, raddr(top, 0), head, size), "head"
    )
    rear = named(
        masked_ram(clk, rear_write, load.address(tail_bits, 0), wdata, tail_mask, raddr(tail_bits, 0), tail, tail_size),
        "tail",
    )
    join = named(either(head, tail, chunk), "either")
    return instances()


@block
def table_bank(
    clk: Any, load: LoadBus, index: Any, mask_bits: Any, base: Any, entries: list[Any], config: CoreConfig, bank: int
) -> Any:
    """One bank: the row of `lanes` entries that `index` selects, one cycle later; 0 where masked.

    `entries`: the row, one signal for each beat of the load bus. An address behind the last row gives some row.
    """
    raddr, mask = bits((config.table_rows - 1).bit_length()), flag()
    row = named(bank_row(index, mask_bits, bank % config.blocks, base, raddr, mask), "row")
    if not config.table_tail or config.is_deep(bank):
        store = named(loaded_ram(clk, load, None, raddr, entries, config, "table", bank, mask), "store")
        return row, store
    head_mask, tail_mask = flag(), flag()
    halves = named(split(raddr, mask, len(raddr) - 1, head_mask, tail_mask), "halves")
    columns = [
        named(column_with_tail(clk, load, raddr, head_mask, tail_mask, entries[i], config, bank, i), f"column{i}")
        for i in range(len(entries))
    ]
    return row, halves, columns
