"""The definition of the system: what a core computes, in plain numpy integers.

Slow, short, obviously right. Emulator, MyHDL, Verilog and netlist must agree with it on every bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lutdla.spec.config import STREAMS, CoreConfig
from lutdla.spec.memory import MemoryImage
from lutdla.spec.program import EncodeInput, Lookup

Int = npt.NDArray[np.int64]


def distance(x: Int, centroids: Int, metric: str) -> Int:
    """Distance of x (v,) to each centroid (c, v): (c,). L2 is squared, as in hardware."""
    difference = np.abs(x - centroids)  # (c, v)
    if metric == "l2":
        return (difference**2).sum(axis=1)
    if metric == "l1":
        return difference.sum(axis=1)
    return difference.max(axis=1)


def encode(x: Int, codebook: Int, metric: str) -> int:
    """Index of the centroid nearest to x; ties go to the lowest index."""
    return int(np.argmin(distance(x, codebook, metric)))


def requantize(acc: Int, mult: Int, bias: Int, shift: Int, added: Int | int, low: int, high: int) -> Int:
    """Accumulators to int8: clamp(((acc * mult + bias) >> shift) + added); the bias holds the rounding constant."""
    return np.clip(((acc * mult + bias) >> shift) + added, low, high)


class Step(NamedTuple):
    """One step of a loop nest."""

    address: dict[str, int]
    """Address of each stream, without bases."""
    first: bool
    """All reducing loops are at their first value."""
    last: bool
    """All reducing loops are at their last value."""
    pool_first: bool
    """All pooling loops are at their first value."""
    pool_last: bool
    """All pooling loops are at their last value."""


def steps(record: Lookup) -> Iterator[Step]:
    """Every step of a loop nest, in order."""
    for at in product(*(range(loop.count) for loop in record.loops)):
        address = {s: sum(getattr(loop, s) * i for loop, i in zip(record.loops, at)) for s in STREAMS}
        reducing = [(i, loop.count - 1) for loop, i in zip(record.loops, at) if loop.reduce]
        pooling = [(i, loop.count - 1) for loop, i in zip(record.loops, at) if loop.pool]
        yield Step(address, all(i == 0 for i, _ in reducing), all(i == top for i, top in reducing),
                   all(i == 0 for i, _ in pooling), all(i == top for i, top in pooling))


class Reference:
    """Executes a memory image, pass by pass.

    Args:
        config: the core.
        image: what is loaded; it is validated.
    """

    def __init__(self, config: CoreConfig, image: MemoryImage) -> None:
        image.validate(config)
        self.config, self.image = config, image
        self.tables = np.zeros((config.banks, config.table_rows, config.lanes), np.int64)
        self.tables[:, : image.tables.shape[1]] = image.tables
        self.index = np.zeros((config.index_words, config.blocks), np.int64)
        self.values = np.zeros((config.value_rows, config.group), np.int64)
        self.accumulator = np.zeros((config.accumulator_rows, config.lanes), np.int64)
        self.held = np.zeros((config.groups_per_row, config.group), np.int64)
        """Maximum of the pool so far, for each group of a row."""
        self.lookups = self.padding = 0
        """Table rows read and added since construction; banks that added 0 for zero padding instead."""

    def run(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        """Run images (int8, (images, groups * group)): raw results (images, rows * lanes).

        The number of images must be a multiple of `Program.images`.
        """
        per_pass = self.image.program.images
        passes = values.astype(np.int64).reshape(-1, per_pass, values.shape[1])
        results = [self._pass(list(frames)) for frames in passes]
        width = self.image.program.output_rows * self.config.lanes
        return np.array(results, np.int32).reshape(len(values), width)

    def _pass(self, frames: list[Int]) -> Int:
        pieces, results = list(self.image.pieces), []
        for record in self.image.program.lookups:
            if record.wait_input:
                self._encode_frame(self.image.program.encode_input, frames.pop(0))
            if record.wait_tables:
                piece = pieces.pop(0)
                self.tables[:, piece.row : piece.row + piece.tables.shape[1]] = piece.tables
            results += self._lookup(record)
        return np.concatenate(results)

    def _encode_frame(self, record: EncodeInput, frame: Int) -> None:
        for i, group in enumerate(frame.reshape(record.groups, self.config.group)):
            self._encode_group(group, record.codebook + i % record.codebooks, record.dest + i)

    def _encode_group(self, group: Int, codebook_row: int, dest: int) -> None:
        """Encode encoders x v values and write their indices to index group `dest`."""
        config = self.config
        for e, x in enumerate(group.reshape(config.encoders, config.v)):
            codebook = self.image.codebooks[codebook_row, e].astype(np.int64)
            word, block = divmod(dest * config.encoders + e, config.blocks)
            self.index[word, block] = encode(x, codebook, config.metric)

    def _lookup(self, record: Lookup) -> list[Int]:
        results: list[Int] = []
        for step in steps(record):
            row = self._sum_banks(record, step.address)  # (lanes,)
            at = step.address["accumulator"]
            if not (step.first and record.begin):
                row = row + self.accumulator[at]
            limit = 1 << (self.config.acc_bits - 1)
            if row.min() < -limit or row.max() >= limit:
                raise OverflowError(f"accumulator {row.min()}..{row.max()} does not fit {self.config.acc_bits} bits")
            self.accumulator[at] = row
            if step.last and record.finish and record.to_output:
                results.append(row)
            elif step.last and record.finish:
                self._finish_row(record, row, step)
        return results

    def _sum_banks(self, record: Lookup, address: dict[str, int]) -> Int:
        config, total = self.config, np.zeros(self.config.lanes, np.int64)
        window = self.image.windows[record.window + address["window"]]
        table_row = (record.table + address["table"] + window.table) * config.c
        for number, port in enumerate(window.ports):
            base = record.shortcut + address["shortcut"] if port.shortcut else record.index + address["index"]
            y, x = address["y"] + port.dy, address["x"] + port.dx
            inside = 0 <= y < record.height and 0 <= x < record.width
            for block in range(config.blocks):
                if not port.blocks >> block & 1:
                    continue
                if inside:
                    row = table_row + self.index[base + port.offset, block]
                    total += self.tables[number * config.blocks + block, row]
                    self.lookups += 1
                else:
                    self.padding += 1
        return total

    def _finish_row(self, record: Lookup, row: Int, step: Step) -> None:
        """Requantise a finished row, add the residual, clamp, pool, and where the pool is complete encode and store."""
        config, image = self.config, self.image
        channel, dest = step.address["channel"], step.address["dest"]
        for g, acc in enumerate(row.reshape(config.groups_per_row, config.group)):
            at = record.constant + channel + g
            added = 0 if record.residual is None else self.values[record.residual + dest + g]
            x = requantize(acc, image.mult[at], image.bias[at], image.shift[at], added, record.low, record.high)
            self.held[g] = x if step.pool_first else np.maximum(self.held[g], x)
            if step.pool_last and record.store is not None:
                self.values[record.store + dest + g] = self.held[g]
        if step.pool_last and record.encode:
            for i, g in product(range(record.encodings), range(config.groups_per_row)):
                self._encode_group(self.held[g], record.codebook + channel + g + i * record.codebooks,
                                   record.dest + dest + g + i * record.encoding_stride)
