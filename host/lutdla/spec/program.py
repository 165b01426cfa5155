"""The layer program: what the core executes, record by record, and how a record is laid out in bits.

Two kinds of record. `EncodeInput` takes one input frame from the stream and turns its slices into indices.
`Lookup` runs an affine loop nest: in each step every port reads one word of the index memory, every bank looks up
one table row, and the sum over banks goes to one row of accumulators. Its finished rows are requantised and encoded
(the next layer's indices), or sent to the host as raw accumulators.

The loop nest (`LOOPS` loops, outermost first) drives five addresses (`STREAMS`). Loops marked `reduce` are summed
over: an accumulator row starts where all reducing loops are at their first value, and is finished where all are at
their last. So the loop order alone chooses the dataflow.

A record stores *increments*, not strides: what to add to an address when this loop advances and all inner ones
return to their start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import LOOPS, STREAMS, CoreConfig

ENCODE_INPUT, LOOKUP = 0, 1
"""Values of the field `kind`."""


@dataclass(frozen=True)
class Loop:
    """One loop: its count, whether it is summed over, and how far each address moves in one iteration.

    Units: `index` words of the index memory; `table` groups of c table rows; `accumulator` rows; `channel` groups of
    encoders x v channels (a row of constants and a row of codebooks); `dest` groups of `encoders` indices.
    """

    count: int = 1
    reduce: bool = False
    index: int = 0
    table: int = 0
    accumulator: int = 0
    channel: int = 0
    dest: int = 0


@dataclass(frozen=True)
class EncodeInput:
    """Encode one input frame: group i goes to index group `dest + i`, with codebook row
    `codebook + i mod codebooks`."""

    groups: int
    codebooks: int
    codebook: int = 0
    dest: int = 0


@dataclass(frozen=True)
class Lookup:
    """One layer (or part of one).

    A port reads index word `index + sum(loop.index * i) + port_offsets[p]`. Bank (p, b) is *masked*, contributes
    exactly 0, where that word lies past `last_word`, or is `last_word` and bit b of `block_mask` is 0.
    """

    loops: tuple[Loop, ...]
    port_offsets: tuple[int, ...]
    last_word: int
    block_mask: int
    index: int = 0
    table: int = 0
    constant: int = 0
    codebook: int = 0
    dest: int = 0
    low: int = -128
    high: int = 127
    to_output: bool = False

    def rows(self) -> int:
        """Accumulator rows the layer finishes."""
        return int(np.prod([loop.count for loop in self.loops if not loop.reduce], dtype=np.int64))

    def steps(self) -> int:
        """Steps of the loop nest: cycles of the lookup datapath."""
        return int(np.prod([loop.count for loop in self.loops], dtype=np.int64))


Record = EncodeInput | Lookup


@dataclass(frozen=True)
class Program:
    """Records executed once for each image; the last one sends the image's results."""

    records: tuple[Record, ...] = field(default_factory=tuple)

    @property
    def input_groups(self) -> int:
        """Groups of input values in a frame."""
        return sum(record.groups for record in self.records if isinstance(record, EncodeInput))

    @property
    def output_rows(self) -> int:
        """Rows of raw results that an image yields."""
        return sum(record.rows() for record in self.records if isinstance(record, Lookup) and record.to_output)


# -- layout ----------------------------------------------------------------------------------------------------------
def record_fields(config: CoreConfig) -> tuple[tuple[str, int], ...]:
    """Name and width of every field of a record, least significant first."""
    head = (
        ("kind", 1), ("to_output", 1), ("end", 1), ("reserved", 5), ("block_mask", 8), ("low", 8), ("high", 8),
        ("groups", 16), ("codebooks", 16), ("codebook", 16), ("constant", 16), ("dest", 16), ("index", 16),
        ("table", 16), ("last_word", 16),
    )  # fmt: skip
    offsets = tuple((f"offset{port}", 16) for port in range(config.ports))
    loops = tuple(
        entry
        for i in range(LOOPS)
        for entry in ((f"loop{i}_last", 15), (f"loop{i}_reduce", 1), *((f"loop{i}_{s}", 16) for s in STREAMS))
    )
    return head + offsets + loops


def record_bytes(config: CoreConfig) -> int:
    """Bytes of a record."""
    return sum(width for _, width in record_fields(config)) // 8


def increments(loops: tuple[Loop, ...], stream: str) -> list[int]:
    """What is added to address `stream` when loop i advances and all inner loops return to their start."""
    strides = [getattr(loop, stream) for loop in loops]
    spans = [stride * (loop.count - 1) for stride, loop in zip(strides, loops)]
    return [strides[i] - sum(spans[i + 1 :]) for i in range(len(loops))]


def _values(record: Record, end: bool, config: CoreConfig) -> dict[str, int]:
    """Field values of a record; fields not named are 0."""
    if isinstance(record, EncodeInput):
        return {
            "kind": ENCODE_INPUT, "end": end, "groups": record.groups, "codebooks": record.codebooks,
            "codebook": record.codebook, "dest": record.dest,
        }  # fmt: skip
    values = {
        "kind": LOOKUP, "to_output": record.to_output, "end": end, "block_mask": record.block_mask, "low": record.low,
        "high": record.high, "codebook": record.codebook, "constant": record.constant, "dest": record.dest,
        "index": record.index, "table": record.table, "last_word": record.last_word,
    }  # fmt: skip
    values |= {f"offset{p}": offset for p, offset in enumerate(record.port_offsets)}
    loops = padded_loops(record)
    for i, loop in enumerate(loops):
        values |= {f"loop{i}_last": loop.count - 1, f"loop{i}_reduce": loop.reduce}
    for stream in STREAMS:
        values |= {f"loop{i}_{stream}": step for i, step in enumerate(increments(loops, stream))}
    return values


def padded_loops(record: Lookup) -> tuple[Loop, ...]:
    """The record's loops with outer loops of one iteration, so that there are `LOOPS`."""
    return (Loop(),) * (LOOPS - len(record.loops)) + record.loops


def encode_record(record: Record, end: bool, config: CoreConfig) -> bytes:
    """The bytes of a record in program memory, little endian."""
    values = _values(record, end, config)
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
        loops = (Loop(values[f"loop{i}_last"] + 1, bool(values[f"loop{i}_reduce"]), **strides), *loops)
    same = ("last_word", "block_mask", "index", "table", "constant", "codebook", "dest")
    return Lookup(
        loops, tuple(_signed(values[f"offset{port}"], 16) for port in range(config.ports)),
        low=_signed(values["low"], 8), high=_signed(values["high"], 8), to_output=bool(values["to_output"]),
        **{name: values[name] for name in same},
    ), bool(values["end"])  # fmt: skip


# -- rules -----------------------------------------------------------------------------------------------------------
def _reach(start: int, loops: tuple[Loop, ...], stream: str) -> tuple[int, int]:
    """Smallest and largest address of a stream over a whole loop nest."""
    spans = [getattr(loop, stream) * (loop.count - 1) for loop in loops]
    return start + sum(min(s, 0) for s in spans), start + sum(max(s, 0) for s in spans)


def _within(where: str, what: str, reach: tuple[int, int], limit: int, fix: str) -> None:
    low, high = reach
    if low < 0 or high >= limit:
        raise ProgramError(f"{where}: {what} reaches {low}..{high}, this core has 0..{limit - 1}: {fix}")


def validate_program(program: Program, config: CoreConfig) -> None:
    """Check that a program keeps inside the core's memories and its own rules.

    Raises:
        ProgramError: names the record, the address, its reach, the limit and the fix.
    """
    records = program.records
    if not records or not isinstance(records[0], EncodeInput):
        raise ProgramError("record 0: a program begins with EncodeInput")
    if len(records) > config.program_rows:
        raise ProgramError(
            f"program needs {len(records)} records, this core has program_rows={config.program_rows}: "
            "use fewer layers or a core with more program rows"
        )
    for i, record in enumerate(records):
        where, last = f"record {i}", i == len(records) - 1
        if isinstance(record, EncodeInput):
            if i or last:
                raise ProgramError(f"{where}: EncodeInput must be the first record and not the only one")
            _validate_encode(where, record, config)
        else:
            if record.to_output != last:
                raise ProgramError(f"{where}: the last record, and only it, sends its results to the host")
            _validate_lookup(where, record, config)


def _validate_groups(where: str, dest: tuple[int, int], config: CoreConfig) -> None:
    _within(where, "index group written", dest, min(config.index_words * config.groups_per_word, 1 << 16),
            "use a core with more index_words")


def _validate_encode(where: str, record: EncodeInput, config: CoreConfig) -> None:
    if not 1 <= record.groups < 1 << 16:
        raise ProgramError(f"{where}: groups is {record.groups}, it must be 1..65535: use a smaller input")
    if not 1 <= record.codebooks <= record.groups:
        raise ProgramError(f"{where}: codebooks is {record.codebooks}, it must be 1..groups={record.groups}")
    _within(where, "codebook row", (record.codebook, record.codebook + record.codebooks - 1), config.codebook_rows,
            "use a core with more codebook_rows")
    _validate_groups(where, (record.dest, record.dest + record.groups - 1), config)


def _validate_lookup(where: str, record: Lookup, config: CoreConfig) -> None:
    if not 1 <= len(record.loops) <= LOOPS:
        raise ProgramError(f"{where}: {len(record.loops)} loops, the core has {LOOPS}")
    for loop in record.loops:
        if not 1 <= loop.count <= 1 << 15:
            raise ProgramError(f"{where}: a loop counts {loop.count}, it must be 1..{1 << 15}")
    if len(record.port_offsets) != config.ports:
        raise ProgramError(f"{where}: {len(record.port_offsets)} port offsets, this core has ports={config.ports}")
    if not 0 <= record.block_mask < 1 << config.blocks:
        raise ProgramError(f"{where}: block_mask is {record.block_mask:#x}, this core has blocks={config.blocks}")
    if not -128 <= record.low <= record.high <= 127:
        raise ProgramError(f"{where}: clamp {record.low}..{record.high} must be a range within -128..127")
    words = _reach(record.index, record.loops, "index")
    first = (words[0] + min(record.port_offsets), words[1] + min(record.port_offsets))
    if first[0] < 0 or words[1] + max(record.port_offsets) >= 1 << 16:
        raise ProgramError(f"{where}: index word reaches {first[0]}..{words[1] + max(record.port_offsets)}, "
                           f"it must stay within 0..{(1 << 16) - 1}")
    _within(where, "last_word", (record.last_word, record.last_word), config.index_words,
            "use a core with more index_words")
    _within(where, "table row / c", _reach(record.table, record.loops, "table"), config.table_rows // config.c,
            "use a core with more table_rows")
    _within(where, "accumulator row", _reach(0, record.loops, "accumulator"), config.accumulator_rows,
            "use a core with more accumulator_rows")
    if record.to_output:
        return
    channels = _reach(0, record.loops, "channel")
    channels = (channels[0], channels[1] + config.groups_per_row - 1)
    _within(where, "constant row", (record.constant + channels[0], record.constant + channels[1]),
            config.constant_rows, "use a core with more constant_rows")
    _within(where, "codebook row", (record.codebook + channels[0], record.codebook + channels[1]),
            config.codebook_rows, "use a core with more codebook_rows")
    dest = _reach(record.dest, record.loops, "dest")
    _validate_groups(where, (dest[0], dest[1] + config.groups_per_row - 1), config)
    # a pipeline decides when a written index is seen: reading and writing one word has no defined result
    read = (first[0], min(words[1] + max(record.port_offsets), record.last_word))
    written = (dest[0] // config.groups_per_word, (dest[1] + config.groups_per_row - 1) // config.groups_per_word)
    if read[0] <= written[1] and written[0] <= read[1]:
        raise ProgramError(f"{where}: reads index words {read[0]}..{read[1]} and writes {written[0]}..{written[1]}: "
                           "give its input and its output regions of their own")
