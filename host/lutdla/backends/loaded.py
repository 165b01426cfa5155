"""What a model of the core has loaded, decoded: what an engine executes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lutdla.spec.program import Program
from lutdla.spec.walk import Int
from lutdla.spec.window import WindowArrays


@dataclass(frozen=True)
class Memories:
    """Content of the loadable memories, decoded.

    Attributes:
        program: records up to the one marked as the end.
        codebooks: int8 (codebook rows, encoders, c, v).
        tables: int8 (banks, table rows, lanes).
        mult, bias, shift: int64 (constant rows, group).
        windows: all rows of the window memory.
    """

    program: Program
    codebooks: npt.NDArray[np.int8]
    tables: npt.NDArray[np.int8]
    mult: Int
    bias: Int
    shift: Int
    windows: WindowArrays


@dataclass(frozen=True)
class TableRows:
    """Rows of one bank that came with the input stream: bytes of rows x lanes int8, written from row `row` on."""

    bank: int
    row: int
    data: bytes


Pieces = Sequence[Sequence[TableRows]]
"""The table pieces of a pass, in the order in which records wait for them."""


class Engine(Protocol):
    """Executes one loaded program, bit for bit as `lutdla.reference` does.

    Attributes:
        lookups_per_pass, padding_per_pass: banks that read a table row in one pass; banks that add 0 for zero padding.
    """

    lookups_per_pass: int
    padding_per_pass: int

    def run(self, values: npt.NDArray[np.int8], pieces: Sequence[Pieces] = ()) -> npt.NDArray[np.int32]:
        """Run whole passes.

        Args:
            values: (images, groups, group); images a multiple of `Program.images`.
            pieces: of each pass; empty where the program waits for none.

        Returns:
            raw results (images, rows * lanes)
        """
