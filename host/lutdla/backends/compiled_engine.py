"""`CompiledEngine`: executes a loaded program in C++, bit for bit as `lutdla.reference` does.

Passes are computed `TILE` side by side, tiles in as many threads as the machine has processors. A program that reads
what an earlier pass left behind runs pass by pass.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.backends.compiled_plan import Planned, Record, plan
from lutdla.backends.loaded import Memories, Pieces, TableRows
from lutdla.backends.program_check import check_program
from lutdla.native.threads import in_threads, thread_count
from lutdla.spec.config import METRICS, CoreConfig

TILE, FEW = 64, 16
"""Passes that are computed together; the same where there are not more, which takes less time."""

CHUNK = 16
"""Entries of a table that are looked up at once; tables of fewer centroids are filled up."""

STREAMED_TILES = 16
"""Tiles that go through the program together where its tables are streamed: they all use a piece before the next."""

KEPT_BANKS = 1 << 23
"""Lookups of a pass whose addresses are kept, 8 bytes each; those of further records are computed again each time."""


class Core(ctypes.Structure):
    """`struct Core` of passes.h."""

    _fields_ = [*((name, ctypes.c_int64) for name in (
        "v", "c", "metric", "keyed", "lanes", "encoders", "groups_per_row", "spare_bits")),
        *((name, ctypes.c_void_p) for name in ("tables", "centroids", "mult", "bias"))]  # fmt: skip


class State(ctypes.Structure):
    """`struct State` of passes.h."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("index", "values", "sums", "held")]


class CompiledEngine:
    """Implements `lutdla.backends.loaded.Engine`.

    Args:
        config: the core.
        memories: what is loaded.
        library: see `lutdla.native.variants`.

    Raises:
        ProgramError: for a program that reaches past the core's memories; on hardware its results are undefined.
    """

    def __init__(self, config: CoreConfig, memories: Memories, library: ctypes.CDLL) -> None:
        self.config, self.memories, self._library = config, memories, library
        facts = check_program(config, memories)
        self._stale, self.lookups_per_pass, self.padding_per_pass = facts.stale, facts.lookups, facts.padding
        chunks = -(-config.c // CHUNK)
        groups = config.banks * (config.table_rows // config.c)
        self._tables = np.zeros((groups, config.lanes, chunks * CHUNK), np.uint8)
        self._constants = [np.ldexp(values.astype(np.float64), -memories.shift) for values in
                           (memories.mult, memories.bias)]  # fmt: skip
        self._centroids, keyed = _centroids(config, memories.codebooks)
        self._core = Core(
            config.v, config.c, METRICS.index(config.metric), keyed, config.lanes, config.encoders,
            config.groups_per_row, 32 - config.acc_bits, self._tables.ctypes.data, self._centroids.ctypes.data,
            *(values.ctypes.data for values in self._constants))
        self._put_rows(0, memories.tables)
        self._planned: dict[int, Planned] = {}
        self._kept = 0
        self._arrays: dict[tuple[int, int], ctypes.Array[Record]] = {}
        self._states: dict[int, list[tuple[State, list[npt.NDArray[np.generic]]]]] = {TILE: [], FEW: []}
        waits = [i for i, record in enumerate(memories.program.lookups) if record.wait_tables]
        self._parts = list(pairwise(sorted({0, *waits, len(memories.program.lookups)})))
        """Records that run without new tables between them."""

    # -- execution ---------------------------------------------------------------------------------------------------
    def run(self, values: npt.NDArray[np.int8], pieces: Sequence[Pieces] = ()) -> npt.NDArray[np.int32]:
        """See `lutdla.backends.loaded.Engine`."""
        program = self.memories.program
        passes = np.ascontiguousarray(values, np.int8).reshape(-1, program.images * values[:1].size)
        results = np.empty((len(passes), program.images * program.output_rows * self.config.lanes), np.int32)
        block = 1 if self._stale else STREAMED_TILES * TILE if len(self._parts) > 1 else max(1, len(passes))
        start = 0
        for own, group in groupby(pieces or [()] * len(passes)):  # passes with the same pieces run together
            end = start + len(list(group))
            for at in range(start, end, block):
                self._passes(passes[at : min(at + block, end)], own, results[at : min(at + block, end)])
            start = end
        return results.reshape(len(values), -1)

    def _passes(self, passes: npt.NDArray[np.int8], pieces: Pieces, results: npt.NDArray[np.int32]) -> None:
        """Passes (P, images * groups * group) with the same table pieces, into results (P, images * rows * lanes)."""
        waiting, together = list(pieces), len(self._parts) > 1
        size = FEW if self._stale or len(passes) <= FEW else TILE  # a stale program finds its state in the same tile
        tiles = -(-len(passes) // size)
        threads = min(thread_count(), tiles)
        states = self._reserve(size, tiles if together else threads)
        for first, last in self._parts:
            if self.memories.program.lookups[first].wait_tables:
                for rows in waiting.pop(0):
                    self._replace(rows)
            for begin, end in self._kept_together(first, last):
                records = self._records(begin, end)

                def work(thread: int, start: int, stop: int, records: ctypes.Array[Record] = records) -> None:
                    for tile in range(start, stop):
                        at = slice(tile * size, (tile + 1) * size)
                        state = states[tile if together else thread][0]
                        self._call(records, state, size, passes[at], results[at])

                in_threads(threads, tiles, work)

    def _call(self, records: ctypes.Array[Record], state: State, size: int, passes: npt.NDArray[np.int8],
              results: npt.NDArray[np.int32]) -> None:
        """Records on a tile of so many passes, or fewer."""
        images = self.memories.program.images
        self._library.run_records(
            ctypes.byref(self._core), records, ctypes.c_int64(len(records)), ctypes.byref(state),
            ctypes.c_int64(size), ctypes.c_void_p(passes.ctypes.data), ctypes.c_int64(passes.shape[1] // images),
            ctypes.c_int64(passes.shape[1]), ctypes.c_int64(len(passes)), ctypes.c_void_p(results.ctypes.data),
            ctypes.c_int64(results.shape[1]))

    # -- tables ------------------------------------------------------------------------------------------------------
    def _replace(self, rows: TableRows) -> None:
        values = np.frombuffer(rows.data, np.int8).reshape(-1, self.config.lanes)
        self._put_rows(rows.bank * self.config.table_rows + rows.row, values)

    def _put_rows(self, first: int, rows: npt.NDArray[np.int8]) -> None:
        """Write table rows (..., lanes) from row `first` on, banks one after the other."""
        rows = np.ascontiguousarray(rows)
        self._library.put_rows(ctypes.byref(self._core), ctypes.c_void_p(self._tables.ctypes.data),
                               ctypes.c_int64(first), ctypes.c_void_p(rows.ctypes.data),
                               ctypes.c_int64(rows.size // self.config.lanes))

    # -- records -----------------------------------------------------------------------------------------------------
    def _kept_together(self, first: int, last: int) -> list[tuple[int, int]]:
        """Ranges of records that are given to one call: all of them, or each alone where not all are kept."""
        if all(self._plan(i)[1] for i in range(first, last)):
            return [(first, last)]
        return [(i, i + 1) for i in range(first, last)]

    def _plan(self, number: int) -> tuple[Planned | None, bool]:
        """A record's plan and whether it is kept; None where there is no room for it."""
        if number not in self._planned:
            lookups = self.memories.program.lookups[number].steps() * self.config.banks
            if self._kept + lookups > KEPT_BANKS:
                return None, False
            self._planned[number] = plan(number, self.config, self.memories)
            self._kept += len(self._planned[number].banks)
        return self._planned[number], True

    def _records(self, first: int, last: int) -> ctypes.Array[Record]:
        """Records as an array in C."""
        if (first, last) not in self._arrays:
            planned = [self._plan(i)[0] or plan(i, self.config, self.memories) for i in range(first, last)]
            array = (Record * len(planned))(*(one.record for one in planned))
            if not all(i in self._planned for i in range(first, last)):
                array.keep = planned  # type: ignore[attr-defined]  # what it points to lives as long as it does
                return array
            self._arrays[first, last] = array
        return self._arrays[first, last]

    # -- state -------------------------------------------------------------------------------------------------------
    def _reserve(self, size: int, count: int) -> list[tuple[State, list[npt.NDArray[np.generic]]]]:
        """States for so many tiles of this size at a time."""
        config, states = self.config, self._states[size]
        while len(states) < count:
            arrays: list[npt.NDArray[np.generic]] = [
                np.zeros((config.index_words * config.blocks, size), np.uint8),
                np.zeros((config.value_rows * config.group, size), np.int8),
                np.zeros((config.accumulator_rows * config.lanes, size), np.int32),
                np.zeros((config.lanes, size), np.int8),
            ]
            states.append((State(*(array.ctypes.data for array in arrays)), arrays))
        return states


def _centroids(config: CoreConfig, codebooks: npt.NDArray[np.int8]) -> tuple[npt.NDArray[Any], bool]:
    """Centroids as passes.h takes them, of codebooks (rows, encoders, c, v); whether they are keyed."""
    v, c = config.v, config.c
    if config.metric == "l2":
        keyed = 2 * c * 128 < 1 << 15  # centroids c times as large fit 16 bits
        whole, factor = codebooks.astype(np.int32), c if keyed else 1
        last = factor * (whole**2).sum(axis=3, dtype=np.int32, keepdims=True)
        if keyed:
            last += np.arange(c, dtype=np.int32)[:, None]
        scaled = np.zeros((*whole.shape[:3], v + v % 2), np.int16)
        scaled[..., :v] = -2 * factor * whole
        return np.concatenate([scaled.view("<i4"), last], axis=3), keyed
    keyed = c * 255 * (v if config.metric == "l1" else 1) + c - 1 < 1 << 15
    return codebooks.astype(np.int16) * np.int16(c if keyed else 1), keyed
