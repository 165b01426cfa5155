"""The definition of the system: what a core computes, in plain numpy integers.

Slow, short, obviously right. Emulator, MyHDL, Verilog and netlist must agree with it on every bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

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


def requantize(acc: Int, mult: Int, bias: Int, shift: Int, low: int, high: int) -> Int:
    """Accumulators to int8: clamp((acc * mult + bias) >> shift); the bias holds the rounding constant."""
    return np.clip((acc * mult + bias) >> shift, low, high)


def steps(record: Lookup) -> Iterator[tuple[dict[str, int], bool, bool]]:
    """Every step of a loop nest: its addresses (without bases), and whether it is the first and the last of its
    accumulator row."""
    for at in product(*(range(loop.count) for loop in record.loops)):
        address = {s: sum(getattr(loop, s) * i for loop, i in zip(record.loops, at)) for s in STREAMS}
        reducing = [(i, loop.count) for loop, i in zip(record.loops, at) if loop.reduce]
        yield address, all(i == 0 for i, _ in reducing), all(i == count - 1 for i, count in reducing)


class Reference:
    """Executes a memory image, image by image.

    Args:
        config: the core.
        image: what is loaded; it is validated.
    """

    def __init__(self, config: CoreConfig, image: MemoryImage) -> None:
        image.validate(config)
        self.config, self.image = config, image
        self.index = np.zeros((config.index_words, config.blocks), np.int64)
        self.accumulator = np.zeros((config.accumulator_rows, config.lanes), np.int64)
        self.lookups = 0
        """Table rows read and added since construction, masked ones not counted."""

    def run(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
        """Run images (int8, (images, groups * group)): raw results (images, rows * lanes)."""
        return np.array([self._image(row.astype(np.int64)) for row in values], np.int32)

    def _image(self, values: Int) -> Int:
        results: list[Int] = []
        for record in self.image.program.records:
            if isinstance(record, EncodeInput):
                for i, group in enumerate(values.reshape(record.groups, self.config.group)):
                    self._encode_group(group, record.codebook + i % record.codebooks, record.dest + i)
            else:
                results += self._lookup(record)
        return np.concatenate(results)

    def _encode_group(self, group: Int, codebook_row: int, dest: int) -> None:
        """Encode encoders x v values and write their indices to index group `dest`."""
        config = self.config
        for e, x in enumerate(group.reshape(config.encoders, config.v)):
            codebook = self.image.codebooks[codebook_row, e].astype(np.int64)
            word, block = divmod(dest * config.encoders + e, config.blocks)
            self.index[word, block] = encode(x, codebook, config.metric)

    def _lookup(self, record: Lookup) -> list[Int]:
        results: list[Int] = []
        for address, first, last in steps(record):
            row = self._sum_banks(record, address)  # (lanes,)
            if not first:
                row = row + self.accumulator[address["accumulator"]]
            limit = 1 << (self.config.acc_bits - 1)
            if row.min() < -limit or row.max() >= limit:
                raise OverflowError(f"accumulator {row.min()}..{row.max()} does not fit {self.config.acc_bits} bits")
            self.accumulator[address["accumulator"]] = row
            if last and record.to_output:
                results.append(row)
            elif last:
                self._requantize_row(record, row, address["channel"], address["dest"])
        return results

    def _sum_banks(self, record: Lookup, address: dict[str, int]) -> Int:
        config, total = self.config, np.zeros(self.config.lanes, np.int64)
        for port, offset in enumerate(record.port_offsets):
            word = record.index + address["index"] + offset
            for block in range(config.blocks):
                inside = word < record.last_word or (word == record.last_word and record.block_mask >> block & 1)
                if inside:
                    table_row = (record.table + address["table"]) * config.c + self.index[word, block]
                    total += self.image.tables[port * config.blocks + block, table_row]
                    self.lookups += 1
        return total

    def _requantize_row(self, record: Lookup, row: Int, channel: int, dest: int) -> None:
        config, image = self.config, self.image
        for g, acc in enumerate(row.reshape(config.groups_per_row, config.group)):
            at = record.constant + channel + g
            values = requantize(acc, image.mult[at], image.bias[at], image.shift[at], record.low, record.high)
            self._encode_group(values, record.codebook + channel + g, record.dest + dest + g)
