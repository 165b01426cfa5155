"""The IDX format of MNIST and its relatives: big-endian header (magic, sizes), then uint8 values, gzip around it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lutdla.data.content import check_content, unpack
from lutdla.data.dataset import DatasetError

UINT8 = 0x08
"""Type code of unsigned bytes in the magic number."""


def read_idx(path: Path, sha256: str) -> npt.NDArray[np.uint8]:
    """The array in a gzipped IDX file.

    Args:
        sha256: digest of the *unpacked* content.

    Raises:
        DatasetError: names the file and what is wrong with it.
    """
    content = unpack(path)
    if len(content) < 4 or content[:3] != bytes((0, 0, UINT8)):
        raise DatasetError(f"{path}: begins with 0x{content[:4].hex()}, an IDX file of bytes begins with 0x000008: "
                           "this is another file, fetch it again")
    dimensions = content[3]
    header = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, header, 4))
    if len(content) != header + int(np.prod(shape)):
        raise DatasetError(f"{path}: holds {len(content)} bytes, its header promises {header} + "
                           f"{' x '.join(map(str, shape))}: fetch the file again")
    check_content(path, content, sha256)
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
