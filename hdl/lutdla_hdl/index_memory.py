r"""The index memory: one copy for each port, written together, read at an address of its own.

    word + offset[p] --register--> RAM copy p --register--> `blocks` indices
                          \--> compare with last_word, block_mask --register--> mask

Latency from `word` to `indices` and `masks`: 2 cycles. Throughput: one word per port each cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import bits, counter_bits, flag, named, width_for
from lutdla_hdl.memory import ram
from lutdla_hdl.record import Record


@block
def port_word(clk: Any, word: Any, offset: Any, at: Any) -> Any:
    """`at` = `word` + `offset`, registered."""

    @always(clk.posedge)
    def add():
        at.next = word + offset

    return add


@block
def port_mask(clk: Any, at: Any, last_word: Any, block_mask: Any, mask: Any) -> Any:
    """`mask`: one bit a block, set where the index lies past the end of the feature map. Registered."""
    blocks = len(mask)

    @always(clk.posedge)
    def compare():
        if at < last_word:
            mask.next = 0
        elif at == last_word:
            mask.next = ~block_mask
        else:
            mask.next = (1 << blocks) - 1

    return compare


@block
def column_select(we: Any, dest: Any, column: int, columns: int, hit: Any) -> Any:
    """`hit` when a write goes to this column of the word."""
    if columns == 1:

        @always_comb
        def decide():
            hit.next = we
    else:
        low = width_for(columns)

        @always_comb
        def decide():
            hit.next = we and dest[low:] == column

    return decide


@block
def word_of(dest: Any, columns: int, word: Any) -> Any:
    """`word`: the index word that index group `dest` lies in."""
    low = 0 if columns == 1 else width_for(columns)
    high = low + len(word)

    @always_comb
    def cut():
        word.next = dest[high:low]

    return cut


@block
def index_memory(
    clk: Any, we: Any, dest: Any, written: Any, word: Any, record: Record, indices: list[Any], masks: list[Any],
    config: CoreConfig,
) -> Any:  # fmt: skip
    """All copies.

    Args:
        we, dest, written: write `written` (encoders indices) to index group `dest`, in every copy.
        word: word address before the port offsets.
        indices: for each port, columns of `encoders` indices, `groups_per_word` of them.
        masks: for each port, `blocks` bits.
    """
    columns = config.groups_per_word
    waddr = bits(width_for(config.index_words))
    cut = named(word_of(dest, columns, waddr), "write_word")
    hits = [flag() for _ in range(columns)]
    selects = [named(column_select(we, dest, k, columns, hits[k]), f"select{k}") for k in range(columns)]
    at = [counter_bits(16) for _ in range(config.ports)]
    words = [named(port_word(clk, word, record.offsets[p], at[p]), f"word{p}") for p in range(config.ports)]
    checks = [
        named(port_mask(clk, at[p], record.last_word, record.block_mask(config.blocks, 0), masks[p]), f"mask{p}")
        for p in range(config.ports)
    ]
    copies = [
        named(
            ram(
                clk, hits[k], waddr, written, None, at[p](len(waddr), 0), indices[p * columns + k],
                config.index_words,
            ),  # fmt: skip
            f"copy{p}_{k}",
        )
        for p in range(config.ports)
        for k in range(columns)
    ]
    return instances()
