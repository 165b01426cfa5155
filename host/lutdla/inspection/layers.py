"""The layers of a compiled network, read back from its program: what each computes, from which maps, at what cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np

from lutdla.compiler.explain import Explanation, RecordUse
from lutdla.spec.artefact import Artefact
from lutdla.spec.program import Lookup, Loop
from lutdla.spec.window import WindowArrays, window_arrays

INPUT = "input"
"""Name of the map that the host sends."""

MAP = " output"
"""What follows a layer's name in the name of its map (`lutdla.compiler.explain`)."""


@dataclass(frozen=True)
class LayerUse:
    """A layer; its records together. All costs are of one image.

    Attributes:
        name: as the model has it.
        reads: maps that it looks up, by the layer that writes them; the newest first, then that of a shortcut.
        adds: maps whose values it adds.
        kind: "fully connected", "convolution 3 x 3", ...
        stride, pool: of a convolution, and of the max-pooling behind it: rows, columns.
        input, output: rows and columns of the map that it looks up, and of the one it writes.
        channels: of the result; whole tiles of `lanes`, but for the last layer.
        records: of the program.
        dataflow: "resident": tables stay in the core; "streamed": they come in each pass.
        steps: cycles in which it does lookups.
        cycles, waits: predicted cycles without waiting for the stream, and of that waiting.
        table_bytes: of its tables.
        v: values in a subspace of the map it writes; 0: it writes none.
    """

    name: str
    reads: tuple[str, ...]
    adds: tuple[str, ...]
    kind: str
    stride: tuple[int, int]
    pool: tuple[int, int]
    input: tuple[int, int]
    output: tuple[int, int]
    channels: int
    records: int
    dataflow: str
    steps: float
    cycles: float
    waits: float
    table_bytes: int
    v: int

    @property
    def described(self) -> str:
        """What it computes, in a line."""
        parts = [self.kind]
        if self.stride != (1, 1):
            parts.append(f"stride {_size(self.stride)}")
        if len(self.reads) > 1:
            parts.append("+ shortcut")
        if self.adds:
            parts.append("+ residual")
        if self.pool != (1, 1):
            parts.append(f"max-pool {_size(self.pool)}")
        return ", ".join(parts).replace(", +", " +")

    @property
    def result(self) -> str:
        """Size of its result."""
        pixels = "" if self.output == (1, 1) else f"{_size(self.output)} x "
        return f"{pixels}{self.channels}"


def _size(pair: tuple[int, int]) -> str:
    return f"{pair[0]} x {pair[1]}"


def layers(artefact: Artefact, found: Explanation) -> tuple[LayerUse, ...]:
    """The layers of an artefact in the order in which they run.

    Args:
        artefact: the network.
        found: of `lutdla.compiler.explain`.
    """
    return tuple(_layers(artefact, found))


def _layers(artefact: Artefact, found: Explanation) -> Iterator[LayerUse]:
    windows = window_arrays(artefact.image.windows)
    lookups = artefact.image.program.lookups
    for name, group in groupby(found.records, lambda record: record.layer):
        uses = list(group)
        last = uses[-1].number == len(lookups)
        yield _layer(artefact, found, name, uses, windows, last)


def _layer(artefact: Artefact, found: Explanation, name: str, uses: list[RecordUse], windows: WindowArrays,
           last: bool) -> LayerUse:
    config, images = artefact.config, found.images
    records = [artefact.image.program.lookups[use.number - 1] for use in uses]
    shape = _Shape(records[0], windows)
    rows = sum(record.rows() for record in records)
    pixels = math.prod(shape.output) * math.prod(shape.pool)
    channels = max(1, rows // (images * pixels)) * config.lanes
    numbers = {use.number for use in uses}
    kept = sum(region.size for region in found.regions if region.name == f"{name} tables")
    return LayerUse(
        name, _sources(found, "index_words", numbers, name), _sources(found, "value_rows", numbers, name), shape.kind,
        shape.stride, shape.pool, shape.input, shape.output,
        artefact.outputs // artefact.output_pixels if last else channels, len(uses),
        "streamed" if any(use.dataflow == "stationary" for use in uses) else "resident",
        sum(use.steps for use in uses) / images, sum(use.cycles for use in uses) / images,
        sum(use.waits for use in uses) / images,
        kept * config.banks * config.lanes + sum(use.piece_bytes for use in uses), max(use.v for use in uses),
    )  # fmt: skip


def _sources(found: Explanation, memory: str, numbers: set[int], own: str) -> tuple[str, ...]:
    """Layers whose maps in a memory the records read, the newest first."""
    read = [region for region in found.regions if region.memory == memory and numbers.intersection(region.readers)]
    newest = sorted(read, key=lambda region: -region.born)
    names = [INPUT if region.born == 0 else region.name.removesuffix(MAP) for region in newest]
    return tuple(name for name in dict.fromkeys(names) if name != own)


class _Shape:
    """Sizes that the loop nest and the windows of a record tell."""

    def __init__(self, record: Lookup, windows: WindowArrays) -> None:
        kept = [loop for loop in record.loops if not loop.reduce and not loop.pool]
        pooled = [loop for loop in record.loops if loop.pool]
        self.input = record.height, record.width
        self.output = _count(kept, "y"), _count(kept, "x")
        self.pool = _count(pooled, "y"), _count(pooled, "x")
        self.stride = tuple(_stride(pooled or kept, axis) for axis in ("y", "x"))
        reach = self._reach(record, windows)
        self.kind = f"convolution {_size(reach)}"
        if self.output == (1, 1) and reach == self.input:
            self.kind = "fully connected"

    def _reach(self, record: Lookup, windows: WindowArrays) -> tuple[int, int]:
        """Rows and columns of its map that one result looks at."""
        moved = [loop for loop in record.loops if loop.window]
        rows = sorted({record.window + sum(loop.window * i for loop, i in zip(moved, at))
                       for at in product(*(range(loop.count) for loop in moved))})
        used = (windows.blocks[rows] > 0) & (windows.shortcut[rows] == 0)
        found = []
        for offsets, axis, most in ((windows.dy, "y", record.height), (windows.dx, "x", record.width)):
            here = offsets[rows][used]
            own = int(np.ptp(here)) + 1 if len(here) else 1
            summed = sum((loop.count - 1) * abs(getattr(loop, axis)) for loop in record.loops if loop.reduce)
            found.append(max(1, min(own + summed, most)))
        return found[0], found[1]


def _count(loops: list[Loop], axis: str) -> int:
    return math.prod(loop.count for loop in loops if getattr(loop, axis))


def _stride(loops: list[Loop], axis: str) -> int:
    return min((abs(getattr(loop, axis)) for loop in loops if getattr(loop, axis)), default=1)
