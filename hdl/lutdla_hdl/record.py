"""The program record being executed, as named slices of the program memory's read data."""

from __future__ import annotations

from typing import Any

from lutdla.spec.config import LOOPS, STREAMS, CoreConfig
from lutdla.spec.program import record_fields
from lutdla_hdl.memory import chunk_signals


class Record:
    """Fields of `lutdla.spec.program.record_fields`, cut from the beats of a program word.

    Attributes:
        chunks: read data of the program memory, a signal for each beat.
        kind, to_output, end, block_mask, low, high, groups, codebooks, codebook, constant, dest, index, table,
        last_word: fields as in the table.
        offsets: one for each port.
        loop_last, loop_reduce: one for each loop.
        increments: address -> one for each loop.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.chunks = chunk_signals(config, "program")
        at, fields = 0, {}
        for name, width in record_fields(config):
            chunk, low = divmod(at, config.stream_bits)
            if low + width > config.stream_bits:
                raise ValueError(f"record field {name} crosses a beat: it could not be cut from one signal")
            fields[name] = self.chunks[chunk](low) if width == 1 else self.chunks[chunk](low + width, low)
            at += width
        self.kind, self.to_output, self.end = fields["kind"], fields["to_output"], fields["end"]
        self.block_mask, self.low, self.high = fields["block_mask"], fields["low"], fields["high"]
        self.groups, self.codebooks, self.codebook = fields["groups"], fields["codebooks"], fields["codebook"]
        self.constant, self.dest, self.index = fields["constant"], fields["dest"], fields["index"]
        self.table, self.last_word = fields["table"], fields["last_word"]
        self.offsets: list[Any] = [fields[f"offset{p}"] for p in range(config.ports)]
        self.loop_last: list[Any] = [fields[f"loop{i}_last"] for i in range(LOOPS)]
        self.loop_reduce: list[Any] = [fields[f"loop{i}_reduce"] for i in range(LOOPS)]
        self.increments = {s: [fields[f"loop{i}_{s}"] for i in range(LOOPS)] for s in STREAMS}
