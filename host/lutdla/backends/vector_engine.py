"""Executes a loaded program on many images at once, bit for bit as `lutdla.reference` does.

Images are the innermost axis of all state, so that one step of a loop nest is a few numpy calls for a whole block of
images, and steps are gathered in blocks too. Two kinds of program need care and get smaller blocks: a record that
reads index words which it also writes runs step by step, and a program that reads what an earlier image left behind
runs image by image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import STREAMS, CoreConfig
from lutdla.spec.program import EncodeInput, Lookup, Program

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

BLOCK = 1 << 20
"""Table entries gathered at once: small enough for the caches of a CPU."""


@dataclass(frozen=True)
class Memories:
    """Content of the loadable memories, decoded.

    Attributes:
        program: records up to the one marked as the end.
        codebooks: int8 (codebook rows, encoders, c, v).
        tables: int8 (banks, table rows, lanes).
        mult, bias, shift: int64 (constant rows, group).
    """

    program: Program
    codebooks: npt.NDArray[np.int8]
    tables: npt.NDArray[np.int8]
    mult: Int
    bias: Int
    shift: Int


@dataclass(frozen=True)
class Steps:
    """A block of steps of one loop nest: what the hardware would put on its address lines. T = steps in the block."""

    words: Int  # (T, ports)
    inside: Bool  # (T, ports, blocks): the bank is not masked
    table_row: Int  # (T,) first of c rows
    accumulator: Int  # (T,)
    constant: Int  # (T,) first constant row
    codebook: Int  # (T,) first codebook row
    dest: Int  # (T,) index group, base included
    first: Bool  # (T,)
    last: Bool  # (T,)


def walk(record: Lookup, config: CoreConfig, block: int) -> Iterator[Steps]:
    """The steps of a record in order, `block` at a time. Addresses wrap at 16 bits, as in hardware."""
    counts = tuple(loop.count for loop in record.loops)
    bits = np.arange(config.blocks)
    for start in range(0, record.steps(), block):
        at = np.stack(np.unravel_index(np.arange(start, min(start + block, record.steps())), counts))  # (loops, T)
        address = {s: np.array([getattr(loop, s) for loop in record.loops]) @ at for s in STREAMS}
        words = (record.index + address["index"][:, None] + np.array(record.port_offsets)) & 0xFFFF
        edge = (words == record.last_word)[:, :, None] & ((record.block_mask >> bits) & 1).astype(bool)
        reducing = np.array([loop.reduce for loop in record.loops])
        yield Steps(
            words, (words < record.last_word)[:, :, None] | edge,
            ((record.table + address["table"]) & 0xFFFF) * config.c, address["accumulator"] & 0xFFFF,
            (record.constant + address["channel"]) & 0xFFFF, (record.codebook + address["channel"]) & 0xFFFF,
            (record.dest + address["dest"]) & 0xFFFF,
            ~at[reducing].any(axis=0), (at == np.array(counts)[:, None] - 1)[reducing].all(axis=0),
        )  # fmt: skip


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
        zeros = np.zeros((1, config.lanes), np.int16)  # what a masked bank adds
        self._rows = np.concatenate([memories.tables.reshape(-1, config.lanes).astype(np.int16), zeros])
        self._bank_base = np.arange(config.banks).reshape(config.ports, config.blocks) * config.table_rows
        self._overlaps: list[bool] = []
        self._stale = False
        self.lookups_per_image = 0
        """Bank reads not masked in one image."""
        self._analyse()
        self.index = np.zeros((config.index_words, config.blocks, 1), np.uint8)
        """Index memory after the newest image."""
        self.accumulator = np.zeros((config.accumulator_rows, 1, config.lanes), np.int32)
        """Accumulators after the newest image."""

    # -- checks, once for each program -------------------------------------------------------------------------------
    def _analyse(self) -> None:
        config, program = self.config, self.memories.program
        if not program.records or not isinstance(program.records[0], EncodeInput):
            raise ProgramError("emulator: the loaded program does not begin with EncodeInput")
        written = np.zeros((config.index_words, config.blocks), bool)
        sums = np.zeros(config.accumulator_rows, bool)
        for i, record in enumerate(program.records):
            if isinstance(record, EncodeInput):
                self._check(i, "codebook row", np.array([record.codebook + record.codebooks - 1]), config.codebook_rows)
                if not record.codebooks or not record.groups:
                    raise ProgramError(f"emulator: record {i} encodes nothing")
                written[self._positions(i, record.dest + np.arange(record.groups))] = True
                self._overlaps.append(False)
                continue
            read, own = np.zeros_like(written), np.zeros_like(written)
            for steps in walk(record, config, 1 << 14):
                self._check(i, "table row", steps.table_row, config.table_rows)
                self._check(i, "accumulator row", steps.accumulator, config.accumulator_rows)
                words, blocks = np.broadcast_arrays(steps.words[:, :, None], np.arange(config.blocks))
                self._check(i, "index word", words[steps.inside], config.index_words)
                read[words[steps.inside], blocks[steps.inside]] = True
                self.lookups_per_image += int(steps.inside.sum())
                sums[steps.accumulator[steps.first]] = True
                self._stale |= not sums[steps.accumulator].all()
                if not record.to_output:
                    own[self._targets(i, steps)] = True
            self._overlaps.append(bool((read & own).any()))
            self._stale |= bool((read & ~written).any())
            written |= own

    def _check(self, record: int, what: str, addresses: Int, depth: int) -> None:
        if addresses.size and addresses.max() >= depth:
            raise ProgramError(f"emulator: record {record} of the loaded program reaches {what} {addresses.max()}, "
                               f"this core has {depth}: compile the model again")

    def _positions(self, record: int, groups: Int) -> tuple[Int, Int]:
        """Index memory words and blocks (each (groups * encoders,)) of index groups."""
        positions = (groups.reshape(-1, 1) * self.config.encoders + np.arange(self.config.encoders)).reshape(-1)
        words, blocks = np.divmod(positions, self.config.blocks)
        self._check(record, "index word", words, self.config.index_words)
        return words, blocks

    def _targets(self, i: int, steps: Steps) -> tuple[Int, Int]:
        """Index positions that a block of steps writes; checks the rows that it needs for that."""
        groups = np.arange(self.config.groups_per_row)
        self._check(i, "constant row", steps.constant[steps.last, None] + groups, self.config.constant_rows)
        self._check(i, "codebook row", steps.codebook[steps.last, None] + groups, self.config.codebook_rows)
        return self._positions(i, steps.dest[steps.last, None] + groups)

    # -- execution ---------------------------------------------------------------------------------------------------
    def run(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        """Run images (images, groups, group): raw results (images, rows * lanes)."""
        config = self.config
        state = config.index_words * config.blocks + config.accumulator_rows * config.lanes * 4
        block = 1 if self._stale else max(1, min(512, (64 << 20) // state))
        width = self.memories.program.output_rows * config.lanes
        results = np.empty((len(values), width), np.int32)
        for start in range(0, len(values), block):
            part = values[start : start + block]
            results[start : start + block] = self._images(part)
        return results

    def _images(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        images = len(values)
        self.index = np.repeat(self.index[:, :, -1:], images, axis=2)  # (words, blocks, images)
        self.accumulator = np.repeat(self.accumulator[:, -1:], images, axis=1)  # (rows, images, lanes)
        rows: list[npt.NDArray[np.int32]] = []
        for i, record in enumerate(self.memories.program.records):
            if isinstance(record, EncodeInput):
                groups = np.arange(record.groups)
                self._encode(values.swapaxes(0, 1), record.codebook + groups % record.codebooks, record.dest + groups)
            else:
                self._lookup(i, record, rows)
        self.index = self.index[:, :, -1:].copy()
        self.accumulator = self.accumulator[:, -1:].copy()
        return np.stack(rows, axis=1).reshape(images, -1)

    def _encode(self, values: npt.NDArray[np.int8], codebook_rows: Int, dest: Int) -> None:
        """Encode values (groups, images, group) with one codebook row for each group, into index groups `dest`."""
        config, images = self.config, values.shape[1]
        block = max(1, BLOCK // (images * config.encoders * config.c))
        for start in range(0, len(dest), block):
            part = values[start : start + block].reshape(-1, images, config.encoders, config.v)
            x = part.swapaxes(1, 2).reshape(-1, images, config.v)  # (groups * encoders, images, v)
            codebooks = self.memories.codebooks[codebook_rows[start : start + block]].reshape(-1, config.c, config.v)
            words, blocks = self._positions(0, dest[start : start + block])
            self.index[words, blocks] = nearest(x, codebooks, config.metric)

    def _lookup(self, i: int, record: Lookup, results: list[npt.NDArray[np.int32]]) -> None:
        images = self.index.shape[2]
        block = 1 if self._overlaps[i] else max(1, BLOCK // (images * self.config.banks * self.config.lanes))
        for steps in walk(record, self.config, block):
            finished = self._accumulate(steps, self._sum_banks(steps))
            if record.to_output:
                results += finished
            elif finished:
                self._requantize(record, steps, np.stack(finished))

    def _sum_banks(self, steps: Steps) -> npt.NDArray[np.int16]:
        """Sum over banks: (T, images, lanes). At most 128 banks of int8: 16 bits hold it."""
        total: npt.NDArray[np.int16] | None = None
        words = np.minimum(steps.words, self.config.index_words - 1)  # a masked bank may point anywhere
        for port in range(self.config.ports):
            for block in range(self.config.blocks):
                inside = steps.inside[:, port, block]  # (T,)
                if not inside.any():
                    continue
                base = steps.table_row + self._bank_base[port, block]
                rows = base[:, None] + self.index[words[:, port], block]  # (T, images)
                rows[~inside] = len(self._rows) - 1
                entries = self._rows.take(rows, axis=0)
                total = entries if total is None else np.add(total, entries, out=total)
        if total is None:
            return np.zeros((len(words), self.index.shape[2], self.config.lanes), np.int16)
        return total

    def _accumulate(self, steps: Steps, sums: npt.NDArray[np.int16]) -> list[npt.NDArray[np.int32]]:
        """Add the sums of steps to their accumulators; returns the rows (images, lanes) that are finished."""
        finished, spare = [], 32 - self.config.acc_bits
        for row, first, last, addend in zip(steps.accumulator.tolist(), steps.first, steps.last, sums):
            accumulator = self.accumulator[row]
            if first:
                accumulator[:] = addend
            else:
                accumulator += addend
            if spare:  # an accumulator wraps at its width
                np.left_shift(accumulator, spare, out=accumulator)
                np.right_shift(accumulator, spare, out=accumulator)
            if last:
                finished.append(accumulator.copy())
        return finished

    def _requantize(self, record: Lookup, steps: Steps, rows: npt.NDArray[np.int32]) -> None:
        """Finished rows (R, images, lanes) to int8, and to the indices of the next layer."""
        config, memories = self.config, self.memories
        groups = np.arange(config.groups_per_row)
        firsts = (steps.constant, steps.codebook, steps.dest)
        at, codebook, dest = (first[steps.last, None] + groups for first in firsts)
        acc = rows.reshape(len(rows), -1, config.groups_per_row, config.group).swapaxes(1, 2).astype(np.int64)
        scaled = acc * memories.mult[at][:, :, None] + memories.bias[at][:, :, None]  # (R, groups, images, group)
        values = np.clip(scaled >> memories.shift[at][:, :, None], record.low, record.high).astype(np.int8)
        self._encode(values.reshape(-1, *values.shape[2:]), codebook.reshape(-1), dest.reshape(-1))
