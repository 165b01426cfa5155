"""Cycles of a program, as the hardware will count them: a prediction for choices and for people.

A record takes a cycle a step. Its rows leave behind it, one after the other, through a queue: where they do not leave
as fast as they come, the queue fills, and the record waits. Records run one behind the other. They wait for frames and
table pieces, which share the stream and come in the order of `packets.schedule`, and where they drain, for all rows
before them. Frames are encoded in cycles in which no row is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import LAUNCH_GAP, ROW_FIFO, row_cycles, write_latency
from lutdla.spec.packets import schedule
from lutdla.spec.program import Lookup, Program

PACKET_BEATS_BYTES = 16
"""Bytes of a packet's header; a cycle in which it is checked, and a trailer beat, come on top."""

SLACK = 4
"""Cycles by which `write_latency`, which must suffice, is longer than what it bounds."""

FRAME_LATENCY = 12
"""Cycles from a frame's last group to the record that waits for it, but for the encoder's comparisons: an estimate,
near what small networks on the Verilated core take."""


@dataclass(frozen=True)
class Costs:
    """Cycles.

    Attributes:
        records: of each record but the first, without waits.
        waits: of each record but the first, for frames and pieces.
        cycles_per_pass: in steady state.
        stream_beats: of a pass.
        steps: of a pass.
    """

    records: tuple[int, ...]
    waits: tuple[int, ...]
    cycles_per_pass: int
    stream_beats: int
    steps: int


@dataclass
class _Rows:
    """Rows that leave: when the last one has, and how busy requantisation was until then."""

    config: CoreConfig
    left: float = 0.0
    busy: deque[tuple[float, float, float]] = field(default_factory=deque)  # from, to, share of the cycles

    def add(self, record: Lookup, start: float) -> float:
        """The rows of a record that starts then; returns when its last step is done."""
        rows, steps, behind = record.rows(), record.steps(), behind_cycles(record, self.config)
        if not record.finish:
            return start + steps
        first = start + steps / rows
        began = max(self.left, first)
        self.left = max(start + steps + behind / rows, began + behind)
        if not record.to_output:
            self.busy.append((began, self.left, behind / (self.left - began)))
        return max(start + steps, self.left - min(rows, ROW_FIFO) * behind / rows)

    def encoded(self, start: float, groups: int, cycles: int) -> float:
        """When a frame is encoded that comes from then on, in so many cycles if no row were encoded meanwhile.

        Frames come in order: what ended before this one comes is forgotten.
        """
        now, left, each = start, float(groups), cycles / groups
        while self.busy and self.busy[0][1] <= start:
            self.busy.popleft()
        for begin, end, share in self.busy:
            if end <= now:
                continue
            idle = max(0.0, begin - now) / each
            if left <= idle:
                break
            now, left = max(now, begin), left - idle
            rate = group_rate(each, share)
            if left <= (end - now) * rate:
                return now + left / rate
            now, left = end, left - (end - now) * rate
        return now + left * each


def group_rate(cycles: Any, share: Any) -> Any:
    """Groups of a frame that are encoded in a cycle: of those in which no row is, and when beats have brought one.

    Args:
        cycles: in which beats bring a group; a group that waits for its turn holds them up.
        share: of the cycles in which rows are encoded.
    """
    return np.minimum(1 / (cycles + share), 1 - share)


def behind_cycles(record: Lookup, config: CoreConfig) -> int:
    """Cycles that all rows of a record take to leave."""
    if record.to_output:
        return record.rows() * config.beats_per_row
    complete = record.encoded_rows()
    return sum(rows * row_cycles(record, done, config)
               for rows, done in ((complete, True), (record.rows() - complete, False)))


def frame_cycles(groups: int, config: CoreConfig) -> int:
    """Cycles in which the stream brings a frame, one group at most in each."""
    return max(groups, config.frame_beats(groups))


def piece_cycles(rows: int, config: CoreConfig) -> int:
    """Cycles in which the stream brings a table piece: a packet for each bank."""
    packet = rows * config.beats_per_word("table") + PACKET_BEATS_BYTES // config.stream_bytes + 2
    return config.banks * packet


def predict(program: Program, piece_rows: Sequence[int], config: CoreConfig, passes: int = 5) -> Costs:
    """Run a program on paper; `piece_rows`: table rows of each piece."""
    lookups = program.lookups
    latency = write_latency(config) - SLACK - config.groups_per_row  # of a row that need not wait
    arrivals = deque(schedule(program, passes))
    piece_stream = [piece_cycles(count, config) for count in piece_rows]
    freed: dict[str, list[float]] = {"input": [], "tables": []}
    ready: dict[str, list[float]] = {"input": [], "tables": []}
    stream, at, ends, rows = 0.0, 0.0, [], _Rows(config)
    waits, own = [0.0] * len(lookups), [0.0] * len(lookups)
    places = {"input": 1, "tables": 2}

    def deliver(wanted: str) -> None:
        """Let the stream bring what is waited for, and no more: what holds a later frame up is not known yet."""
        nonlocal stream
        while arrivals and len(ready[wanted]) <= taken[wanted]:
            what, k = arrivals[0]
            number = len(ready[what])
            if number >= places[what]:
                if number - places[what] >= len(freed[what]):
                    return
                stream = max(stream, freed[what][number - places[what]])
            if what == "input":
                stream = rows.encoded(stream, program.input_groups, frame_cycles(program.input_groups, config))
                ready[what].append(stream + FRAME_LATENCY + config.index_bits)
            else:
                stream += piece_stream[k]
                ready[what].append(stream)
            arrivals.popleft()

    taken = {"input": 0, "tables": 0}
    for number in range(passes):
        for i, record in enumerate(lookups):
            start = at + LAUNCH_GAP
            for what in ("input", "tables"):
                if getattr(record, f"wait_{what}"):
                    deliver(what)
                    start = max(start, ready[what][taken[what]])
                    taken[what] += 1
            waited, drained = start - at - LAUNCH_GAP, start
            if record.drain:
                drained = max(start, rows.left + latency)
            end = rows.add(record, drained)
            if number == passes - 2:  # in the last pass, the stream has nothing to bring for the next one
                waits[i], own[i] = waited, end - at - waited
            at = end
            for what in ("input", "tables"):
                if getattr(record, f"free_{what}"):
                    freed[what].append(at)
        ends.append(at)
    return Costs(tuple(map(round, own)), tuple(map(round, waits)), round(ends[-2] - ends[-3]),
                 sum(piece_stream) + program.images * frame_cycles(program.input_groups, config),
                 sum(record.steps() for record in lookups))
