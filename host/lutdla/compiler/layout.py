"""Pass: a reduction -> windows and the place of every table.

Before: reads by step and port. After: rows of the window memory, and for each group of c table rows which tile and
read each port's banks hold. Where the last step of a tile uses few ports, several tiles can share its group: each has
windows of its own, which send its reads to ports of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.compiler.network import LookupLayer
from lutdla.compiler.reduction import Read, Reduction
from lutdla.spec.config import CoreConfig
from lutdla.spec.window import Port, Window


@dataclass(frozen=True)
class Entry:
    """Tables of a read: group of c rows, port whose banks hold them, tile (from the first one laid out)."""

    group: int
    port: int
    tile: int
    read: Read


@dataclass(frozen=True)
class TileLayout:
    """Tiles of a layer.

    Attributes:
        groups: table groups of all tiles.
        windows: rows of the window memory.
        table, window: strides of the tile loop.
        entries: what the groups hold.
    """

    groups: int
    windows: tuple[Window, ...]
    table: int
    window: int
    entries: tuple[Entry, ...]


def sharers(reduction: Reduction, tiles: int, ports: int) -> int:
    """Tiles that could share the group of their last step; 1: none."""
    if len(reduction.contents) != len(reduction.windows) or not reduction.loops[-1].window:
        return 1
    return min(tiles, ports // len(reduction.contents[-1]))


def lay_out(reduction: Reduction, tiles: int, shared: bool, config: CoreConfig) -> TileLayout:
    """Windows and table places of `tiles` tiles; `shared`: last steps share groups where they can."""
    fit = sharers(reduction, tiles, config.ports) if shared else 1
    own = reduction.groups - (fit > 1)  # groups of a tile alone
    entries = [Entry(tile * own + group, port, tile, read) for tile in range(tiles)
               for group, reads in enumerate(reduction.contents[:own]) for port, read in enumerate(reads)]
    if fit == 1:
        windows = tuple(_window(reads, 0, 0, config) for reads in reduction.windows)
        return TileLayout(tiles * own, windows, own, 0, tuple(entries))
    last, rows = reduction.contents[-1], []
    for tile in range(tiles):
        group, first = tiles * own + tile // fit, tile % fit * len(last)
        entries += [Entry(group, first + i, tile, read) for i, read in enumerate(last)]
        rows += [_window(reads, 0, 0, config) for reads in reduction.windows[:-1]]
        rows.append(_window(reduction.windows[-1], first, group - (tile + 1) * own, config))
    return TileLayout(tiles * own + (tiles - 1) // fit + 1, tuple(rows), own, len(reduction.windows), tuple(entries))


def _window(reads: tuple[Read, ...], first: int, table: int, config: CoreConfig) -> Window:
    ports = [Port()] * config.ports
    for i, read in enumerate(reads):
        ports[first + i] = Port(read.offset, read.dy, read.dx, read.blocks, read.shortcut)
    return Window(tuple(ports), table)


def table_rows(layer: LookupLayer, layout: TileLayout, first_tile: int, config: CoreConfig) -> npt.NDArray[np.int8]:
    """The tables of a layout whose tile 0 is the layer's tile `first_tile`: int8 (banks, groups * c, lanes)."""
    rows = np.zeros((config.ports, config.blocks, layout.groups, config.c, config.lanes), np.int8)
    for entry in layout.entries:
        operand = layer.shortcut if entry.read.shortcut else layer.operand
        assert operand is not None, "a shortcut is read where the layer has one"
        channel, subspace = (first_tile + entry.tile) * config.lanes, entry.read.subspace
        last = subspace + entry.read.blocks.bit_length()
        part = operand.tables[entry.read.tap, subspace:last, :, channel : channel + config.lanes]
        rows[entry.port, : part.shape[0], entry.group, :, : part.shape[2]] = part  # (blocks, c, lanes)
    return rows.reshape(config.banks, layout.groups * config.c, config.lanes)


class WindowPool:
    """Rows of the window memory; what is there already is used again."""

    def __init__(self) -> None:
        self.rows: list[Window] = []

    def place(self, windows: tuple[Window, ...]) -> int:
        """The first row of `windows`, one behind the other."""
        for start in range(len(self.rows) - len(windows) + 1):
            if tuple(self.rows[start : start + len(windows)]) == windows:
                return start
        overlap = next(n for n in range(min(len(windows), len(self.rows)), -1, -1)
                       if n == 0 or tuple(self.rows[-n:]) == windows[:n])
        start = len(self.rows) - overlap
        self.rows += windows[overlap:]
        return start
