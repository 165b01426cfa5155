"""A small valid memory image for the core `TINY`, to break in one place: an input frame, one layer, results."""

import numpy as np

from lutdla.spec.memory import MemoryImage, Piece
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.window import Port, Window
from tests.strategies import TINY

FIRST = EncodeInput(5, 5)
"""Index words 0..2, the last one half."""
INNER = Lookup((Loop(2, channel=2, dest=2), Loop(3, True, table=1)), dest=8, wait_input=True, free_input=True)
"""Reads words 0 and 1, writes words 4 and 5."""
LAST = Lookup((Loop(2),), index=4, to_output=True)
"""Reads words 4 and 5."""
WINDOW = Window((Port(0, blocks=3), Port(1, blocks=3)))


def image(*records, **changes):
    """The image with other records, or other contents."""
    contents = {
        "codebooks": np.zeros((8, 1, 4, 2), np.int8), "tables": np.zeros((4, 16, 4), np.int8),
        "mult": np.ones((4, 2), np.int64), "bias": np.ones((4, 2), np.int64), "shift": np.ones((4, 2), np.int64),
        "windows": (WINDOW,),
    }  # fmt: skip
    return MemoryImage(Program(records or (FIRST, INNER, LAST)), **contents | changes)


def piece(row, rows, config=TINY):
    """A table piece of zeros."""
    return Piece(row, np.zeros((config.banks, rows, config.lanes), np.int8))
