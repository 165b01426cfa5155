"""The program record being executed, as named slices of the program memory's read data."""

from __future__ import annotations

from typing import Any

from lutdla.spec.config import LOOPS, STREAMS, CoreConfig
from lutdla.spec.program import ADDRESSES, FLAGS, record_fields
from lutdla_hdl.memory import chunk_signals


def cut(chunks: list[Any], at: int, width: int, config: CoreConfig) -> Any:
    """`width` bits from bit `at` of a memory word, as a slice of one of its beats."""
    chunk, low = divmod(at, config.stream_bits)
    if low + width > config.stream_bits:
        raise ValueError(f"the field at bit {at} crosses a beat: it could not be cut from one signal")
    return chunks[chunk](low) if width == 1 else chunks[chunk](low + width, low)


class Record:
    """Fields of `lutdla.spec.program.record_fields`, cut from the beats of a program word.

    Attributes:
        chunks: read data of the program memory, a signal for each beat.
        kind, end, flags and addresses of `lutdla.spec.program`, low, high, groups, codebooks, value_in, value_out,
        encodings, encoding_stride, has_residual, has_store: fields as in the table.
        loop_last, loop_reduce, loop_pool: one for each loop.
        increments: address -> one for each loop.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.chunks = chunk_signals(config, "program")
        at, fields = 0, {}
        for name, width in record_fields(config):
            fields[name] = cut(self.chunks, at, width, config)
            at += width
        self.kind, self.end, self.has_residual, self.has_store = (
            fields[name] for name in ("kind", "end", "residual", "store")
        )
        for name in (*FLAGS, *ADDRESSES, "low", "high", "groups", "codebooks", "value_in", "value_out", "encodings",
                     "encoding_stride"):
            setattr(self, name, fields[name])
        self.loop_last: list[Any] = [fields[f"loop{i}_last"] for i in range(LOOPS)]
        self.loop_reduce: list[Any] = [fields[f"loop{i}_reduce"] for i in range(LOOPS)]
        self.loop_pool: list[Any] = [fields[f"loop{i}_pool"] for i in range(LOOPS)]
        self.increments = {s: [fields[f"loop{i}_{s}"] for i in range(LOOPS)] for s in STREAMS}

    def __getattr__(self, name: str) -> Any:  # for type checkers: fields are set by name
        raise AttributeError(name)
