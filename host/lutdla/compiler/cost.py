"""Cycles of a program, as the hardware will count them: a prediction for choices and for people.

A record takes a cycle a step, or longer where its finished rows do not leave as fast. Records run one behind the other,
and wait for frames and table pieces, which share the stream and come in the order of `packets.schedule`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import LAUNCH_GAP, row_cycles, write_latency
from lutdla.spec.packets import schedule
from lutdla.spec.program import Lookup, Program

PACKET_BEATS_BYTES = 16
"""Bytes of a packet's header; a trailer beat follows the payload."""


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


def record_cycles(record: Lookup, config: CoreConfig) -> int:
    """Cycles of a record from its first step to the next record's."""
    if record.to_output:
        behind = record.rows() * config.beats_per_row
    else:
        complete = record.encoded_rows()
        behind = sum(rows * row_cycles(record, done, config)
                     for rows, done in ((complete, True), (record.rows() - complete, False)))
    return max(record.steps(), behind) + LAUNCH_GAP + (write_latency(config) if record.drain else 0)


def frame_cycles(groups: int, config: CoreConfig) -> int:
    """Cycles in which the stream brings a frame, one group at most in each."""
    return max(groups, config.frame_beats(groups))


def piece_cycles(rows: int, config: CoreConfig) -> int:
    """Cycles in which the stream brings a table piece: a packet for each bank."""
    packet = rows * config.beats_per_word("table") + PACKET_BEATS_BYTES // config.stream_bytes + 1
    return config.banks * packet


def predict(program: Program, piece_rows: Sequence[int], config: CoreConfig, passes: int = 5) -> Costs:
    """Run a program on paper; `piece_rows`: table rows of each piece."""
    lookups = program.lookups
    own = [record_cycles(record, config) for record in lookups]
    arrivals = list(schedule(program, passes))
    beats = {"input": lambda k: frame_cycles(program.input_groups, config),
             "tables": lambda k: piece_cycles(piece_rows[k], config)}  # fmt: skip
    freed: dict[str, list[int]] = {"input": [], "tables": []}
    ready: dict[str, list[int]] = {"input": [], "tables": []}
    stream, at, waits, ends = 0, 0, [0] * len(lookups), []
    places = {"input": 1, "tables": 2}

    def deliver() -> None:
        """Let the stream bring what there is room for."""
        nonlocal stream
        while arrivals:
            what, k = arrivals[0]
            number = len(ready[what])
            if number >= places[what]:
                if number - places[what] >= len(freed[what]):
                    return
                stream = max(stream, freed[what][number - places[what]])
            stream += beats[what](k)
            ready[what].append(stream)
            arrivals.pop(0)

    taken = {"input": 0, "tables": 0}
    for number in range(passes):
        for i, record in enumerate(lookups):
            start = at
            for what in ("input", "tables"):
                if getattr(record, f"wait_{what}"):
                    deliver()
                    start = max(start, ready[what][taken[what]])
                    taken[what] += 1
            if number == passes - 2:
                waits[i] = start - at
            at = start + own[i]
            for what in ("input", "tables"):
                if getattr(record, f"free_{what}"):
                    freed[what].append(at)
        ends.append(at)
    steady = ends[-2] - ends[-3]  # in the last pass, the stream has nothing to bring for the next one
    pieces = sum(piece_cycles(rows, config) for rows in piece_rows)
    return Costs(tuple(own), tuple(waits), steady,
                 pieces + program.images * frame_cycles(program.input_groups, config),
                 sum(record.steps() for record in lookups))
