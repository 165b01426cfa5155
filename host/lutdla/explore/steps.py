"""Steps of a layer: in each, every port of a core looks one word of indices up.

The compiler tries several orders of a layer's sum (`lutdla.compiler.reduction`) and takes the one with the fewest
steps. Which one that is follows from sizes alone, so that steps, table groups and windows of thousands of cores are
known without compiling for any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutdla.explore.columns import Column, Columns, ceil_div
from lutdla.explore.shapes import LayerShape

NEVER = 1 << 40


@dataclass(frozen=True)
class Steps:
    """Of a layer, a column each.

    Attributes:
        row: steps of a row of `lanes` sums.
        groups: groups of c table rows that a tile needs.
        windows: rows of the window memory.
        tiles: rows of `lanes` channels.
    """

    row: Column
    groups: Column
    windows: Column
    tiles: Column


def steps(layer: LayerShape, cores: Columns) -> Steps:
    """Steps of a layer on many cores."""
    tiles = np.asarray(ceil_div(layer.outputs, cores.lanes))
    row, groups, windows = _covering(layer, cores) if layer.covers else _spread(layer, cores)
    return Steps(row, groups, windows, tiles)


def _covering(layer: LayerShape, cores: Columns) -> tuple[Column, Column, Column]:
    """The whole map is summed for one pixel."""
    source, ports = layer.operand.source, cores.ports
    pitch, pixels = source.pitch(cores), source.pixels
    words = source.encodings(cores) * source.words(cores)
    averaged = layer.operand.kernel == (1, 1)  # the same tables for all pixels
    whole = source.subspaces(cores) == source.words(cores) * cores.blocks
    # words one behind the other
    dense = (whole | (pixels == 1)) & (source.words(cores) == pitch) & (whole | (words <= ports))
    dense = dense & (not averaged or pixels == 1)
    dense_row = np.where(dense, ceil_div(pixels * words, ports), NEVER)
    # some pixels in each step, or some steps in each pixel
    several = words <= ports
    together = np.minimum(np.maximum(1, ports // words), pixels)
    chunks = ceil_div(words, ports)
    row = np.where(several, ceil_div(pixels, together), pixels * chunks)
    of_pixel = np.where(several, 1, chunks)
    groups = of_pixel if averaged else row
    better = dense_row <= row
    return (np.where(better, dense_row, row), np.where(better, dense_row, groups), np.where(better, 1, of_pixel))


def _spread(layer: LayerShape, cores: Columns) -> tuple[Column, Column, Column]:
    """Kernel positions and words are spread over the ports, a shortcut's words behind them."""
    operand, ports = layer.operand, cores.ports
    words, encodings = operand.source.words(cores), operand.source.encodings(cores)
    expand = operand.squares > 1 and (layer.shortcut is not None or layer.pool != (1, 1))
    taps = operand.taps * (operand.squares if expand else 1)
    reads = taps * words * encodings
    if layer.shortcut is not None:
        other = layer.shortcut.source
        reads = reads + layer.shortcut.squares * other.words(cores) * other.encodings(cores)
    inner = ceil_div(reads, ports)
    windows = inner
    if layer.shortcut is None:
        whole = operand.source.subspaces(cores) == words * cores.blocks
        for planes in (np.ones_like(encodings), encodings):  # encodings in a turn
            reads = taps * planes
            for some in (ports // np.gcd(reads, ports), 1, np.maximum(1, ports // reads), words):  # words in a turn
                turns, rest, each = words // some, words % some, ceil_div(reads * some, ports)
                usable = (rest == 0) & (whole | (turns == 1)) & (encodings // planes * turns * each == inner)
                windows = np.where(usable, np.minimum(windows, each), windows)
    outer = 1 if expand else operand.squares
    return np.asarray(inner * outer), np.asarray(inner), np.asarray(windows)
