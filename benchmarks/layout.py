"""The core that benchmarks measure by, whatever boards get by default: figures of different days stay comparable."""

from __future__ import annotations

from lutdla.spec.config import CoreConfig

LAYOUT = CoreConfig(
    v=4, c=16, metric="l1", ports=9, blocks=4, lanes=16, encoders=4, table_rows=576, deep_banks=18, index_words=3072,
    accumulator_rows=32, constant_rows=32, codebook_rows=32, program_rows=16, window_rows=32, value_rows=1024,
)  # fmt: skip
"""Holds ResNet-8 with all its tables: a 3 x 3 window of 16 channels in each cycle."""
