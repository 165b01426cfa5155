"""Rules of a program: it keeps inside the core's memories, and its results depend on nothing but its input.

Checked where an image enters: when it is compiled, when an artefact is read, and before it is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lutdla.errors import ProgramError
from lutdla.spec.config import LOOPS, CoreConfig
from lutdla.spec.hazards import needs_drain
from lutdla.spec.program import ADDRESSES, MAX_ENCODINGS, EncodeInput, Lookup, Program
from lutdla.spec.walk import Bool, Int, encoded, walk
from lutdla.spec.window import WindowArrays, validate_windows, window_arrays

if TYPE_CHECKING:
    from lutdla.spec.memory import MemoryImage

MAX_STEPS = 1 << 22
"""Most steps of one record: more would take minutes to check, and no core holds maps of that size."""

MAX_PROGRAM_STEPS = 1 << 24
"""Most steps of all records together: each is walked when it is checked."""


def validate_program(image: MemoryImage, config: CoreConfig) -> None:
    """Check a program with its windows and pieces.

    Raises:
        ProgramError: names the record, the address, its reach, the limit and the fix.
    """
    validate_windows(image.windows, config)
    windows, program = window_arrays(image.windows), image.program
    _validate_order(program, image, config)
    _validate_encode(program.encode_input, config)
    frame = _words(np.arange(program.input_groups) + program.encode_input.dest, config)
    piece, frames, pieces, has_input = None, 0, 0, False
    for i, lookup in enumerate(program.lookups, start=1):
        _validate_lookup(f"record {i}", lookup, config)
    steps = sum(lookup.steps() for lookup in program.lookups)
    if steps > MAX_PROGRAM_STEPS:
        raise ProgramError(f"the program has {steps} steps, at most {MAX_PROGRAM_STEPS} are supported: use a smaller "
                           "network, or fewer images in a pass")
    for i, record in enumerate(program.records[1:], start=1):
        assert isinstance(record, Lookup), "checked by _validate_order"
        where = f"record {i}"
        if record.wait_input:
            has_input, frames = True, frames + 1
        if record.wait_tables:
            piece, pieces = image.pieces[pieces], pieces + 1
        rows = [(0, image.tables.shape[1])]
        rows += [] if piece is None else [(piece.row, piece.row + piece.tables.shape[1])]
        read, written = _validate_steps(where, record, windows, config, rows)
        if written[frame].any() or (read[frame].any() and not has_input):
            does = "writes" if written[frame].any() else "reads"
            raise ProgramError(f"{where}: {does} index words of the input frame {frame[0]}..{frame[-1]}, "
                               "where the next frame may be loaded already: give it a region of its own, and set "
                               "free_input on the last record that reads it")
        if record.free_input:
            has_input = False
        if record.free_tables:
            piece = None
    for i, needed in enumerate(needs_drain(program, windows, config)):
        record = program.records[i]
        if needed and isinstance(record, Lookup) and not record.drain:
            raise ProgramError(f"record {i}: reads what may still be on its way when it starts: set drain")


def _words(groups: Int, config: CoreConfig) -> Int:
    """Index words that index groups lie in, ascending."""
    words: Int = np.unique(groups // config.groups_per_word)
    return words


def _validate_order(program: Program, image: MemoryImage, config: CoreConfig) -> None:
    """Kinds of records, their number, and the alternation of wait and free."""
    records = program.records
    if not records or not isinstance(records[0], EncodeInput):
        raise ProgramError("record 0: a program begins with EncodeInput")
    if len(records) > config.program_rows:
        raise ProgramError(
            f"program needs {len(records)} records, this core has program_rows={config.program_rows}: "
            "use fewer layers, a smaller batch, or a core with more program rows"
        )
    if len(program.lookups) != len(records) - 1 or len(records) < 2:
        raise ProgramError("EncodeInput must be the first record and not the only one")
    last = program.lookups[-1]
    if not last.to_output or not last.rows():
        raise ProgramError(f"record {len(records) - 1}: the last record sends results to the host")
    for what, fix in (("input", "frame"), ("tables", "piece")):
        held = False
        for i, record in enumerate(program.lookups, start=1):
            if getattr(record, f"wait_{what}"):
                if held:
                    raise ProgramError(f"record {i}: waits for a {fix} while one is in use: set free_{what} before")
                held = True
            if getattr(record, f"free_{what}"):
                if not held:
                    raise ProgramError(f"record {i}: frees a {fix} that is not there: set wait_{what} before")
                held = False
        if held:
            raise ProgramError(f"the last {fix} is never freed: set free_{what} on the last record that reads it")
    if not program.images:
        raise ProgramError("the program takes no input: set wait_input on the first record that reads it")
    if program.pieces != len(image.pieces):
        raise ProgramError(f"the program waits for {program.pieces} table pieces, the image has {len(image.pieces)}")
    for k, (a, b) in enumerate(zip(image.pieces, (*image.pieces[1:], *image.pieces[:1]))):
        if a is not b and a.row < b.row + b.tables.shape[1] and b.row < a.row + a.tables.shape[1]:
            raise ProgramError(f"table piece {k} overlaps the next one, which is loaded while it is read: use two "
                               "halves")
    if len(image.pieces) == 1:
        raise ProgramError("one table piece alone would be loaded over itself: let it stay in the core")
    rows = sum(record.rows() for record in program.lookups if record.to_output)
    if rows % program.images:
        raise ProgramError(f"{rows} rows of results for {program.images} images: each image must give the same number")


def _validate_encode(record: EncodeInput, config: CoreConfig) -> None:
    if not 1 <= record.groups < 1 << 16:
        raise ProgramError(f"record 0: groups is {record.groups}, it must be 1..65535: use a smaller input")
    if not 1 <= record.codebooks <= record.groups:
        raise ProgramError(f"record 0: codebooks is {record.codebooks}, it must be 1..groups={record.groups}")
    _within("record 0", "codebook row", record.codebook, record.codebook + record.codebooks - 1, config.codebook_rows,
            "use a core with more codebook_rows")
    _within("record 0", "index group written", record.dest, record.dest + record.groups - 1, _groups(config),
            "use a core with more index_words")


def _groups(config: CoreConfig) -> int:
    return min(config.index_words * config.groups_per_word, 1 << 16)


def _within(where: str, what: str, low: int, high: int, limit: int, fix: str) -> None:
    if low < 0 or high >= limit:
        raise ProgramError(f"{where}: {what} reaches {low}..{high}, this core has 0..{limit - 1}: {fix}")


def _validate_lookup(where: str, record: Lookup, config: CoreConfig) -> None:
    if not 1 <= len(record.loops) <= LOOPS:
        raise ProgramError(f"{where}: {len(record.loops)} loops, the core has {LOOPS}")
    for loop in record.loops:
        if not 1 <= loop.count <= 1 << 14:
            raise ProgramError(f"{where}: a loop counts {loop.count}, it must be 1..{1 << 14}")
        if loop.reduce and loop.pool:
            raise ProgramError(f"{where}: a loop is summed and pooled over: it can be one of both")
    if record.steps() > MAX_STEPS:
        raise ProgramError(f"{where}: {record.steps()} steps, at most {MAX_STEPS} are supported: use a smaller layer")
    if not -128 <= record.low <= record.high <= 127:
        raise ProgramError(f"{where}: clamp {record.low}..{record.high} must be a range within -128..127")
    for name in (*ADDRESSES, "codebooks", "encoding_stride"):
        if not 0 <= getattr(record, name) < 1 << 16:
            raise ProgramError(f"{where}: {name} is {getattr(record, name)}, it must be 0..65535")
    if not 1 <= record.encodings <= MAX_ENCODINGS:
        raise ProgramError(f"{where}: encodings is {record.encodings}, it must be 1..{MAX_ENCODINGS}")
    if record.encodings > 1 and not record.encode:
        raise ProgramError(f"{where}: encodings is {record.encodings}, but rows are not encoded: set encode, or "
                           "encodings to 1")
    if record.to_output and any(loop.pool for loop in record.loops):
        raise ProgramError(f"{where}: pools raw results: the host takes rows as they are")
    if record.to_output and not record.finish:
        raise ProgramError(f"{where}: sends rows to the host that it does not finish")


def _validate_steps(
    where: str, record: Lookup, windows: WindowArrays, config: CoreConfig, table_rows: list[tuple[int, int]]
) -> tuple[Bool, Bool]:
    """Check every step; returns which index words are read and written, each (index words,)."""
    read, written = np.zeros(config.index_words, bool), np.zeros(config.index_words, bool)
    inner = np.arange(config.groups_per_row)

    def check(what: str, values: Int, limit: int, name: str) -> None:
        if values.size:
            _within(where, what, int(values.min()), int(values.max()), limit, f"use a core with more {name}")

    for steps in walk(record, windows, config):
        used = steps.looked_up
        words = steps.words[used.any(axis=2)]
        check("index word", words, config.index_words, "index_words")
        read[words] = True
        rows = steps.table_row[used.any(axis=(1, 2))]
        check("table row / c", rows // config.c, config.table_rows // config.c, "table_rows")
        outside = ~np.any([(rows >= low) & (rows + config.c <= high) for low, high in table_rows], axis=0)
        if outside.any():
            raise ProgramError(f"{where}: reads table row {rows[outside][0]}, which is not loaded then: the image has "
                               f"rows {', '.join(f'{low}..{high - 1}' for low, high in table_rows)}")
        check("accumulator row", steps.accumulator, config.accumulator_rows, "accumulator_rows")
        if record.to_output or not record.finish:
            continue
        done = steps.last
        check("constant row", steps.constant[done, None] + inner, config.constant_rows, "constant_rows")
        if record.residual is not None:
            check("value group added", steps.value_in[done, None] + inner, config.value_rows, "value_rows")
        done = done & steps.pool_last
        if record.store is not None:
            check("value group stored", steps.value_out[done, None] + inner, config.value_rows, "value_rows")
        if record.encode:
            codebooks, groups = encoded(record, steps, done, config)
            check("codebook row", codebooks, config.codebook_rows, "codebook_rows")
            check("index group written", groups, _groups(config), "index_words")
            written[_words(groups, config)] = True
    if record.residual is not None and record.store is not None and record.finish and not record.to_output:
        _validate_values(where, record, windows, config)
    both = np.flatnonzero(read & written)
    if len(both):  # a pipeline decides when a written index is seen: it has no defined result
        raise ProgramError(f"{where}: reads and writes index word {both[0]}: give its input and its output regions of "
                           "their own")
    return read, written


def _validate_values(where: str, record: Lookup, windows: WindowArrays, config: CoreConfig) -> None:
    """A record that adds values and stores values: each row may replace what it has added, nothing else."""
    inner, added, stored = np.arange(config.groups_per_row), [], []
    for steps in walk(record, windows, config):
        added.append(steps.value_in[steps.last, None] + inner)
        stored.append(steps.value_out[steps.last & steps.pool_last, None] + inner)
    reads, writes = np.concatenate(added), np.concatenate(stored)
    if not np.isin(reads, writes).any():
        return
    once = len(np.unique(writes)) == writes.size
    if record.residual != record.store or not once or any(loop.pool for loop in record.loops):
        raise ProgramError(f"{where}: adds values at {record.residual} and stores values at {record.store}, which "
                           "overlap: use the same place for both, without pooling and each place once, or places apart")
