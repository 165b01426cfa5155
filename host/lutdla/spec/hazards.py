"""When may a record start before the rows of earlier ones are where they belong?

Rows travel from the loop nest through adder trees, row FIFO, requantisation and encoders to the index memory, in order.
A record without `drain` starts `LAUNCH_GAP` cycles behind the last step of the one before. That is right when every
index word it reads has been written by then, whatever stalls. Two arguments show it, for a word that row r brings:

* *by count*: never more than `ROW_FIFO` rows are under way, so when row r + ROW_FIFO is issued, row r has left the
  FIFO; `write_latency` steps later its indices can be read.
* *by time*: nothing behind the FIFO ever waits, unless a row for the host is at its head. Where none of the `ROW_FIFO`
  rows before r is one, row r arrives a fixed number of cycles after its issue, or one row's time after row r - 1. The
  first such row behind rows for the host may find the FIFO full of rows that those held up.

The hardware's constants are here because host and hardware must agree on them; `tests/hdl` measures them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Lookup, Program
from lutdla.spec.walk import Int, encoded, walk
from lutdla.spec.window import WindowArrays

ROW_FIFO = 16
"""Most rows between the loop nest and requantisation; more than the stages between, so that rows flow without a gap."""

LAUNCH_GAP = 2
"""Cycles without a step between two records, at least."""

VALUE_ROWS_APART = 8
"""Rows that lie at least between a row that stores values and one that may add them."""


def tree_stages(config: CoreConfig) -> int:
    """Register stages of an adder tree over all banks."""
    return max(1, (config.banks - 1).bit_length())


def write_latency(config: CoreConfig) -> int:
    """Cycles, at most, from the last step of a row to the first step that may read its indices, when the row does not
    wait in the FIFO."""
    return tree_stages(config) + config.groups_per_row + config.index_bits + 20


def row_cycles(record: Lookup, complete: bool, config: CoreConfig) -> int:
    """Cycles that requantisation takes for a row; `complete`: its pool is."""
    return config.groups_per_row * (record.encodings if complete and record.encode else 1)


@dataclass
class _Row:
    """A row under way. Times are cycles, or steps where the argument is by count."""

    number: int
    issued: int
    arrives: int  # by time; where it is not `clear`, rows for the host may hold it up
    clear: bool
    words: Int  # index words it brings
    values: Int  # value groups it stores


class _Trail:
    """The newest rows, and when each record's steps are issued at the earliest."""

    def __init__(self, config: CoreConfig) -> None:
        self.config, self.latency = config, write_latency(config)
        self.now, self.count, self.arrives = 0, 0, 0
        self.behind = ROW_FIFO + 1  # rows since the newest one for the host
        self.rows: deque[_Row] = deque()
        self.times: deque[int] = deque(maxlen=ROW_FIFO)  # cycles that the newest rows take behind the FIFO

    def forget(self) -> None:
        """All rows have arrived."""
        self.rows.clear()
        self.arrives, self.behind = self.now, ROW_FIFO + 1

    def add(self, issued: int, words: Int, values: Int, to_output: bool, time: int) -> None:
        """One finished row. `time`: cycles that it takes behind the FIFO; the latency holds those of one encoding."""
        self.behind = 0 if to_output else self.behind + 1
        held_up = sum(self.times) if self.behind == ROW_FIFO + 1 else 0
        alone = issued + self.latency + time - self.config.groups_per_row
        self.arrives = max(alone + held_up, self.arrives + time)
        self.times.append(time)
        self.rows.append(_Row(self.count, issued, self.arrives, self.behind > ROW_FIFO, words, values))
        self.count += 1

    def prune(self) -> None:
        """Forget rows that have arrived for every later step, by count."""
        while len(self.rows) > ROW_FIFO and self.rows[ROW_FIFO].issued + self.latency <= self.now:
            self.rows.popleft()


def needs_drain(program: Program, windows: WindowArrays, config: CoreConfig) -> list[bool]:
    """For each record, whether it must wait for earlier rows (`Lookup.drain`).

    The program is walked twice, because the end of a pass meets the beginning of the next; records are taken to be
    drained where this function says so.
    """
    trail, needed = _Trail(config), [False] * len(program.records)
    for _ in range(2):
        for i, record in enumerate(program.records):
            if isinstance(record, Lookup):
                trail.now += LAUNCH_GAP
                needed[i] = needed[i] or _conflicts(record, windows, trail)
                if needed[i] or record.drain:
                    trail.forget()
                _advance(record, windows, trail)
    return needed


def _conflicts(record: Lookup, windows: WindowArrays, trail: _Trail) -> bool:
    """Whether a step of `record` may read a word, or add a value, before the row that brings it has arrived."""
    trail.prune()
    if not trail.rows:
        return False
    config, rows = trail.config, list(trail.rows)
    horizon = trail.latency + ROW_FIFO * (1 + config.groups_per_row) + max(0, trail.arrives - trail.now)
    never = np.iinfo(np.int64).max
    first_read = np.full(config.index_words, never)
    issued, at, added = [], trail.now, []
    for steps in walk(record, windows, config, 1 << 12):
        t = at + np.arange(len(steps.first))
        used = steps.looked_up.any(axis=2)  # (T, ports)
        np.minimum.at(first_read, steps.words[used], np.broadcast_to(t[:, None], used.shape)[used])
        issued += t[steps.last].tolist()
        added += steps.value_in[steps.last].tolist()
        at += len(t)
        enough = len(issued) >= ROW_FIFO + VALUE_ROWS_APART and at > issued[ROW_FIFO - 1] + trail.latency
        if enough and at - trail.now > horizon:  # all rows have arrived by now, by count and by time
            break
    if record.residual is not None:
        for k, row in enumerate(added[:VALUE_ROWS_APART]):
            near = [r for r in rows if trail.count + k - r.number <= VALUE_ROWS_APART]
            if any(np.isin(row + np.arange(config.groups_per_row), r.values).any() for r in near):
                return True
    for k, row in enumerate(rows):
        if not len(row.words):
            continue
        read = int(first_read[row.words].min())
        if read == never:
            continue
        behind = k + ROW_FIFO
        later = rows[behind].issued if behind < len(rows) else (
            issued[behind - len(rows)] if behind - len(rows) < len(issued) else None)
        by_count = later is not None and later + trail.latency <= read
        if not by_count and not (row.clear and row.arrives <= read):
            return True
    return False


def _advance(record: Lookup, windows: WindowArrays, trail: _Trail) -> None:
    """Issue all steps of a record. Of many rows the newest are enough: those before have arrived by count."""
    config, inner, nothing = trail.config, np.arange(trail.config.groups_per_row), np.arange(0)
    most = row_cycles(record, True, config)  # rows fall behind by less in each, and by a FIFO of them at most
    skip = record.rows() - (ROW_FIFO * max(4, most) + trail.latency)
    for steps in walk(record, windows, config):
        finished, (_, groups) = np.flatnonzero(steps.last), encoded(record, steps, steps.last, config)
        for k, j in list(enumerate(finished))[max(0, skip) :]:
            arrives = bool(steps.pool_last[j]) and not record.to_output
            values = steps.value_out[j] + inner if arrives and record.store is not None else nothing
            words = groups[k].reshape(-1) // config.groups_per_word if arrives and record.encode else nothing
            trail.add(trail.now + int(j), words, values, record.to_output, row_cycles(record, arrives, config))
        skip -= len(finished)
        trail.now += len(steps.first)
        trail.prune()
