"""Checks of a loaded program, once for each: every address that it reaches, and what its passes have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutdla.backends.loaded import Memories
from lutdla.errors import ProgramError
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import EncodeInput, Lookup
from lutdla.spec.walk import Int, Steps, encoded, walk


@dataclass
class Facts:
    """What a pass of a program does.

    Attributes:
        lookups, padding: banks that read a table row; banks that add 0 for zero padding.
        stale: it reads what an earlier pass left behind.
    """

    lookups: int = 0
    padding: int = 0
    stale: bool = False


def index_positions(groups: Int, config: CoreConfig) -> tuple[Int, Int]:
    """Index memory words and blocks (each (groups * encoders,)) of index groups."""
    positions = (groups.reshape(-1, 1) * config.encoders + np.arange(config.encoders)).reshape(-1)
    words, blocks = np.divmod(positions, config.blocks)
    return words, blocks


def check_program(config: CoreConfig, memories: Memories) -> Facts:
    """Check every address of a program.

    Raises:
        ProgramError: it reaches past the core's memories; on hardware its results are undefined.
    """
    return _Check(config, memories).facts


class _Check:
    """The walk through all records, and the parts of the state that were written so far."""

    def __init__(self, config: CoreConfig, memories: Memories) -> None:
        self.config, self.facts = config, Facts()
        program = memories.program
        self._check_input(memories)
        self._written = np.zeros((config.index_words, config.blocks), bool)
        self._summed, self._stored = np.zeros(config.accumulator_rows, bool), np.zeros(config.value_rows, bool)
        encode = program.encode_input
        frame = self._positions(0, encode.dest + np.arange(encode.groups))
        for i, record in enumerate(program.lookups, start=1):
            if record.wait_input:
                self._written[frame] = True
            for steps in walk(record, memories.windows, config):
                self._check_sums(i, steps)
                if record.finish and not record.to_output:
                    self._check_finish(i, record, steps)

    def _check_input(self, memories: Memories) -> None:
        program = memories.program
        if not program.records or not isinstance(program.records[0], EncodeInput) or (
            len(program.lookups) != len(program.records) - 1
        ):
            raise ProgramError("emulator: the loaded program does not begin with EncodeInput, or has another one")
        if not program.images:
            raise ProgramError("emulator: the loaded program takes no input: hardware would never end a run")
        encode = program.encode_input
        if not encode.codebooks or not encode.groups:
            raise ProgramError("emulator: record 0 encodes nothing")
        self._limit(0, "codebook row", np.array([encode.codebook + encode.codebooks - 1]), self.config.codebook_rows)

    def _check_sums(self, i: int, steps: Steps) -> None:
        """Table rows, index words and accumulators of steps; counts lookups."""
        config, facts, used = self.config, self.facts, steps.looked_up
        facts.lookups += int(used.sum())
        facts.padding += int(steps.active.sum()) - int(used.sum())
        self._limit(i, "table row", steps.table_row[used.any(axis=(1, 2))] + config.c - 1, config.table_rows)
        self._limit(i, "accumulator row", steps.accumulator, config.accumulator_rows)
        words, blocks = np.broadcast_arrays(steps.words[:, :, None], np.arange(config.blocks))
        self._limit(i, "index word", words[used], config.index_words)
        facts.stale |= not self._written[words[used], blocks[used]].all()
        self._summed[steps.accumulator[steps.first]] = True
        facts.stale |= not self._summed[steps.accumulator].all()

    def _check_finish(self, i: int, record: Lookup, steps: Steps) -> None:
        """Constants, values, codebooks and index groups of finished rows."""
        config, inner = self.config, np.arange(self.config.groups_per_row)
        done, pooled = steps.last, steps.last & steps.pool_last
        self._limit(i, "constant row", steps.constant[done, None] + inner, config.constant_rows)
        if record.residual is not None:
            added = steps.value_in[done, None] + inner
            self._limit(i, "value group", added, config.value_rows)
            self.facts.stale |= not self._stored[added].all()
        if record.store is not None:
            kept = steps.value_out[pooled, None] + inner
            self._limit(i, "value group", kept, config.value_rows)
            self._stored[kept] = True
        if record.encode:
            codebooks, groups = encoded(record, steps, pooled, config)
            self._limit(i, "codebook row", codebooks, config.codebook_rows)
            self._written[self._positions(i, groups)] = True

    def _positions(self, record: int, groups: Int) -> tuple[Int, Int]:
        words, blocks = index_positions(groups, self.config)
        self._limit(record, "index word", words, self.config.index_words)
        return words, blocks

    def _limit(self, record: int, what: str, addresses: Int, depth: int) -> None:
        if addresses.size and addresses.max() >= depth:
            raise ProgramError(f"emulator: record {record} of the loaded program reaches {what} {addresses.max()}, "
                               f"this core has {depth}: compile the model again")
