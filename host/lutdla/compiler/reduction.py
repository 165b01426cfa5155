"""Pass: a layer's sum -> reduce loops and windows.

Before: kernel positions and words of a pixel. After: candidates of a `Reduction`: which word each port reads in each
step, and the loops that repeat it. A *read* is one port's share of a step: a word of one kernel position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import gcd

from lutdla.compiler.geometry import Cell, MapGeometry, ceil_div
from lutdla.compiler.network import FeatureMap, LookupLayer, Operand
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Loop


@dataclass(frozen=True)
class Read:
    """What a port reads: the word with the indices of subspace `subspace` and those behind it, at kernel position `tap`
    of the operand (or of the shortcut), which lies `offset` words and (dy, dx) pixels from the step's address, with a
    mask of blocks."""

    tap: int
    subspace: int
    offset: int
    dy: int
    dx: int
    blocks: int
    shortcut: bool = False


@dataclass(frozen=True)
class Reduction:
    """The sum of one row of lanes.

    Attributes:
        loops: reduce loops, outermost first; `table` counts from the tile's first group.
        windows: reads of each window row, by port.
        contents: reads whose tables each group of c table rows holds, by port: (groups, up to ports).
        height, width: limits of the coordinates.
        index: words added to the map's first word.
        exact: only subspaces that exist are looked up; otherwise tables of the others are 0.
    """

    loops: tuple[Loop, ...]
    windows: tuple[tuple[Read, ...], ...]
    contents: tuple[tuple[Read, ...], ...]
    height: int
    width: int
    index: int = 0
    exact: bool = True

    @property
    def steps(self) -> int:
        """Steps of a row."""
        count = 1
        for loop in self.loops:
            count *= loop.count
        return count

    @property
    def groups(self) -> int:
        """Table groups of a tile."""
        return len(self.contents)


def candidates(layer: LookupLayer, source: MapGeometry, shortcut: MapGeometry | None,
               config: CoreConfig) -> list[Reduction]:
    """All ways to sum a layer's rows that the core can do; at least one."""
    if covers(layer, layer.operand, source):
        return list(_flat(layer.operand, source, config.ports))
    return list(_spread(layer, source, shortcut, config.ports))


def covers(layer: LookupLayer, operand: Operand, source: MapGeometry | FeatureMap) -> bool:
    """Whether a layer sums over its whole input map, for one pixel: fully connected, or global average pooling."""
    kernel, average = operand.kernel, operand.average
    covered = (kernel[0] * average[0], kernel[1] * average[1]) == (source.height, source.width)
    return (layer.height == layer.width == 1 and layer.shortcut is None and operand.padding == (0, 0) and covered
            and (1, 1) in (kernel, average))


def _flat(operand: Operand, source: MapGeometry, ports: int) -> Iterator[Reduction]:
    """The whole map is summed: words one behind the other, x counts what the mask cuts off."""
    pixels, pitch, cells = source.height * source.width, source.pitch, source.cells()
    words = len(cells)
    averaged = operand.kernel == (1, 1)  # the same tables for all pixels
    if (source.whole or pixels == 1) and source.words == pitch and (source.whole or words <= ports) and (
            not averaged or pixels == 1):
        total = pixels * words
        reads = [Read(pixel, cell.subspace, 0, 0, 0, cell.blocks) for e in range(source.encodings)
                 for pixel in range(pixels) for cell in cells[e * pitch : (e + 1) * pitch]]
        steps = ceil_div(total, ports)
        window = tuple(Read(0, 0, p, 0, p, reads[p].blocks) for p in range(min(ports, total)))
        yield Reduction((Loop(steps, True, index=ports, x=ports, table=1),), (window,), _cut(reads, ports), 1, total)
    if words <= ports:
        k = min(ports // words, pixels)
        window = tuple(Read(0, cell.subspace, j * pitch + cell.offset, 0, j, cell.blocks)
                       for j in range(k) for cell in cells)
        contents = [tuple(replace(read, tap=0 if averaged else q * k + read.dx) for read in window
                          if averaged or q * k + read.dx < pixels)
                    for q in range(1 if averaged else ceil_div(pixels, k))]
        yield Reduction((Loop(ceil_div(pixels, k), True, index=k * pitch, x=k, table=0 if averaged else 1),),
                        (window,), tuple(contents), 1, pixels)
    else:
        parts = _cut([Read(0, cell.subspace, cell.offset, 0, 0, cell.blocks) for cell in cells], ports)
        chunks = len(parts)
        repeated = [tuple(replace(read, tap=q) for read in part) for q in range(1 if averaged else pixels)
                    for part in parts]
        yield Reduction((Loop(pixels, True, index=pitch, x=1, table=0 if averaged else chunks),
                         Loop(chunks, True, window=1, table=1)), parts, tuple(repeated), 1, pixels)


def _spread(layer: LookupLayer, source: MapGeometry, shortcut: MapGeometry | None,
            ports: int) -> Iterator[Reduction]:
    """Kernel positions and words are spread over the ports, a shortcut's words behind them."""
    operand = layer.operand
    expand = operand.average != (1, 1) and (layer.shortcut is not None or layer.pool != (1, 1))
    outer: tuple[Loop, ...] = ()
    if operand.average != (1, 1) and not expand:
        outer = (Loop(operand.average[0], True, y=1, index=source.width * source.pitch),
                 Loop(operand.average[1], True, x=1, index=source.pitch))
    height = source.height // operand.average[0] * operand.average[0]
    width = source.width // operand.average[1] * operand.average[1]

    def build(inner: tuple[Loop, ...], windows: tuple[tuple[Read, ...], ...],
              contents: tuple[tuple[Read, ...], ...], exact: bool = True) -> Reduction:
        return Reduction((*outer, *inner), windows, contents, height, width, exact=exact)

    def reads(cells: list[Cell]) -> list[Read]:
        return [Read(tap, cell.subspace, (dy * source.width + dx) * source.pitch + cell.offset, dy, dx, cell.blocks)
                for cell in cells for tap, dy, dx in _taps(operand, expand)]

    everything = reads(source.cells())
    if shortcut is not None and layer.shortcut is not None:
        everything += _shortcut_reads(layer.shortcut, shortcut)
    steps = _cut(everything, ports)
    yield build((Loop(len(steps), True, window=1, table=1),), steps, steps)
    if shortcut is not None:
        return
    for encodings in sorted({1, source.encodings}):  # in a turn
        taps = len(_taps(operand, expand)) * encodings
        for words in sorted({ports // gcd(taps, ports), 1, max(1, ports // taps), source.words}):
            if source.words % words or (encodings, words) == (source.encodings, source.words):
                continue
            steps = [_cut(reads(cells), ports) for cells in source.turns(encodings, words)]
            turns = source.words // words
            inner = tuple(loop for loop in (
                Loop(source.encodings // encodings, True, index=source.plane, table=turns * len(steps[0])),
                Loop(turns, True, index=words, table=len(steps[0])), Loop(len(steps[0]), True, window=1, table=1),
            ) if loop.count > 1)  # fmt: skip
            contents = tuple(part for parts in steps for part in parts)
            yield build(inner, steps[0], contents, source.whole or turns == 1)


def _taps(operand: Operand, expand: bool) -> list[tuple[int, int, int]]:
    """Kernel positions (number, dy, dx); with `expand`, each pixel of the averaged squares is one."""
    squares = list(product(*map(range, operand.average))) if expand else [(0, 0)]
    return [
        (ky * operand.kernel[1] + kx, (ky - operand.padding[0]) * operand.average[0] + ay,
         (kx - operand.padding[1]) * operand.average[1] + ax)
        for ky, kx in product(*map(range, operand.kernel)) for ay, ax in squares
    ]  # fmt: skip


def _shortcut_reads(operand: Operand, source: MapGeometry) -> list[Read]:
    """The words of a 1 x 1 kernel; they never lie outside, so they carry no coordinates."""
    return [Read(0, cell.subspace, (ay * source.width + ax) * source.pitch + cell.offset, 0, 0, cell.blocks, True)
            for ay, ax in product(*map(range, operand.average)) for cell in source.cells()]


def _cut(reads: list[Read], ports: int) -> tuple[tuple[Read, ...], ...]:
    """Steps of up to `ports` reads."""
    return tuple(tuple(reads[i : i + ports]) for i in range(0, len(reads), ports))


def best(found: list[Reduction], frugal: bool, most_loops: int) -> Reduction:
    """The candidate with the fewest steps, then windows; `frugal`: the fewest windows, then steps. One with more loops
    than the record has room for comes last: its record must be cut."""
    usable = [r for r in found if r.exact or frugal]

    def cost(r: Reduction) -> tuple[int, ...]:
        over = max(0, len(r.loops) - most_loops)
        return (over, len(r.windows), r.steps) if frugal else (over, r.steps, len(r.windows), len(r.contents))

    return min(usable, key=cost)


def part(reduction: Reduction, first: int, last: int) -> Reduction:
    """Iterations first..last - 1 of the outermost loop."""
    loop, *inner = reduction.loops
    windows, table = reduction.windows, loop.table
    if loop.window:
        windows = windows[first * loop.window : last * loop.window]
    return replace(
        reduction, loops=(replace(loop, count=last - first), *inner), windows=windows,
        contents=reduction.contents[first * table : last * table], width=reduction.width - first * loop.x,
        index=reduction.index + first * loop.index,
    )  # fmt: skip
