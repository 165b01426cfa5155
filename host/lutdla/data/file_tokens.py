"""What the network Magika reads of a file: 1,024 bytes of its beginning and 1,024 of its end.

As its authors describe it: of at most 4,096 bytes at each end, white space outside is dropped and 1,024 bytes are kept;
a file that has fewer is filled up with 256, behind the beginning and in front of the end.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIDE = 1024
"""Bytes of the beginning, and of the end."""

BLOCK = 4096
"""Bytes read at each end, before white space is dropped."""

PADDING = 256
"""Stands where a file has no byte."""

LEAST = 8
"""A file with fewer bytes, without white space around them, is not given to the network."""


def file_tokens(path: Path) -> npt.NDArray[np.int16] | None:
    """int16 (2048,) of a file; None if it is too short for the network.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        beginning = file.read(BLOCK)
        size = os.fstat(file.fileno()).st_size
        if size <= BLOCK:
            beginning = end = beginning.strip()
        else:
            file.seek(size - BLOCK)
            end = file.read(BLOCK).rstrip()
            beginning = beginning.lstrip()
    if len(beginning) < LEAST:
        return None
    tokens = np.full(2 * SIDE, PADDING, np.int16)
    first, last = beginning[:SIDE], end[-SIDE:]
    tokens[: len(first)] = np.frombuffer(first, np.uint8)
    tokens[2 * SIDE - len(last) :] = np.frombuffer(last, np.uint8)
    return tokens
