"""Records of a program as the arrays that passes.h executes: every step's banks, and the sums they belong to."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.backends.loaded import Memories
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Lookup
from lutdla.spec.walk import Steps, walk

SUM_FIELDS = ("banks_end", "accumulator", "first", "last", "pool_first", "pool_last", "constant", "codebook", "dest",
              "value_in", "value_out", "unused")  # fmt: skip
"""`struct Sum` of passes.h: 32 bits each."""


class Record(ctypes.Structure):
    """`struct Record` of passes.h."""

    _fields_ = [*((name, ctypes.c_int64) for name in (
        "sums_count", "low", "high", "residual", "store", "encode", "encodings", "codebooks", "encoding_stride",
        "to_output", "frame", "frame_groups", "frame_codebook", "frame_codebooks", "frame_dest", "result")),
        ("sums", ctypes.c_void_p), ("banks", ctypes.c_void_p)]  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """A record, and the arrays that it points to."""

    record: Record
    sums: npt.NDArray[np.uint32]  # (sums, SUM_FIELDS)
    banks: npt.NDArray[np.uint32]  # (lookups, 2): table and index cell


def plan(number: int, config: CoreConfig, memories: Memories) -> Planned:
    """Plan a record of a program that was checked.

    Args:
        number: of the record among the program's lookups, from 0.
    """
    program = memories.program
    record, encode, before = program.lookups[number], program.encode_input, program.lookups[:number]
    sums, banks = _arrays(record, config, memories)
    frame = sum(earlier.wait_input for earlier in before) if record.wait_input else -1
    fields = Record(
        sums_count=len(sums), low=record.low, high=record.high, residual=record.residual is not None,
        store=record.store is not None, encode=record.encode, encodings=record.encodings, codebooks=record.codebooks,
        encoding_stride=record.encoding_stride, to_output=record.to_output, frame=frame, frame_groups=encode.groups,
        frame_codebook=encode.codebook, frame_codebooks=encode.codebooks, frame_dest=encode.dest,
        result=sum(earlier.rows() for earlier in before if earlier.to_output),
        sums=sums.ctypes.data, banks=banks.ctypes.data,
    )  # fmt: skip
    return Planned(fields, sums, banks)


def _arrays(record: Lookup, config: CoreConfig,
            memories: Memories) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Sums and banks of all steps."""
    blocks = list(walk(record, memories.windows, config))
    sums, banks, done = [], [], 0
    for steps in blocks:
        banks.append(_banks(steps, config))
        ends = done + np.cumsum(steps.looked_up.sum(axis=(1, 2)))
        done += len(banks[-1])
        sums.append(np.stack([ends, steps.accumulator, steps.first, steps.last, steps.pool_first, steps.pool_last,
                              steps.constant, steps.codebook, steps.dest, steps.value_in, steps.value_out,
                              np.zeros_like(ends)], axis=1).astype(np.uint32))  # fmt: skip
    return _merge(np.concatenate(sums)), np.concatenate(banks)


def _banks(steps: Steps, config: CoreConfig) -> npt.NDArray[np.uint32]:
    """Table (in groups of c rows) and index cell of each lookup, step by step."""
    at, port, block = np.nonzero(steps.looked_up)
    groups = config.table_rows // config.c
    table = (port * config.blocks + block) * groups + steps.table_row[at] // config.c
    cell = steps.words[at, port] * config.blocks + block
    found: npt.NDArray[np.uint32] = np.stack([table, cell], axis=1).astype(np.uint32)
    return found


def _merge(steps: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Steps (T, SUM_FIELDS) that follow each other and add to the same row become one sum."""
    column = {name: steps[:, i] for i, name in enumerate(SUM_FIELDS)}
    begins = column["first"].astype(bool) | np.roll(column["last"].astype(bool), 1)
    begins[1:] |= np.diff(column["accumulator"].astype(np.int64)).astype(bool)
    begins[0] = True
    starts = np.flatnonzero(begins)
    merged: npt.NDArray[np.uint32] = steps[np.append(starts[1:], len(steps)) - 1]  # what is true at the end of a sum
    merged[:, SUM_FIELDS.index("first")] = column["first"][starts]
    return merged
