"""The cores that are packaged in tests: they differ in stream width and in how table banks are held."""

from dataclasses import replace

from tests.hdl.cores import POOL
from tests.strategies import TINY

CORES = {
    "tiny": TINY,
    "128 bits": POOL["v3 c8 chebyshev, 128 bits"],
    # 64 + 16 rows, and a bank of each pair that holds them in one memory
    "tail and deep bank": replace(TINY, table_rows=80, deep_banks=1),
    "two beats a row": replace(TINY, lanes=16, v=4, encoders=2),
}
