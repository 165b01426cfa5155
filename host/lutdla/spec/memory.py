"""The memory image: what program, codebook, table and constant memories hold, and the bytes that load them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Program, encode_program
from lutdla.spec.window import Window, encode_window

LOADABLE = ("program", "codebook", "table", "constant", "window")
"""Memories a load packet can name; the position is the value in the packet header."""

BIAS_BITS, SHIFT_MAX = 40, 47
"""Width of a requantisation bias, and its largest shift."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Table rows that come with the input stream: tables int8 (banks, rows, lanes), written from row `row` on."""

    row: int
    tables: npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class MemoryImage:
    """Everything a core holds while it runs one network.

    Attributes:
        program: the records, in order.
        codebooks: int8 (codebook rows, encoders, c, v).
        tables: int8 (banks, table rows, lanes); bank = port * blocks + block. What stays in the core.
        mult: int64 (constant rows, group), 0..32767.
        bias: int64 (constant rows, group), signed `BIAS_BITS` bits; holds the rounding constant too.
        shift: int64 (constant rows, group), 0..`SHIFT_MAX`.
        windows: rows of the window memory.
        pieces: tables that are streamed in each pass, in the order in which records wait for them.
    """

    program: Program
    codebooks: npt.NDArray[np.int8]
    tables: npt.NDArray[np.int8]
    mult: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]
    windows: tuple[Window, ...]
    pieces: tuple[Piece, ...] = ()

    @property
    def table_bytes(self) -> int:
        """Bytes of all tables, streamed ones included."""
        return self.tables.nbytes + sum(piece.tables.nbytes for piece in self.pieces)

    def validate(self, config: CoreConfig) -> None:
        """Check shapes and ranges against a core.

        Raises:
            ProgramError: names the memory, its need, the limit and the fix.
        """
        from lutdla.spec.rules import validate_program

        for name, array, shape in (
            ("codebook", self.codebooks, (config.encoders, config.c, config.v)),
            ("table", self.tables.swapaxes(0, 1), (config.banks, config.lanes)),
            ("constant", self.mult, (config.group,)),
            ("constant", self.bias, (config.group,)),
            ("constant", self.shift, (config.group,)),
        ):
            if array.shape[1:] != shape:
                raise ProgramError(f"{name} words have shape {array.shape[1:]}, this core needs {shape}")
            if array.shape[0] > config.depth(name):
                raise ProgramError(
                    f"{name} memory needs {array.shape[0]} rows, this core has {config.depth(name)} "
                    f"(lanes={config.lanes}, banks={config.banks}): use a core with {name}_rows >= {array.shape[0]}"
                )
        if not len(self.mult) == len(self.bias) == len(self.shift):
            raise ProgramError(f"constants have {len(self.mult)} rows of mult, {len(self.bias)} of bias and "
                               f"{len(self.shift)} of shift: they must be as many")
        for name, array, low, high in (
            ("mult", self.mult, 0, (1 << 15) - 1),
            ("bias", self.bias, -(1 << (BIAS_BITS - 1)), (1 << (BIAS_BITS - 1)) - 1),
            ("shift", self.shift, 0, SHIFT_MAX),
        ):
            if array.size and (array.min() < low or array.max() > high):
                raise ProgramError(f"{name} is {array.min()}..{array.max()}: it must be {low}..{high}")
        for k, piece in enumerate(self.pieces):
            if piece.tables.ndim != 3 or piece.tables.shape[::2] != (config.banks, config.lanes):
                raise ProgramError(f"table piece {k} has shape {piece.tables.shape}, this core needs ({config.banks}, "
                                   f"rows, {config.lanes})")
            last = piece.row + piece.tables.shape[1] - 1
            if not self.tables.shape[1] <= piece.row <= last < config.table_rows:
                raise ProgramError(f"table piece {k} covers rows {piece.row}..{last}: it must have some, behind the "
                                   f"{self.tables.shape[1]} resident ones, below table_rows={config.table_rows}")
        validate_program(self, config)

    def words(self, memory: str, config: CoreConfig) -> npt.NDArray[np.uint8]:
        """Content of a loadable memory as bytes: (banks, words, bytes of a word, padded to whole beats)."""
        if memory == "program":
            raw = encode_program(self.program, config)[None]
        elif memory == "codebook":
            raw = self.codebooks.swapaxes(0, 1).view(np.uint8)
        elif memory == "table":
            raw = self.tables.view(np.uint8)
        elif memory == "window":
            raw = np.frombuffer(b"".join(encode_window(window) for window in self.windows), np.uint8)[None]
            raw = raw.reshape(1, len(self.windows), -1)
        else:
            word = (
                self.mult.astype(np.uint64)
                | self.shift.astype(np.uint64) << np.uint64(16)
                | (self.bias & ((1 << BIAS_BITS) - 1)).astype(np.uint64) << np.uint64(24)
            )
            raw = np.ascontiguousarray(word.astype("<u8"))[None].view(np.uint8)
        banks, words = config.memory_banks(memory), raw.shape[1]
        raw = np.ascontiguousarray(raw).reshape(banks, words, config.word_bytes(memory))
        padding = config.beats_per_word(memory) * config.stream_bytes - raw.shape[2]
        return np.pad(raw, ((0, 0), (0, 0), (0, padding)))


def unpack_constants(words: npt.NDArray[np.uint8], config: CoreConfig) -> tuple[npt.NDArray[np.int64], ...]:
    """mult, bias, shift (each (rows, group)) of constant memory words (rows, bytes): the inverse of `words`."""
    word = np.ascontiguousarray(words[:, : config.group * 8]).view("<u8").reshape(len(words), config.group)
    mult = (word & np.uint64(0xFFFF)).astype(np.int64)
    shift = (word >> np.uint64(16) & np.uint64(0xFF)).astype(np.int64)
    bias = word.view(np.int64) >> 24
    return mult, bias, shift
