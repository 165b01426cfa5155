"""Cut a program behind one of its records, so that what this record sums goes to the host: where did a result go wrong?

Before: a memory image. After: a valid memory image whose program ends with the record, and sends its sums.
"""

from __future__ import annotations

from dataclasses import replace

from lutdla.spec.config import LOOPS, CoreConfig
from lutdla.spec.hazards import needs_drain
from lutdla.spec.memory import MemoryImage, Piece
from lutdla.spec.program import Lookup, Loop, Program
from lutdla.spec.window import window_arrays


def cut_behind(image: MemoryImage, number: int, config: CoreConfig) -> MemoryImage | None:
    """The image with a program that ends with record `number` (1 or more) and sends its rows, before pooling.

    None where each image of a pass would have to yield the same number of rows, but does not and cannot be made to.
    """
    lookups = list(image.program.lookups[:number])
    last = lookups[-1]
    loops = tuple(replace(loop, pool=False) for loop in last.loops)
    lookups[:-1] = [replace(r, to_output=False, finish=False) if r.to_output else r for r in lookups[:-1]]
    lookups[-1] = replace(last, loops=loops, to_output=True, finish=True, encode=False, encodings=1, residual=None,
                           store=None)
    if not any(record.wait_input for record in lookups):
        lookups[0] = replace(lookups[0], wait_input=True)
    held_input = sum(record.wait_input - record.free_input for record in lookups)
    held_tables = sum(record.wait_tables - record.free_tables for record in lookups)
    lookups[-1] = replace(lookups[-1], free_input=lookups[-1].free_input or held_input > 0,
                          free_tables=lookups[-1].free_tables or held_tables > 0)
    images = sum(record.wait_input for record in lookups)
    if lookups[-1].rows() % images:  # send them once for each image
        if len(loops) == LOOPS:
            return None
        lookups[-1] = replace(lookups[-1], loops=(Loop(images), *loops))
    pieces = image.pieces[: sum(record.wait_tables for record in lookups)]
    if pieces and (len(pieces) == 1 or _overlap(pieces[0], pieces[-1])):
        between = next((p for p in image.pieces if not _overlap(p, pieces[0]) and not _overlap(p, pieces[-1])), None)
        if between is None:
            return None
        pieces = (between, *pieces)  # taken by a record that does nothing: height 0 is padding only
        idle = Lookup((Loop(),), height=0, width=0, finish=False, drain=False, wait_tables=True, free_tables=True)
        lookups.insert(0, idle)
    program = Program((image.program.encode_input, *lookups))
    needed = needs_drain(program, window_arrays(image.windows), config)[1:]
    drained = (replace(record, drain=record.drain or need) for record, need in zip(lookups, needed))
    return replace(image, program=Program((image.program.encode_input, *drained)), pieces=pieces)


def _overlap(a: Piece, b: Piece) -> bool:
    return a.row < b.row + b.tables.shape[1] and b.row < a.row + a.tables.shape[1]
