"""When a record needs `drain`: cases by hand, and a little simulation of the pipeline that never reads too early."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.spec.hazards import (
    LAUNCH_GAP,
    ROW_FIFO,
    VALUE_ROWS_APART,
    needs_drain,
    row_cycles,
    tree_stages,
    write_latency,
)
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.walk import encoded, walk
from lutdla.spec.window import Port, Window, window_arrays
from tests.strategies import SEEDS, TINY, configs, memory_images

CORE = replace(TINY, index_words=256, value_rows=64, program_rows=16)
"""A row of 2 groups is one word of the index memory."""
LATENCY = write_latency(CORE)
WINDOWS = window_arrays([Window((Port(0, blocks=3), Port(0, blocks=0)))])


def rows(count, first, steps=1, **changes):
    """A record that writes `count` words from `first` on, each after `steps` steps; it reads word 255."""
    return Lookup((Loop(count, dest=2), Loop(steps, True)), index=255, dest=2 * first, drain=False, **changes)


def reads(*words, **changes):
    """A record that reads words at these steps: (word, steps before)."""
    (word, before), = words
    return Lookup((Loop(before + 1, True, index=1),), index=word - before, to_output=True, drain=False, **changes)


def reads_late(word, before):
    """A record that reads word 255 for `before` steps, then another."""
    return Lookup((Loop(2, True, index=word - 255), Loop(before, True)), index=255, to_output=True, drain=False)


def out(count, steps=1):
    """A record that sends `count` rows to the host."""
    return Lookup((Loop(count), Loop(steps, True)), index=255, to_output=True, drain=False)


def needs(*records):
    """Which of the records need drain; the first is drained, as the end of a pass is not looked at here."""
    first, *rest = records
    program = Program((EncodeInput(1, 1), replace(first, drain=True), *rest))
    return needs_drain(program, WINDOWS, CORE)[2:]


# -- by time ---------------------------------------------------------------------------------------------------------
def test_the_next_word_read_at_once_needs_drain():
    assert needs(rows(1, 100), reads((100, 0))) == [True]
    assert needs(rows(20, 100), reads((119, 0))) == [True]


def test_another_word_does_not():
    assert needs(rows(1, 100), reads((101, 0))) == [False]
    assert needs(rows(1, 100), reads((99, 0))) == [False]


def test_a_word_read_when_it_has_arrived_by_time_does_not():
    late = LATENCY - LAUNCH_GAP - 1  # steps before it: the word is read `LATENCY` cycles behind the row's last step
    assert needs(rows(1, 100), reads((100, late))) == [False]
    assert needs(rows(1, 100), reads((100, late - 1))) == [True]


def test_rows_arrive_one_row_time_apart():
    late = LATENCY - LAUNCH_GAP - 1
    behind = 9 * (CORE.groups_per_row - 1)  # the tenth row waits for nine that took longer than a step
    assert needs(rows(10, 100), reads((109, late + behind))) == [False]
    assert needs(rows(10, 100), reads((109, late + behind - 1))) == [True]
    assert needs(rows(10, 100, steps=2), reads((109, late))) == [False]


def test_a_long_record_between_gives_time():
    assert needs(rows(1, 100), rows(1, 50, steps=LATENCY), reads((100, 0))) == [False, False]
    assert needs(rows(1, 100), rows(1, 50, steps=LATENCY - 10), reads((100, 0))) == [False, True]


def test_rows_that_are_encoded_several_times_arrive_later():
    late, again = LATENCY - LAUNCH_GAP - 1, {"encodings": 3, "encoding_stride": 50}
    for word in (100, 125):  # the second encoding's words lie 25 words further
        assert needs(rows(1, 100, **again), reads_late(word, late + 4)) == [False]
        assert needs(rows(1, 100, **again), reads_late(word, late + 3)) == [True]
    behind = 9 * (3 * CORE.groups_per_row - 1) + 4
    assert needs(rows(10, 100, **again), reads_late(109, late + behind)) == [False]
    assert needs(rows(10, 100, **again), reads_late(109, late + behind - 1)) == [True]


def test_rows_fall_behind_by_a_full_fifo_of_long_rows():
    steps, again = 15, {"encodings": 8, "encoding_stride": 0}  # a row takes 16 cycles, and comes after 15
    last = ROW_FIFO * 15 - 1
    needed = LATENCY - LAUNCH_GAP - 1 + 14 + last
    assert needs(rows(last + 1, 0, steps, **again), reads_late(last, needed - 1)) == [True]
    assert needs(rows(last + 1, 0, steps, **again), reads_late(last, needed)) == [False]


# -- by count --------------------------------------------------------------------------------------------------------
def test_rows_for_the_host_may_wait_and_hold_up_what_is_behind():
    assert needs(out(1), rows(1, 100, steps=LATENCY), reads((100, LATENCY))) == [False, True]


def test_when_a_full_fifo_of_rows_was_issued_the_row_is_out_of_it():
    def program(between):
        return out(1), rows(1, 100), rows(between, 50, steps=2), rows(1, 30, steps=LATENCY), reads((100, 0))

    assert needs(*program(ROW_FIFO)) == [False] * 4
    assert needs(*program(ROW_FIFO - 2)) == [False, False, False, True]


def test_rows_of_the_record_itself_count():
    def program(steps):
        own = Lookup((Loop(ROW_FIFO + steps, index=1),), index=100 - ROW_FIFO - steps + 1, to_output=True, drain=False)
        return out(1), rows(1, 100), own

    assert needs(*program(LATENCY)) == [False, False]
    assert needs(*program(LATENCY - 1)) == [False, True]


# -- values ----------------------------------------------------------------------------------------------------------
def values(count, **changes):
    return rows(count, 100, steps=60, **changes)


def test_values_are_added_some_rows_behind_those_that_stored_them():
    stored = values(1, store=0)
    apart = [values(VALUE_ROWS_APART, encode=False)] if VALUE_ROWS_APART else []
    assert needs(stored, values(1, residual=0)) == [True]
    assert needs(stored, values(1, residual=2)) == [False]
    assert needs(stored, values(1, residual=1)) == [True]  # a row is two groups
    assert needs(stored, *apart, values(1, residual=0)) == [False, False]
    few = values(VALUE_ROWS_APART - 1, encode=False)
    assert needs(stored, few, values(1, residual=0)) == [False, True]


# -- the end of a pass -----------------------------------------------------------------------------------------------
def test_the_end_of_a_pass_meets_its_beginning():
    first = reads((100, 0))
    program = Program((EncodeInput(1, 1), first, rows(1, 100)))
    assert needs_drain(program, WINDOWS, CORE) == [False, True, False]


def test_a_drained_record_forgets_what_came_before():
    assert needs(rows(1, 100), replace(rows(1, 50), drain=True), reads((100, 0))) == [False, False]


@pytest.mark.parametrize(("banks", "stages"), [((1, 1), 1), ((2, 2), 2), ((9, 4), 6)])
def test_stages_of_the_adder_tree(banks, stages):
    assert tree_stages(replace(TINY, ports=banks[0], blocks=banks[1])) == stages


# -- a simulation ----------------------------------------------------------------------------------------------------
class Pipeline:
    """Loop nest, row FIFO, requantisation: cycles at which rows arrive, with receivers that stall as they like."""

    def __init__(self, config, rng, stall):
        self.config, self.rng, self.stall = config, rng, stall
        self.now = 0
        self.left = []  # cycle at which each row has left the FIFO
        self.pending = {}  # index word -> cycle at which its newest row can be read
        self.stored = {}  # value group -> number of the row that stored it
        self.arrived = 0

    def run(self, record, windows):
        self.now += LAUNCH_GAP + int(self.rng.integers(0, 3))
        if record.drain:
            self.now = max(self.now, self.arrived)
            self.stored.clear()
        inner = np.arange(self.config.groups_per_row)
        for steps in walk(record, windows, self.config):
            for t in range(len(steps.first)):
                words = steps.words[t][steps.looked_up[t].any(axis=1)].tolist()
                if steps.last[t] and len(self.left) >= ROW_FIFO:  # no room: the nest waits
                    self.now = max(self.now, self.left[-ROW_FIFO])
                early = [word for word in words if self.pending.get(word, 0) > self.now]
                assert not early, f"word {early} is read at {self.now}, it arrives at {self.pending[early[0]]}"
                if steps.last[t]:
                    self._row(record, steps, t, inner)
                self.now += 1

    def _row(self, record, steps, t, inner):
        start = max(self.now + tree_stages(self.config), self.left[-1] if self.left else 0)
        if record.to_output and self.stall:
            start += int(self.rng.integers(0, 200)) * int(self.rng.integers(0, 2))
        time = row_cycles(record, bool(steps.pool_last[t]) and not record.to_output, self.config)
        self.left.append(start + time)
        arrives = start + write_latency(self.config) - tree_stages(self.config) + time - self.config.groups_per_row
        self.arrived = max(self.arrived, arrives)
        if record.to_output:
            return
        if record.residual is not None:
            for group in (steps.value_in[t] + inner).tolist():
                assert len(self.left) - self.stored.get(group, -99) > VALUE_ROWS_APART
        if steps.pool_last[t] and record.encode:
            _, groups = encoded(record, steps, np.arange(len(steps.last)) == t, self.config)
            for word in (groups.reshape(-1) // self.config.groups_per_word).tolist():
                self.pending[word] = arrives
        if steps.pool_last[t] and record.store is not None:
            for group in (steps.value_out[t] + inner).tolist():
                self.own.append((group, len(self.left)))


def simulate(config, program, windows, seed, stall):
    rng = np.random.default_rng(seed)
    pipeline = Pipeline(config, rng, stall)
    for _ in range(3):
        for record in program.lookups:
            pipeline.own = []
            pipeline.run(record, windows)
            pipeline.stored.update(pipeline.own)  # within a record, rows only replace what they have added


def with_least_drain(program, windows, config):
    """The program with `drain` only where it is needed."""
    bare = [replace(record, drain=False) if isinstance(record, Lookup) else record for record in program.records]
    needed = needs_drain(Program(tuple(bare)), windows, config)
    return Program((bare[0], *(replace(record, drain=need) for record, need in zip(bare[1:], needed[1:]))))


@given(data=st.data(), seed=SEEDS, stall=st.booleans())
@settings(max_examples=100)
def test_no_word_is_read_before_it_arrives(data, seed, stall):
    config = data.draw(configs())
    image = data.draw(memory_images(config))
    windows = window_arrays(image.windows)
    simulate(config, with_least_drain(image.program, windows, config), windows, seed, stall)


@given(data=st.data(), seed=SEEDS, stall=st.booleans())
@settings(max_examples=100)
def test_two_records_by_hand(data, seed, stall):
    count, steps = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 6))
    writer = rows(count, 100, steps, encodings=data.draw(st.integers(1, 8)))
    stride, own = data.draw(st.sampled_from((-1, 0, 1))), data.draw(st.integers(1, 40))
    start = 100 + data.draw(st.integers(0, count - 1)) + (own - 1 if stride < 0 else 0)
    reader = Lookup((Loop(own, data.draw(st.booleans()), index=stride), Loop(data.draw(st.integers(1, 4)), True)),
                    index=start, to_output=True, drain=False)
    between = data.draw(st.sampled_from(([], [out(1)], [out(20)], [rows(20, 20)])))
    program = with_least_drain(Program((EncodeInput(1, 1), writer, *between, reader)), WINDOWS, CORE)
    simulate(CORE, program, WINDOWS, seed, stall)


def test_the_simulation_finds_a_record_that_lacks_drain():
    program = Program((EncodeInput(1, 1), rows(3, 100), reads((102, 0))))
    with pytest.raises(AssertionError, match=r"word \[102\] is read at"):
        simulate(CORE, program, WINDOWS, 0, False)
