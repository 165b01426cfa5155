"""The layer program: what the core executes, record by record, and how a record is laid out in bits.

Record 0, `EncodeInput`, says how an input frame becomes indices; the core encodes the next frame as soon as its place
in the index memory is free. The other records, `Lookup`, run an affine loop nest: in each step every port reads one
word of the index memory, every bank looks up one table row, and the sum over banks goes to one row of accumulators. Its
finished rows are requantised and encoded (the next layer's indices), or sent to the host as raw accumulators.

The loop nest (`LOOPS` loops, outermost first) drives the addresses `STREAMS`. Loops marked `reduce` are summed over: an
accumulator row starts where all reducing loops are at their first value, and is finished where all are at their last.
Loops marked `pool` take the maximum over finished rows in the same way. So the loop order alone chooses the dataflow.

A record stores *increments*, not strides: what to add to an address when this loop advances and all inner ones
return to their start.

One execution of the program is a *pass*. It takes `Program.images` images: a record with `wait_input` takes the next
input frame, one with `free_input` is the last that reads it. Tables that do not stay in the core come as *pieces*
(`MemoryImage.pieces`) with the input stream: a record with `wait_tables` takes the next piece, one with `free_tables`
is the last that reads it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lutdla.spec.config import LOOPS, STREAMS, CoreConfig

ENCODE_INPUT, LOOKUP = 0, 1
"""Values of the field `kind`."""

MAX_ENCODINGS = 8
"""Times that a row is encoded, at most."""


@dataclass(frozen=True)
class Loop:
    """One loop: its count, whether it is summed or pooled over, and how far each address moves in one iteration.

    Units: `index`, `shortcut` words of the index memory; `y`, `x` pixels; `window` rows; `table` groups of c table
    rows; `accumulator` rows; `channel` groups of encoders x v channels (a row of constants and a row of codebooks);
    `dest` groups of `encoders` indices, and of their values.
    """

    count: int = 1
    reduce: bool = False
    pool: bool = False
    index: int = 0
    shortcut: int = 0
    y: int = 0
    x: int = 0
    window: int = 0
    table: int = 0
    accumulator: int = 0
    channel: int = 0
    dest: int = 0


@dataclass(frozen=True)
class EncodeInput:
    """How an input frame is encoded: group i goes to index group `dest + i`, with codebook row
    `codebook + i mod codebooks`."""

    groups: int
    codebooks: int
    codebook: int = 0
    dest: int = 0


@dataclass(frozen=True)
class Lookup:
    """One layer (or part of one).

    A step reads the words that row `window + sum(loop.window * i)` of the window memory says (`lutdla.spec.window`),
    relative to `index` and `shortcut`, in a map of `height` x `width`. Its table rows are at
    `table + sum(loop.table * i) + window's table`, in groups of c rows.

    A finished row is requantised; `residual` adds the value groups at `residual + dest` before the clamp `low..high`;
    the maximum over pool loops is then encoded to index group `dest` (where `encode`), and kept as values at
    `store + dest`.

    A map that is cut finer than into v values is encoded several times: encoding i, from 0, takes codebook rows
    `i * codebooks` behind `codebook`, whose centroids are all alike in the coordinates that it leaves out, and writes
    index groups `i * encoding_stride` behind `dest`. All groups of a row are encoded before the next encoding begins.
    Values are stored once.

    Attributes:
        encodings: how often a row is encoded, 1..8.
        codebooks, encoding_stride: codebook rows, index groups from one encoding to the next.
        begin: rows start from 0; False: from what the accumulators hold.
        finish: rows are finished; False: the sums stay in the accumulators for a later record.
        drain: starts only when all earlier rows are where they belong. Without it, the core starts at once: allowed
            where nothing that may still be on its way is read (`lutdla.spec.hazards`).
        wait_input, free_input, wait_tables, free_tables: see the module.
    """

    loops: tuple[Loop, ...]
    index: int = 0
    shortcut: int = 0
    height: int = 1
    width: int = 1
    window: int = 0
    table: int = 0
    constant: int = 0
    codebook: int = 0
    dest: int = 0
    encodings: int = 1
    codebooks: int = 0
    encoding_stride: int = 0
    low: int = -128
    high: int = 127
    residual: int | None = None
    store: int | None = None
    encode: bool = True
    to_output: bool = False
    begin: bool = True
    finish: bool = True
    drain: bool = True
    wait_input: bool = False
    free_input: bool = False
    wait_tables: bool = False
    free_tables: bool = False

    def rows(self) -> int:
        """Accumulator rows the record finishes."""
        return self.finish * math.prod(loop.count for loop in self.loops if not loop.reduce)

    def encoded_rows(self) -> int:
        """Of these, those that are encoded: their pools are complete."""
        pooled = math.prod(loop.count for loop in self.loops if loop.pool)
        return 0 if self.to_output or not self.encode else self.rows() // pooled

    def steps(self) -> int:
        """Steps of the loop nest: cycles of the lookup datapath. Exact: six loops can have more than 64 bits hold."""
        return math.prod(loop.count for loop in self.loops)


Record = EncodeInput | Lookup


@dataclass(frozen=True)
class Program:
    """Records of one pass."""

    records: tuple[Record, ...] = field(default_factory=tuple)

    @cached_property
    def encode_input(self) -> EncodeInput:
        """Record 0."""
        record = self.records[0]
        assert isinstance(record, EncodeInput), "a program begins with EncodeInput (see validate_program)"
        return record

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """All records but the first."""
        return tuple(record for record in self.records if isinstance(record, Lookup))

    @property
    def input_groups(self) -> int:
        """Groups of input values in a frame."""
        return self.encode_input.groups

    @cached_property
    def images(self) -> int:
        """Images of a pass."""
        return sum(record.wait_input for record in self.lookups)

    @cached_property
    def pieces(self) -> int:
        """Table pieces of a pass."""
        return sum(record.wait_tables for record in self.lookups)

    @cached_property
    def output_rows(self) -> int:
        """Rows of raw results that an image yields."""
        return sum(record.rows() for record in self.lookups if record.to_output) // max(1, self.images)

    @property
    def output_shares(self) -> tuple[int, ...]:
        """Rows of raw results of an image, record by record; one share where a record yields those of whole images."""
        shares: list[int] = []
        for record in self.lookups:
            if record.to_output and sum(shares) < self.output_rows:
                shares.append(min(record.rows(), self.output_rows))
        return tuple(shares)


# -- layout ----------------------------------------------------------------------------------------------------------
FLAGS = ("to_output", "drain", "wait_input", "free_input", "wait_tables", "free_tables", "begin", "finish", "encode")
"""Attributes of `Lookup` that are one bit of a record."""

ADDRESSES = ("codebook", "constant", "dest", "index", "shortcut", "table", "window", "height", "width")
"""Attributes of `Lookup` that are 16 bits of a record."""


def _record_fields() -> tuple[tuple[str, int], ...]:
    head = (
        ("kind", 1), ("end", 1), *((name, 1) for name in FLAGS), ("store", 1), ("residual", 1), ("encodings", 3),
        ("low", 8), ("high", 8), ("groups", 16), ("codebooks", 16), *((name, 16) for name in ADDRESSES),
        ("value_out", 16), ("value_in", 16), ("encoding_stride", 16),
    )  # fmt: skip
    loops = tuple(
        entry
        for i in range(LOOPS)
        for entry in ((f"loop{i}_last", 14), (f"loop{i}_reduce", 1), (f"loop{i}_pool", 1),
                      *((f"loop{i}_{s}", 16) for s in STREAMS))
    )
    return head + loops


_FIELDS = _record_fields()
_BYTES = sum(width for _, width in _FIELDS) // 8


def record_fields(config: CoreConfig) -> tuple[tuple[str, int], ...]:
    """Name and width of every field of a record, least significant first: the same in every core, so far."""
    return _FIELDS


def record_bytes(config: CoreConfig) -> int:
    """Bytes of a record."""
    return _BYTES


def increments(loops: tuple[Loop, ...], stream: str) -> list[int]:
    """What is added to address `stream` when loop i advances and all inner loops return to their start."""
    strides = [getattr(loop, stream) for loop in loops]
    spans = [stride * (loop.count - 1) for stride, loop in zip(strides, loops)]
    return [strides[i] - sum(spans[i + 1 :]) for i in range(len(loops))]


def padded_loops(record: Lookup) -> tuple[Loop, ...]:
    """The record's loops with outer loops of one iteration, so that there are `LOOPS`."""
    return (Loop(),) * (LOOPS - len(record.loops)) + record.loops


def _values(record: Record, end: bool) -> dict[str, int]:
    """Field values of a record; fields not named are 0."""
    if isinstance(record, EncodeInput):
        return {
            "kind": ENCODE_INPUT, "end": end, "groups": record.groups, "codebooks": record.codebooks,
            "codebook": record.codebook, "dest": record.dest,
        }  # fmt: skip
    names = (*FLAGS, *ADDRESSES, "low", "high", "codebooks", "encoding_stride")
    values = {name: getattr(record, name) for name in names} | {
        "kind": LOOKUP, "end": end, "store": record.store is not None, "residual": record.residual is not None,
        "value_out": record.store or 0, "value_in": record.residual or 0, "encodings": record.encodings - 1,
    }  # fmt: skip
    loops = padded_loops(record)
    for i, loop in enumerate(loops):
        values |= {f"loop{i}_last": loop.count - 1, f"loop{i}_reduce": loop.reduce, f"loop{i}_pool": loop.pool}
    for stream in STREAMS:
        values |= {f"loop{i}_{stream}": step for i, step in enumerate(increments(loops, stream))}
    return values


def encode_record(record: Record, end: bool, config: CoreConfig) -> bytes:
    """The bytes of a record in program memory, little endian."""
    values = _values(record, end)
    word, at = 0, 0
    for name, width in record_fields(config):
        word |= (int(values.get(name, 0)) & ((1 << width) - 1)) << at
        at += width
    return word.to_bytes(record_bytes(config), "little")


def encode_program(program: Program, config: CoreConfig) -> npt.NDArray[np.uint8]:
    """Program memory content: (records, record bytes)."""
    last = len(program.records) - 1
    rows = [encode_record(record, i == last, config) for i, record in enumerate(program.records)]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), record_bytes(config))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def decode_record(data: bytes, config: CoreConfig) -> tuple[Record, bool]:
    """The record in a word of program memory, and whether it ends the program: the inverse of `encode_record`.

    Strides come back as signed 16-bit numbers, loops always as `LOOPS` loops: the same addresses modulo 2^16.
    """
    word, values = int.from_bytes(data[: record_bytes(config)], "little"), {}
    for name, width in record_fields(config):
        values[name], word = word & ((1 << width) - 1), word >> width
    if values["kind"] == ENCODE_INPUT:
        names = ("groups", "codebooks", "codebook", "dest")
        return EncodeInput(**{name: values[name] for name in names}), bool(values["end"])
    loops: tuple[Loop, ...] = ()
    for i in reversed(range(LOOPS)):
        # An increment is the stride less what the inner loops moved: add their spans again, innermost loop first.
        strides = {s: _signed((values[f"loop{i}_{s}"] + sum(getattr(inner, s) * (inner.count - 1) for inner in loops))
                              & 0xFFFF, 16) for s in STREAMS}
        loops = (Loop(values[f"loop{i}_last"] + 1, bool(values[f"loop{i}_reduce"]), bool(values[f"loop{i}_pool"]),
                      **strides), *loops)
    flags = {name: bool(values[name]) for name in FLAGS}
    addresses = {name: values[name] for name in ADDRESSES}
    return Lookup(
        loops, low=_signed(values["low"], 8), high=_signed(values["high"], 8),
        store=values["value_out"] if values["store"] else None,
        residual=values["value_in"] if values["residual"] else None,
        encodings=values["encodings"] + 1, codebooks=values["codebooks"], encoding_stride=values["encoding_stride"],
        **flags, **addresses,  # type: ignore[arg-type]
    ), bool(values["end"])  # fmt: skip
