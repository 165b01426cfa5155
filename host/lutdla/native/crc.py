"""CRC-32 of packets: the processor's own instructions where compiled kernels use them, zlib elsewhere."""

from __future__ import annotations

import ctypes
import zlib

import numpy as np
import numpy.typing as npt

from lutdla.native.variants import library

LEAST_BYTES = 4096
"""Shorter data is not worth the call."""


def crc32(data: bytes | memoryview | npt.NDArray[np.uint8], crc: int = 0) -> int:
    """What `zlib.crc32` gives for contiguous bytes."""
    compiled = library() if len(data) >= LEAST_BYTES else None
    if compiled is None or not compiled.crc_is_fast():
        return zlib.crc32(data.data if isinstance(data, np.ndarray) else data, crc)
    array = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    found: int = compiled.crc_32(ctypes.c_void_p(array.ctypes.data), ctypes.c_int64(len(array)), ctypes.c_uint32(crc))
    return found & 0xFFFFFFFF  # ctypes takes it for signed
