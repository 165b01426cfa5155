"""Converts what the hardware sources make: a mutant that cannot be built is no fault that tests have to find."""

from __future__ import annotations

import tempfile

from lutdla.spec.config import CoreConfig
from lutdla_hdl.convert import convert
from lutdla_hdl.dense_array import convert_array

CONFIG = CoreConfig(
    v=2, c=4, ports=1, blocks=2, lanes=4, encoders=1, table_rows=24, index_words=24, accumulator_rows=2,
    constant_rows=8, codebook_rows=8, program_rows=4, window_rows=4, value_rows=4, packet_beats=32,
)  # fmt: skip
"""Small; with memories that are split in two and tables that have a tail."""


def main() -> None:
    """Convert the core and the dense array into a folder that is then forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        convert(CONFIG, folder)
        convert_array(2, 2, 4, folder)


if __name__ == "__main__":
    main()
