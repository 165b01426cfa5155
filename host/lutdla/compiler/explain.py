"""What a compiled network does with a core: memories, places of maps and tables over time, cycles of every record.

All is read from the artefact, so that it also explains a file that was compiled elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutdla.compiler.cost import predict
from lutdla.spec.artefact import Artefact
from lutdla.spec.program import Lookup
from lutdla.spec.walk import encoded, walk
from lutdla.spec.window import WindowArrays, window_arrays


@dataclass(frozen=True)
class MemoryUse:
    """Rows or words of a memory (a field of `CoreConfig`): what the network needs, and what the core has."""

    memory: str
    used: int
    available: int


@dataclass(frozen=True)
class RegionUse:
    """A place in a memory: `size` words, groups or rows from `start` on, filled by record `born` and last read by
    record `dies`; 0 is the input frame, or what is there from the beginning. `readers`: all records that read it, of a
    map; tables name none."""

    memory: str
    name: str
    start: int
    size: int
    born: int
    dies: int
    readers: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecordUse:
    """A record: its layer, how its tables come, steps, predicted cycles without and with waiting, bytes of the table
    piece it waits for, whether it waits for earlier rows, values in a subspace of the map it writes as indices (0: it
    writes none)."""

    number: int
    layer: str
    dataflow: str
    steps: int
    cycles: int
    waits: int
    piece_bytes: int
    drain: bool
    v: int


@dataclass(frozen=True)
class Explanation:
    """A compiled network on its core.

    Attributes:
        images: of a pass.
        cycles_per_image: predicted, in steady state.
        steps_per_image: cycles in which lookups are done.
        stream_cycles_per_image: cycles in which frames and tables come.
        table_bytes, streamed_bytes: of all tables, and of those that are streamed in each pass.
        memories, regions, records: in detail.
    """

    images: int
    cycles_per_image: float
    steps_per_image: float
    stream_cycles_per_image: float
    table_bytes: int
    streamed_bytes: int
    memories: tuple[MemoryUse, ...]
    regions: tuple[RegionUse, ...]
    records: tuple[RecordUse, ...]


def explain(artefact: Artefact) -> Explanation:
    """Explain an artefact."""
    image, config = artefact.image, artefact.config
    costs = predict(image.program, [piece.tables.shape[1] for piece in image.pieces], config)
    images = image.program.images
    return Explanation(
        images, costs.cycles_per_pass / images, costs.steps / images, costs.stream_beats / images, image.table_bytes,
        sum(piece.tables.nbytes for piece in image.pieces),
        tuple(MemoryUse(name, need, getattr(config, name)) for name, need in artefact.requires().items()),
        (*_maps(artefact), *_tables(artefact)), tuple(_records(artefact, costs.records, costs.waits)),
    )  # fmt: skip


def _records(artefact: Artefact, cycles: tuple[int, ...], waits: tuple[int, ...]) -> list[RecordUse]:
    pieces, found, held = iter(artefact.image.pieces), [], False
    for number, record in enumerate(artefact.image.program.lookups, start=1):
        piece = next(pieces) if record.wait_tables else None
        held = held or piece is not None
        found.append(RecordUse(number, artefact.layers[number], "stationary" if held else "resident", record.steps(),
                               cycles[number - 1], waits[number - 1], 0 if piece is None else piece.tables.nbytes,
                               record.drain, artefact.config.v // record.encodings * (record.encoded_rows() > 0)))
        held = held and not record.free_tables
    return found


def _maps(artefact: Artefact) -> list[RegionUse]:
    """The frame, and what each record writes, until it is read for the last time before it is overwritten."""
    config, program = artefact.config, artefact.image.program
    windows = window_arrays(artefact.image.windows)
    frame = program.encode_input
    per_word = config.groups_per_word
    first: list[Any] = ["input frame", frame.dest // per_word, -(-frame.groups // per_word), 0, 0, ()]
    open_: dict[str, list[list[Any]]] = {"index_words": [first], "value_rows": []}
    closed: list[RegionUse] = []
    for number, record in enumerate(program.lookups, start=1):
        for memory, (read, written) in _touched(record, windows, artefact).items():
            for region in open_[memory]:
                if ((read >= region[1]) & (read < region[1] + region[2])).any():
                    region[4], region[5] = number, (*region[5], number)
            if not len(written):
                continue
            start, size = int(written.min()), int(np.ptp(written)) + 1
            replaced = [r for r in open_[memory] if r[1] < start + size and start < r[1] + r[2]]
            closed += [RegionUse(memory, *region) for region in replaced]
            kept = [r for r in open_[memory] if not any(r is old for old in replaced)]
            open_[memory] = [*kept, [f"{artefact.layers[number]} output", start, size, number, number, ()]]
    closed += [RegionUse(memory, *region) for memory, regions in open_.items() for region in regions]
    return sorted(closed, key=lambda region: (region.memory, region.born, region.start))


def _touched(record: Lookup, windows: WindowArrays,
             artefact: Artefact) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Index words and value groups that a record reads and writes."""
    config, inner = artefact.config, np.arange(artefact.config.groups_per_row)
    reads, writes, added, stored = [], [], [], []
    for steps in walk(record, windows, config):
        reads.append(np.unique(steps.words[steps.looked_up.any(axis=2)]))
        if record.to_output or not record.finish:
            continue
        if record.residual is not None:
            added.append((steps.value_in[steps.last, None] + inner).ravel())
        done = steps.last & steps.pool_last
        if record.encode:
            writes.append(np.unique(encoded(record, steps, done, config)[1] // config.groups_per_word))
        if record.store is not None:
            stored.append((steps.value_out[done, None] + inner).ravel())
    none = [np.zeros(0, np.int64)]
    return {"index_words": (np.concatenate(reads + none), np.concatenate(writes + none)),
            "value_rows": (np.concatenate(added + none), np.concatenate(stored + none))}


def _tables(artefact: Artefact) -> list[RegionUse]:
    """Resident tables of each layer, and the two halves of those that are streamed."""
    config, image = artefact.config, artefact.image
    windows, found, held = window_arrays(image.windows), {}, False
    last = len(image.program.lookups)
    for number, record in enumerate(image.program.lookups, start=1):
        held = held or record.wait_tables
        if not held:
            for steps in walk(record, windows, config):
                rows = steps.table_row[steps.looked_up.any(axis=(1, 2))]
                if not len(rows):
                    continue
                low, high = found.get(artefact.layers[number], (1 << 16, 0))
                found[artefact.layers[number]] = min(low, int(rows.min())), max(high, int(rows.max()) + config.c)
        held = held and not record.free_tables
    regions = [RegionUse("table_rows", f"{name} tables", low, high - low, 0, last)
               for name, (low, high) in found.items()]
    starts = sorted({piece.row for piece in image.pieces})
    for half, start in enumerate(starts):
        rows = max(piece.tables.shape[1] for piece in image.pieces if piece.row == start)
        regions.append(RegionUse("table_rows", f"streamed tables, half {half}", start, rows, 0, last))
    return sorted(regions, key=lambda region: region.start)
