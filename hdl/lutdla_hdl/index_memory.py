r"""The index memory: one copy for each port, written together, read at an address of its own.

    step --window memory--> row --base + offset--> word --RAM copy p--> `blocks` indices
      \--> y, x ---------------> + dy, dx < height, width ------------> inside, active, masks

Latency from a step to `indices`, `masks`, `active` and `inside`: `LATENCY` cycles. Throughput: one word per port each
cycle.
"""

from __future__ import annotations

from typing import Any

from myhdl import always, always_comb, block, instances

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import LoadBus, bits, counter_bits, flag, named, width_for
from lutdla_hdl.loop_nest import Step
from lutdla_hdl.memory import loaded_ram
from lutdla_hdl.record import Record
from lutdla_hdl.split_ram import split_ram
from lutdla_hdl.window_memory import WindowRow

LATENCY = 3
"""Window row, word, index."""


class Places:
    """Where the step of the cycle before lies: what is added to a window row."""

    def __init__(self, config: CoreConfig) -> None:
        self.index = bits(width_for(config.index_words))
        self.shortcut = bits(width_for(config.index_words))
        self.y = bits(16)
        self.x = bits(16)


@block
def hold_places(clk: Any, step: Step, places: Places) -> Any:
    """`places` of `step`, registered beside the read of the window memory."""
    from_index, from_shortcut, from_y, from_x = step.index, step.shortcut, step.y, step.x
    index, shortcut, y, x = places.index, places.shortcut, places.y, places.x

    @always(clk.posedge)
    def hold():
        index.next = from_index
        shortcut.next = from_shortcut
        y.next = from_y
        x.next = from_x

    return hold


@block
def port_word(clk: Any, places: Places, offset: Any, use_shortcut: Any, at: Any) -> Any:
    """`at`: the word that a port reads, registered. Wraps: where it counts, it lies in the memory."""
    index, shortcut = places.index, places.shortcut

    @always(clk.posedge)
    def add():
        if use_shortcut:
            at.next = shortcut + offset
        else:
            at.next = index + offset

    return add


@block
def port_inside(clk: Any, places: Places, dy: Any, dx: Any, height: Any, width: Any, inside: Any) -> Any:
    """`inside`: the pixel that a port reads lies in the map, registered."""
    y, x = places.y, places.x
    row, column = counter_bits(16), counter_bits(16)

    @always_comb
    def move():
        row.next = y + dy.signed()
        column.next = x + dx.signed()

    @always(clk.posedge)
    def compare():
        inside.next = row < height and column < width

    return instances()


@block
def port_mask(clk: Any, blocks: Any, early_inside: Any, active: Any, inside: Any, masks: Any) -> Any:
    """The masks of a port's banks, in time with its indices: `blocks` is two cycles early, `early_inside` one."""
    width = len(blocks)
    every = (1 << width) - 1
    early = bits(width)

    @always(clk.posedge)
    def hold():
        early.next = blocks
        active.next = early
        inside.next = early_inside
        if early_inside:
            masks.next = ~early & every
        else:
            masks.next = every

    return hold


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
    clk: Any, load: LoadBus, we: Any, dest: Any, written: Any, step: Step, record: Record, indices: list[Any],
    masks: list[Any], active: list[Any], inside: list[Any], table_offset: Any, config: CoreConfig,
) -> Any:  # fmt: skip
    """Window memory and all copies.

    Args:
        we, dest, written: write `written` (encoders indices) to index group `dest`, in every copy.
        step, record: whose words are read.
        indices: for each port, columns of `encoders` indices, `groups_per_word` of them.
        masks, active: for each port, `blocks` bits: adds 0; takes part (as padding, where the port is not inside).
        inside: for each port.
        table_offset: of the window row, one cycle after the step.
    """
    columns = config.groups_per_word
    row = WindowRow(config)
    window = named(loaded_ram(clk, load, None, step.window, row.chunks, config, "window", 0), "window_memory")
    places = Places(config)
    hold = named(hold_places(clk, step, places), "places")
    waddr = bits(width_for(config.index_words))
    cut = named(word_of(dest, columns, waddr), "write_word")
    hits = [flag() for _ in range(columns)]
    selects = [named(column_select(we, dest, k, columns, hits[k]), f"select{k}") for k in range(columns)]
    at = [counter_bits(len(waddr)) for _ in range(config.ports)]
    early_inside = [flag() for _ in range(config.ports)]
    words = [
        named(port_word(clk, places, row.offset[p], row.shortcut[p], at[p]), f"word{p}") for p in range(config.ports)
    ]
    checks = [
        named(
            port_inside(clk, places, row.dy[p], row.dx[p], record.height, record.width, early_inside[p]), f"inside{p}"
        )
        for p in range(config.ports)
    ]
    gates = [
        named(port_mask(clk, row.blocks[p], early_inside[p], active[p], inside[p], masks[p]), f"mask{p}")
        for p in range(config.ports)
    ]
    copies = [
        named(
            split_ram(
                clk, hits[k], waddr, written, at[p], indices[p * columns + k], config.index_words
            ),
            f"copy{p}_{k}",
        )
        for p in range(config.ports)
        for k in range(columns)
    ]
    from_row = row.table

    @always_comb
    def tables():
        table_offset.next = from_row

    return instances()
