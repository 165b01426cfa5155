"""What happens inside while inputs run: which centroids are chosen, what encoding loses, the values of every map.

A run of `lutdla.backends.vector_engine`, bit for bit what the core computes, that keeps an eye on its encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.backends.loaded import Memories, Pieces, TableRows
from lutdla.backends.program_check import index_positions
from lutdla.backends.vector_engine import VectorEngine
from lutdla.inspection.layers import INPUT
from lutdla.spec.artefact import Artefact
from lutdla.spec.program import Lookup
from lutdla.spec.walk import Int
from lutdla.spec.window import window_arrays

MOST_AT_ONCE = 1 << 22
"""Values that are looked at together."""


@dataclass(frozen=True)
class Part:
    """Encoded values of a map, as they came: record, index groups (G,), values (G, passes, group)."""

    record: int
    dest: Int
    values: npt.NDArray[np.int8]


class Recorder(VectorEngine):
    """Runs an artefact and records.

    Args:
        artefact: what runs.

    Attributes:
        rows: map (the layer that writes it, or "input") -> codebook rows that it was encoded with.
        counts: (codebook rows, encoders, c) how often each centroid was chosen.
        errors: (codebook rows, encoders, v) sums of squares from values to the centroids that stand for them.
        sums, squares: (codebook rows, encoders, v) of the values; number: (codebook rows,) of vectors.
        parts: for each block of passes, map -> its values.
    """

    def __init__(self, artefact: Artefact) -> None:
        config, image = artefact.config, artefact.image
        tables = np.zeros((config.banks, config.table_rows, config.lanes), np.int8)
        tables[:, : image.tables.shape[1]] = image.tables
        super().__init__(config, Memories(image.program, image.codebooks, tables, image.mult, image.bias, image.shift,
                                          window_arrays(image.windows)))
        self._artefact, self._number = artefact, 0
        books = len(image.codebooks), config.encoders
        self.rows: dict[str, set[int]] = {}
        self.counts = np.zeros((*books, config.c), np.int64)
        self.errors, self.sums, self.squares = (np.zeros((*books, config.v)) for _ in range(3))
        self.number = np.zeros(books[0], np.int64)
        self.parts: list[dict[str, list[Part]]] = []

    def feed(self, x: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        """Run quantized inputs (images, values); raw results (images, outputs)."""
        artefact = self._artefact
        pieces: Pieces = tuple(
            tuple(TableRows(bank, piece.row, piece.tables[bank].tobytes()) for bank in range(self.config.banks))
            for piece in artefact.image.pieces)
        frames = artefact.frames(x)
        passes = len(frames) // artefact.image.program.images
        shape = len(frames), artefact.image.program.input_groups, self.config.group
        return artefact.select(self.run(frames.reshape(shape), [pieces] * passes if pieces else []))[: len(x)]

    # -- what the engine does, watched -----------------------------------------------------------------------------
    def _passes(self, values: npt.NDArray[np.int8], pieces: Pieces) -> npt.NDArray[np.int32]:
        self.parts.append({})
        return super()._passes(values, pieces)

    def _lookup(self, record: Lookup, count: int) -> list[npt.NDArray[np.int32]]:
        self._number = next(number for number, other in enumerate(self.memories.program.lookups, start=1)
                            if other is record)
        found = super()._lookup(record, count)
        self._number = 0  # what is encoded next is a frame, if no record comes first
        return found

    def _encode(self, values: npt.NDArray[np.int8], codebook_rows: Int, dest: Int) -> None:
        super()._encode(values, codebook_rows, dest)
        number, first = self._number, np.arange(len(dest)) >= 0
        name = self._artefact.layers[number] if number else INPUT
        if number:
            row, times = self.config.groups_per_row, self.memories.program.lookups[number - 1].encodings
            first = np.arange(len(dest)) % (row * times) < row
        self.rows.setdefault(name, set()).update(np.unique(codebook_rows).tolist())
        self.parts[-1].setdefault(name, []).append(Part(number, dest[first], values[first]))
        step = max(1, MOST_AT_ONCE // (values.shape[1] * self.config.group))
        for start in range(0, len(dest), step):
            at = slice(start, start + step)
            self._note(values[at], codebook_rows[at], dest[at])

    def _note(self, values: npt.NDArray[np.int8], rows: Int, dest: Int) -> None:
        config, count = self.config, values.shape[1]
        x = values.reshape(-1, count, config.encoders, config.v).swapaxes(1, 2).astype(np.float32)  # (G, e, P, v)
        words, blocks = index_positions(dest, config)
        chosen = self._index[words, blocks].reshape(-1, config.encoders, count)  # (G, e, P)
        which, encoder = rows[:, None, None], np.arange(config.encoders)[None, :, None]
        away = x - self.memories.codebooks[which, encoder, chosen]
        np.add.at(self.counts, (which, encoder, chosen), 1)
        for total, each in ((self.errors, away**2), (self.sums, x), (self.squares, x**2)):
            np.add.at(total, rows, each.sum(axis=2, dtype=np.float64))
        np.add.at(self.number, rows, count)


def map_values(recorder: Recorder, name: str, images: int, pixels: int) -> npt.NDArray[np.int8] | None:
    """Values of a map, (images, pixels, channels in whole tiles); None where their order cannot be told.

    Args:
        recorder: that saw them.
        name: of the map.
        images: of a pass.
        pixels: of the map.
    """
    blocks = []
    for block in recorder.parts:
        ordered = _ordered(block.get(name, ()), images)
        if ordered is None or ordered.shape[0] % (images * pixels):
            return None
        blocks.append(ordered.swapaxes(0, 1).reshape(ordered.shape[1] * images, pixels, -1))  # from (groups, P, group)
    return np.concatenate(blocks) if blocks else None


def _ordered(parts: Sequence[Part], images: int) -> npt.NDArray[np.int8] | None:
    """Groups of a map image by image, pixel by pixel: addresses tell, but for records of one image each, whose order
    does."""
    records = list(dict.fromkeys(part.record for part in parts))
    if not parts:
        return None
    if len(records) == images > 1:
        whole = [_by_address([part for part in parts if part.record == number]) for number in records]
        return np.concatenate(whole) if len({len(one) for one in whole}) == 1 else None
    return _by_address(parts)


def _by_address(parts: Sequence[Part]) -> npt.NDArray[np.int8]:
    dest = np.concatenate([part.dest for part in parts])
    values: npt.NDArray[np.int8] = np.concatenate([part.values for part in parts])[np.argsort(dest, kind="stable")]
    return values
