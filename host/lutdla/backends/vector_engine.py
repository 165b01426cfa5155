"""Executes a loaded program on many passes at once with numpy: where `lutdla.native` was not compiled.

Passes are the innermost axis of all state, so that one step of a loop nest is a few numpy calls for a whole block of
passes, and steps are gathered in blocks too. A program that reads what an earlier pass left behind runs pass by pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from lutdla.backends.loaded import Memories, Pieces, TableRows
from lutdla.backends.program_check import check_program, index_positions
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Lookup
from lutdla.spec.walk import Int, Steps, encoded, walk

BLOCK = 1 << 20
"""Table entries gathered in a block of steps: its sums stay in the caches of a CPU."""

MOST_PASSES = 256
"""Passes of a block, at most."""

STATE_BYTES = 64 << 20
"""Memory that the state of a block of passes may take."""

KEPT_STEPS = 1 << 18
"""Steps whose addresses are kept from one block of passes to the next; each takes some hundred bytes."""


def nearest(x: npt.NDArray[np.int8], codebooks: npt.NDArray[np.int8], metric: str) -> npt.NDArray[np.uint8]:
    """Indices (G, n) of the centroids nearest to x (G, n, v) in codebooks (G, c, v); ties go to the lowest index."""
    if metric == "l2":
        # |c|^2 - 2 x.c orders as the distance does. All values are whole and below 2^24: float32 is exact.
        centroids = codebooks.astype(np.float32)
        score = (centroids**2).sum(axis=2)[:, None] - 2 * (x.astype(np.float32) @ centroids.swapaxes(1, 2))
        return np.asarray(score.argmin(axis=2), np.uint8)
    distance = np.zeros((*x.shape[:2], codebooks.shape[1]), np.int16)  # (G, n, c), at most v * 255
    for i in range(x.shape[2]):
        part = np.abs(x[:, :, i, None].astype(np.int16) - codebooks[:, None, :, i])
        distance = distance + part if metric == "l1" else np.maximum(distance, part)
    return np.asarray(distance.argmin(axis=2), np.uint8)


def _add_pieces(sums: npt.NDArray[np.int16], order: Int, starts: Int, ends: Int) -> npt.NDArray[np.int32]:
    """Sums (T, P, lanes) of steps `order[starts[k]:ends[k]]`, for each k: (K, P, lanes)."""
    lengths = ends - starts
    if len(starts) < lengths.max():
        whole: npt.NDArray[np.int32] = np.stack([sums[order[a:b]].sum(axis=0, dtype=np.int32)
                                                 for a, b in zip(starts, ends)])
        return whole
    totals: npt.NDArray[np.int32] = sums[order[starts]].astype(np.int32)
    for i in range(1, int(lengths.max())):
        longer = lengths > i
        totals[longer] += sums[order[starts[longer] + i]]
    return totals


class VectorEngine:
    """Runs one loaded program.

    Args:
        config: the core.
        memories: what is loaded.

    Raises:
        ProgramError: for a program that reaches past the core's memories; on hardware its results are undefined.
    """

    def __init__(self, config: CoreConfig, memories: Memories) -> None:
        self.config, self.memories = config, memories
        zeros = np.zeros((config.c, config.lanes), np.int16)  # what a bank adds that does not take part
        self._rows = np.concatenate([memories.tables.reshape(-1, config.lanes).astype(np.int16), zeros])
        self._no_row = len(self._rows) - config.c
        self._bank_base = np.arange(config.banks).reshape(config.ports, config.blocks) * config.table_rows
        self._walked: dict[tuple[int, int], list[Steps]] = {}
        self._kept = 0
        facts = check_program(config, memories)
        self._stale, self.lookups_per_pass, self.padding_per_pass = facts.stale, facts.lookups, facts.padding
        self._index = np.zeros((config.index_words, config.blocks, 1), np.uint8)
        self._accumulator = np.zeros((config.accumulator_rows, 1, config.lanes), np.int32)
        self._values = np.zeros((config.value_rows, 1, config.group), np.int8)

    # -- execution ---------------------------------------------------------------------------------------------------
    def run(self, values: npt.NDArray[np.int8], pieces: Sequence[Pieces] = ()) -> npt.NDArray[np.int32]:
        """See `lutdla.backends.loaded.Engine`."""
        config, images = self.config, self.memories.program.images
        passes = values.reshape(-1, images, *values.shape[1:])
        state = (config.index_words * config.blocks + config.accumulator_rows * config.lanes * 4
                 + config.value_rows * config.group)
        block = 1 if self._stale else max(1, min(MOST_PASSES, STATE_BYTES // state))
        results, start = [np.empty((0, self.memories.program.output_rows * config.lanes), np.int32)], 0
        for own, group in groupby(pieces or [()] * len(passes)):  # passes with the same pieces run together
            end = start + len(list(group))
            results += [self._passes(passes[at : min(at + block, end)], own) for at in range(start, end, block)]
            start = end
        return np.concatenate(results)

    def _passes(self, values: npt.NDArray[np.int8], pieces: Pieces) -> npt.NDArray[np.int32]:
        """Passes (P, images, groups, group) with the same table pieces: raw results (P * images, rows * lanes)."""
        count, waiting, frames = len(values), list(pieces), list(values.swapaxes(0, 1))
        self._index = np.repeat(self._index[:, :, -1:], count, axis=2)  # (words, blocks, P)
        self._accumulator = np.repeat(self._accumulator[:, -1:], count, axis=1)  # (rows, P, lanes)
        self._values = np.repeat(self._values[:, -1:], count, axis=1)  # (rows, P, group)
        encode, rows = self.memories.program.encode_input, [np.empty((0, count, self.config.lanes), np.int32)]
        groups = np.arange(encode.groups)
        for record in self.memories.program.lookups:
            if record.wait_input:
                self._encode(frames.pop(0).swapaxes(0, 1), encode.codebook + groups % encode.codebooks,
                             encode.dest + groups)
            if record.wait_tables:
                self._replace_tables(waiting.pop(0))
            rows += self._lookup(record, count)
        self._index = self._index[:, :, -1:].copy()
        self._accumulator = self._accumulator[:, -1:].copy()
        self._values = self._values[:, -1:].copy()
        width = self.memories.program.output_rows * self.config.lanes
        return np.concatenate(rows).swapaxes(0, 1).reshape(count * self.memories.program.images, width)

    def _replace_tables(self, piece: Sequence[TableRows]) -> None:
        for part in piece:
            rows = np.frombuffer(part.data, np.int8).reshape(-1, self.config.lanes)
            at = part.bank * self.config.table_rows + part.row
            self._rows[at : at + len(rows)] = rows

    def _encode(self, values: npt.NDArray[np.int8], codebook_rows: Int, dest: Int) -> None:
        """Encode values (groups, P, group) with one codebook row for each group, into index groups `dest`."""
        config, count = self.config, values.shape[1]
        block = max(1, BLOCK // (count * config.encoders * config.c))
        for start in range(0, len(dest), block):
            part = values[start : start + block].reshape(-1, count, config.encoders, config.v)
            x = part.swapaxes(1, 2).reshape(-1, count, config.v)  # (groups * encoders, P, v)
            codebooks = self.memories.codebooks[codebook_rows[start : start + block]].reshape(-1, config.c, config.v)
            words, blocks = index_positions(dest[start : start + block], config)
            self._index[words, blocks] = nearest(x, codebooks, config.metric)

    def _walk(self, record: Lookup, block: int) -> Iterable[Steps]:
        """The steps of a record, kept for the next block of passes as far as memory allows."""
        key = id(record), block
        if key not in self._walked:
            steps = walk(record, self.memories.windows, self.config, block)
            if self._kept + record.steps() > KEPT_STEPS:
                return steps
            self._walked[key] = list(steps)
            self._kept += record.steps()
        return self._walked[key]

    def _lookup(self, record: Lookup, count: int) -> list[npt.NDArray[np.int32]]:
        """Execute a record; returns the rows for the host, (R, P, lanes) each."""
        results = []
        held = np.zeros((self.config.groups_per_row, count, self.config.group), np.int8)
        block = max(1, BLOCK // (count * self.config.banks * self.config.lanes))
        for steps in self._walk(record, block):
            finished = self._accumulate(steps, self._sum_banks(steps, count))
            if record.to_output:
                results.append(finished)
            elif len(finished):
                self._finish(record, steps, self._requantize(record, steps, finished), held)
        return results

    def _sum_banks(self, steps: Steps, count: int) -> npt.NDArray[np.int16]:
        """Sum over banks: (T, P, lanes). At most 128 banks of int8: 16 bits hold it."""
        shape = len(steps.words), count
        total = np.zeros((*shape, self.config.lanes), np.int16)
        entries, rows = np.empty_like(total), np.empty(shape, np.intp)
        words = np.minimum(steps.words, self.config.index_words - 1)  # a port that rests may point anywhere
        used = steps.looked_up
        for port in range(self.config.ports):
            cells = self._index[words[:, port]]  # (T, blocks, P)
            for block in range(self.config.blocks):
                here = used[:, port, block]
                if not here.any():
                    continue
                base = np.where(here, steps.table_row + self._bank_base[port, block], self._no_row)
                np.add(base[:, None], cells[:, block], out=rows)
                self._rows.take(rows, axis=0, out=entries, mode="clip")  # the default mode would copy once more
                total += entries
        return total

    def _accumulate(self, steps: Steps, sums: npt.NDArray[np.int16]) -> npt.NDArray[np.int32]:
        """Add the sums of steps to their accumulators; returns the rows that are finished: (R, P, lanes).

        Steps are sorted by accumulator row, and cut where a row starts, is finished, or changes: then each piece is
        added up at once.
        """
        order = np.argsort(steps.accumulator, kind="stable")
        rows, last = steps.accumulator[order], steps.last[order]
        starts = np.flatnonzero(steps.first[order] | np.diff(rows, prepend=-1).astype(bool) | np.roll(last, 1))
        ends = np.append(starts[1:], len(order))
        totals = _add_pieces(sums, order, starts, ends)
        rows, last, continued = rows[starts], last[ends - 1], np.flatnonzero(~steps.first[order[starts]])
        for k in continued.tolist():  # pieces that go on from what is there
            before = totals[k - 1] if k and rows[k - 1] == rows[k] else self._accumulator[rows[k]]
            totals[k] += before
        self._accumulator[rows] = totals  # of pieces with the same row the last one stays
        finished: npt.NDArray[np.int32] = totals[last][np.argsort(order[ends[last] - 1])]
        spare = 32 - self.config.acc_bits
        if spare:  # An accumulator wraps at its width; adding modulo 2^32 before comes to the same.
            np.left_shift(finished, spare, out=finished)
            np.right_shift(finished, spare, out=finished)
        return finished

    def _requantize(self, record: Lookup, steps: Steps, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """Finished rows (R, P, lanes) to int8, residuals added: (R, groups of a row, P, group)."""
        config, memories, inner = self.config, self.memories, np.arange(self.config.groups_per_row)
        at = steps.constant[steps.last, None] + inner
        split = rows.reshape(len(rows), -1, config.groups_per_row, config.group).swapaxes(1, 2)
        scaled = split * memories.mult[at][:, :, None]
        scaled += memories.bias[at][:, :, None]
        scaled >>= memories.shift[at][:, :, None]
        if record.residual is not None:
            scaled += self._values[steps.value_in[steps.last, None] + inner]
        return np.clip(scaled, record.low, record.high, out=scaled).astype(np.int8)

    def _finish(self, record: Lookup, steps: Steps, values: npt.NDArray[np.int8], held: npt.NDArray[np.int8]) -> None:
        """Pool, encode and store requantised rows (R, groups of a row, P, group). `held`: the maximum so far."""
        inner, done = np.arange(self.config.groups_per_row), steps.last
        if any(loop.pool for loop in record.loops):
            for row, start in zip(values, steps.pool_first[done]):
                np.copyto(held, row) if start else np.maximum(held, row, out=held)
                row[:] = held
            values, done = values[steps.pool_last[done]], done & steps.pool_last
        if not len(values):
            return
        flat = values.reshape(-1, *values.shape[2:])
        if record.store is not None:
            self._values[(steps.value_out[done, None] + inner).reshape(-1)] = flat
        if record.encode:
            codebooks, groups = encoded(record, steps, done, self.config)
            if record.encodings > 1:
                flat = np.repeat(values[:, None], record.encodings, axis=1).reshape(-1, *values.shape[2:])
            self._encode(flat, codebooks.reshape(-1), groups.reshape(-1))
