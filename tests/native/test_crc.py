import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.native import crc
from lutdla.native.crc import crc32
from tests.kernels import KERNELS, kernel


@given(seed=st.integers(0, 99), size=st.integers(0, 300), start=st.integers(0, 17), before=st.integers(0, 2**32 - 1),
       name=st.sampled_from(KERNELS))  # fmt: skip
def test_any_bytes(seed, size, start, before, name):
    data = np.random.default_rng(seed).integers(0, 256, start + size, np.uint8)[start:]
    least, crc.LEAST_BYTES = crc.LEAST_BYTES, 0
    try:
        with kernel(name):
            assert crc32(data, before) == zlib.crc32(data.tobytes(), before)
            assert crc32(memoryview(data.tobytes()), before) == zlib.crc32(data.tobytes(), before)
    finally:
        crc.LEAST_BYTES = least


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("size", [4095, 4096, 100_003])
def test_long_data_in_parts(name, size):
    data = np.random.default_rng(0).bytes(size)
    with kernel(name):
        assert crc32(data) == zlib.crc32(data)
        assert crc32(data[1000:], crc32(data[:1000])) == zlib.crc32(data)
