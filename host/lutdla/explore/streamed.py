"""Cores that hold a network only in part: some layers' tables are streamed in every pass, for a batch of images.

Up to layer `together`, the images of a pass run one by one; from it on, each layer runs for all of them, so that its
tables come once a pass. Maps that are read from there on are in the core for all images at once: index and value
memory pay for what the stream saves. Here for every choice of `together`, images and table rows:

    cycles = max(layers, frame + tables / images, layers before `together` + tables that come behind them / images)

Where even that does not fit, layers before `together` are streamed too, again for each image. The compiler cuts tables
into pieces and finds places for maps (`lutdla.compiler.dataflow`), which costs a little more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lutdla.explore.columns import Column, Columns, ceil_div
from lutdla.explore.cycles import Cycles
from lutdla.explore.shapes import NetworkShape

HEADER_BYTES = 16
"""Of a packet; a beat with its CRC follows the payload."""

IMAGES = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32)
"""Images of a pass that are tried."""

TABLE_ROWS = (128, 256, 512, 1024, 2048, 4096, 8192)
"""Table rows that are tried: block RAM has no use for others."""

NEVER = 1 << 50
"""Cycles where the tables do not fit."""


@dataclass(frozen=True)
class Variant:
    """A way to stream, for many cores: a column each.

    Attributes:
        together: first layer that runs for all images of a pass.
        images: of a pass.
        table_rows, index_words, value_rows, program_rows: that it takes, not rounded up.
        image: cycles of an image, at least; `NEVER` where even one step's tables do not fit.
        streamed: layers whose tables are streamed: so many of those that `in_order` gives.
        moved_bytes: of tables that are streamed, for each image.
    """

    together: int
    images: int
    table_rows: Column
    index_words: Column
    value_rows: Column
    program_rows: Column
    image: Column
    streamed: Column
    moved_bytes: Column


def variants(shape: NetworkShape, cores: Columns, found: Cycles) -> Iterator[Variant]:
    """All ways to stream that are tried."""
    groups = np.stack([steps.tiles * steps.groups for steps in found.steps])  # (layers, N)
    total = groups.sum(axis=0)
    for together in turning_points(shape):
        index, values = _memories(shape, cores, together)
        for images in IMAGES if together < len(shape.layers) else (1,):
            for rows in TABLE_ROWS:
                room = rows // cores.c
                image, streamed, records, moved = _cycles(cores, found, groups, room, together, images)
                image = np.where(room < total, image, NEVER)  # what fits is not streamed
                yield Variant(together, images, np.full_like(total, rows), index(images), values(images), records + 1,
                              image, streamed, moved)


def turning_points(shape: NetworkShape) -> list[int]:
    """Layers from which images may run together: the first one behind the last that reads the input, and each from
    which on the maps of all images take less than from the layer before."""
    first, count = max(shape.readers(shape.input.name)) + 1, len(shape.layers)
    crossing = [0] * (count + 1)  # values of maps that are written before a layer, and read by it or later
    for number, layer in enumerate(shape.layers):
        if layer.target is None:
            continue
        added = [i for i, other in enumerate(shape.layers) if other.residual == layer.target.name]
        for at in range(number + 1, max([*shape.readers(layer.target.name), *added]) + 1):
            crossing[at] += layer.target.channels * layer.target.pixels
    most = [max(crossing[at:]) for at in range(count)]
    return [at for at in range(first, count) if at == first or most[at] < most[at - 1]] or [count]


def _cycles(cores: Columns, found: Cycles, groups: Column, room: Column, together: int,
            images: int) -> tuple[Column, Column, Column, Column]:
    """The best of streaming some layers: of those that run together, the largest, the two largest, ...; then those
    before as well, whose tables come again for each image. Cycles, layers streamed, records, bytes moved an image."""
    beats = cores.c * cores.beats_per_word("table") * cores.banks  # of a group
    packet = (HEADER_BYTES // cores.stream_bytes + 1) * cores.banks  # what comes on top for a piece
    late, early = (-np.sort(-part, axis=0) for part in (groups[together:], groups[:together]))
    total, layers = groups.sum(axis=0), sum(found.layers)
    before = np.asarray(sum(found.layers[:together], np.zeros(len(cores), np.int64)))
    best, layers_gone, records = np.full(len(cores), NEVER), np.zeros_like(total), np.zeros_like(total)
    gone, moved, stream_bytes = np.zeros_like(total), np.zeros_like(total), np.zeros_like(total)
    whole = len(late) + len(early) * images  # records where nothing is streamed
    for count, (size, times) in enumerate([(size, 1) for size in late] + [(size, images) for size in early]):
        gone, moved = gone + size, moved + size * times
        half = (room - (total - gone)) // 2
        pieces = np.maximum(count + 1, ceil_div(gone, np.maximum(1, half))) * (1 if count < len(late) else images)
        cut = whole + pieces - min(count + 1, len(late)) - max(0, count + 1 - len(late)) * images
        stream = moved * beats + pieces * packet
        cycles = np.maximum(layers, ceil_div(stream, images) + found.frame)
        if count < len(late):  # two halves come before the layers that need them, the rest while they run
            loaded = np.minimum(2 * np.maximum(half, 0) * beats, stream)
            cycles = np.maximum(cycles, before + ceil_div(stream - loaded, images))
        better = (half >= 1) & (cycles < best)
        best, layers_gone = np.where(better, cycles, best), np.where(better, count + 1, layers_gone)
        records = np.where(better, cut, records)
        stream_bytes = np.where(better, ceil_div(stream * cores.stream_bytes, images), stream_bytes)
    return best, layers_gone, records, stream_bytes


def in_order(groups: Sequence[int], together: int) -> list[int]:
    """Layers in the order in which they are streamed: those that run together, the largest first, then the others."""
    return sorted(range(len(groups)), key=lambda i: (i < together, -groups[i], i))


def _memories(shape: NetworkShape, cores: Columns,
              together: int) -> tuple[Callable[[int], Column], Callable[[int], Column]]:
    """Functions: images -> index words and value rows (`lutdla.compiler.allocation` has the rules)."""
    layers, none = shape.layers, np.zeros(len(cores), np.int64)
    index, values = [], []
    for number, layer in enumerate(layers):
        at = layer.target
        if at is None:
            continue
        looked_up = shape.readers(at.name)
        added = [i for i, other in enumerate(layers) if other.residual == at.name]
        crosses = max(looked_up + added) >= together
        if layer.encode:
            index.append((number, max([number, *looked_up]), crosses, at.size(cores)))
        if layer.store:
            values.append((number, max(added), crosses, at.pixels * at.pitch(cores) * cores.groups_per_word))
    held = shape.input.pixels * shape.input.words(cores)

    def peak(maps: list[tuple[int, int, bool, Column]], images: int) -> Column:
        most = none
        for i in range(len(layers)):
            # what is in the core for all images has its place while layers run image by image
            alive = [size * (images if crosses else 1) for born, dies, crosses, size in maps
                     if (born <= i or (images > 1 and crosses and born < together)) and i <= dies]
            most = np.maximum(most, sum(alive, none))
        return most

    return lambda images: held + peak(index, images), lambda images: np.maximum(2, peak(values, images))
