"""What the network Magika reads of a file: 1,024 bytes of its beginning and 1,024 of its end.

Of the first 4,096 bytes, white space in front is dropped and the next 1,024 bytes are kept; of the last 4,096, white
space behind is dropped and the 1,024 before it are kept. Where there are fewer, 256 fills up: behind the beginning, in
front of the end. So does magika 1.0.3 (its comments say that small files lose white space on both sides: they do not).
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
"""A file whose beginning has fewer bytes, without white space in front, is not given to the network."""


def file_tokens(path: Path) -> npt.NDArray[np.int16] | None:
    """int16 (2048,) of a file; None if it is too short for the network.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        beginning = file.read(BLOCK).lstrip()
        file.seek(max(0, os.fstat(file.fileno()).st_size - BLOCK))
        end = file.read(BLOCK).rstrip()
    if len(beginning) < LEAST:
        return None
    tokens = np.full(2 * SIDE, PADDING, np.int16)
    first, last = beginning[:SIDE], end[-SIDE:]
    tokens[: len(first)] = np.frombuffer(first, np.uint8)
    tokens[2 * SIDE - len(last) :] = np.frombuffer(last, np.uint8)
    return tokens
