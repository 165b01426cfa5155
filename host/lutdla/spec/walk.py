"""The steps of a loop nest as arrays: what the hardware puts on its address lines, step by step.

The one vectorised enumeration of a record: rules, hazards and the emulator use it. (`lutdla.reference` has its own, one
step at a time, because it is the definition.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import STREAMS, CoreConfig
from lutdla.spec.program import Lookup
from lutdla.spec.window import WindowArrays

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Steps:
    """A block of steps, T of them, in order. Addresses hold their bases and wrap at 16 bits, as in hardware."""

    words: Int  # (T, ports)
    active: Bool  # (T, ports, blocks): the bank takes part; where it is not inside, it adds 0 for zero padding
    inside: Bool  # (T, ports): within height x width
    table_row: Int  # (T,) first of c rows
    accumulator: Int  # (T,)
    constant: Int  # (T,) first constant row
    codebook: Int  # (T,) first codebook row
    dest: Int  # (T,) index group
    value_in: Int  # (T,) value group added; meaningful where the record has `residual`
    value_out: Int  # (T,) value group stored; meaningful where the record has `store`
    first: Bool  # (T,) the accumulator row starts from 0
    last: Bool  # (T,) the row is finished
    pool_first: Bool  # (T,) the pool starts with this row
    pool_last: Bool  # (T,) the pool is complete with this row

    @property
    def looked_up(self) -> Bool:
        """Banks that read a table row: (T, ports, blocks)."""
        return self.active & self.inside[:, :, None]


def encoded(record: Lookup, steps: Steps, done: Bool, config: CoreConfig) -> tuple[Int, Int]:
    """Codebook rows and index groups of the rows that steps `done` finish, in the order in which they are encoded:
    (rows, encodings, groups of a row) each."""
    inner = np.arange(config.groups_per_row)
    number = np.arange(record.encodings)[:, None]
    return (steps.codebook[done, None, None] + number * record.codebooks + inner,
            steps.dest[done, None, None] + number * record.encoding_stride + inner)


def walk(record: Lookup, windows: WindowArrays, config: CoreConfig, block: int = 1 << 14) -> Iterator[Steps]:
    """The steps of a record in order, `block` at a time.

    Raises:
        ProgramError: a step names a window row that does not exist.
    """
    counts = tuple(loop.count for loop in record.loops)
    reduce = np.array([loop.reduce for loop in record.loops])
    pool = np.array([loop.pool for loop in record.loops])
    top = np.array(counts)[:, None] - 1
    strides = np.array([[getattr(loop, s) for loop in record.loops] for s in STREAMS])  # (streams, loops)
    bits = np.arange(config.blocks)
    for start in range(0, record.steps(), block):
        at = np.stack(np.unravel_index(np.arange(start, min(start + block, record.steps())), counts))  # (loops, T)
        a = dict(zip(STREAMS, strides @ at))
        row = (record.window + a["window"]) & 0xFFFF
        if row.max() >= len(windows.table):
            raise ProgramError(f"window row reaches {row.max()}, the model has {len(windows.table)}: compile it again")
        base = np.where(windows.shortcut[row], (record.shortcut + a["shortcut"])[:, None],
                        (record.index + a["index"])[:, None])
        inside = ((a["y"][:, None] + windows.dy[row]) & 0xFFFF) < record.height
        inside &= ((a["x"][:, None] + windows.dx[row]) & 0xFFFF) < record.width
        group = (record.table + a["table"] + windows.table[row]) & 0xFFFF
        dest = a["dest"]
        yield Steps(
            words=(base + windows.offset[row]) & 0xFFFF,
            active=(windows.blocks[row][:, :, None] >> bits & 1).astype(bool), inside=inside,
            table_row=group * config.c, accumulator=a["accumulator"] & 0xFFFF,
            constant=(record.constant + a["channel"]) & 0xFFFF, codebook=(record.codebook + a["channel"]) & 0xFFFF,
            dest=(record.dest + dest) & 0xFFFF, value_in=((record.residual or 0) + dest) & 0xFFFF,
            value_out=((record.store or 0) + dest) & 0xFFFF,
            first=record.begin & (at[reduce] == 0).all(axis=0), last=record.finish & (at == top)[reduce].all(axis=0),
            pool_first=(at[pool] == 0).all(axis=0), pool_last=(at == top)[pool].all(axis=0),
        )  # fmt: skip
