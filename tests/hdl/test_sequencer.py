"""The sequencer alone, before a loop nest, a row FIFO and encoders that take their time."""

import random
from collections import deque
from dataclasses import dataclass, replace

import pytest
from myhdl import ResetSignal

from lutdla.spec.hazards import LAUNCH_GAP, ROW_FIFO
from lutdla.spec.program import EncodeInput, Lookup, Loop, encode_record
from lutdla_hdl.interfaces import bits, flag
from lutdla_hdl.loop_nest import Step
from lutdla_hdl.record import Record
from lutdla_hdl.sequencer import Run, sequencer
from tests.hdl.bench import Bench, set_record
from tests.strategies import TINY

STALLS = ("stall_input", "stall_tables", "stall_drain", "stall_encoder")


@dataclass(frozen=True)
class Pace:
    """Probabilities, in a cycle, that a row leaves, a group arrives, a frame or a piece comes, a result is taken, the
    queue of records is full."""

    rows: float = 0.5
    groups: float = 0.5
    comes: float = 0.3
    taken: float = 0.5
    tails_full: float = 0.2


class Engine:
    """The block, and around it what it waits for. A row leaves as one group, which arrives later, and as a result.

    `launched`: rows of the program in the order in which they began. `passes`: images of each pass.
    """

    def __init__(self, lookups, pace, seed=0):
        self.random, self.pace, self.lookups = random.Random(seed), pace, lookups
        records = [EncodeInput(1, 1), *lookups]
        self.bytes = [encode_record(record, i == len(lookups), TINY) for i, record in enumerate(records)]
        self.clk, self.rst = flag(), ResetSignal(1, active=0, isasync=False)
        self.run, self.record, self.step = Run(), Record(TINY), Step(TINY)
        self.pc, self.row, self.fetch, self.start_nest = bits(3), bits(3), flag(), flag()
        self.tails_full, self.pop, self.enter, self.leave, self.waits = flag(), flag(), flag(), flag(), flag()
        self.profile_row, self.profile_cycles = bits(8), bits(32)
        self.rows = self.groups = self.frames = self.pieces = 0
        self.launching, self.result, self.busy, self.done, self.fullest = None, False, 0, 0, 0
        self.launched, self.passes, self.closed, self.work = [], [], [], deque()
        self.stalls, self.freed = dict.fromkeys(STALLS, 0), {"input": 0, "tables": 0}
        dut = sequencer(
            self.clk, self.rst, self.run, self.pc, self.row, self.fetch, self.record, self.start_nest, self.step,
            self.tails_full, self.pop, self.enter, self.leave, self.waits, self.profile_row, self.profile_cycles, TINY,
        )  # fmt: skip
        self.bench = Bench(self.clk, dut, reset=self.rst)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.bench.__exit__(*arguments)

    def happens(self, share):
        return self.random.random() < share

    def cycle(self, start=0):
        """One clock; `start`: begin a run of so many images."""
        run, step, pace = self.run, self.step, self.pace
        run.start.next, run.images.next = bool(start), start
        ready = {"input": self.frames > 0, "tables": self.pieces > 0}
        run.frame_ready.next, run.piece_ready.next = ready["input"], ready["tables"]
        self.tails_full.next = full = self.happens(pace.tails_full)
        step.valid.next = bool(self.work)
        step.last.next, step.closing.next = self.work[0] if self.work else (False, False)
        self.pop.next = pop = self.rows > 0 and self.happens(pace.rows)
        self.enter.next = pop
        self.leave.next = leave = self.groups > 0 and self.happens(pace.groups)
        self.waits.next = self.result
        self.bench.settle()
        self.busy += bool(run.busy)
        self.done += bool(run.done)
        self._check_launch(ready, full)
        ends = self._check_step()
        for name, freed in (("input", run.free_input), ("tables", run.free_tables)):
            assert bool(freed) == (ends is not None and getattr(ends, f"free_{name}")), f"{name} is freed"
            self.freed[name] += bool(freed)
        if run.pass_done:
            self.passes.append(int(run.pass_images))
        fetched = int(self.pc) if self.fetch else None
        self.result = pop or (self.result and not self.happens(pace.taken))
        self.bench.step()
        self.rows -= pop
        self.groups += pop - leave
        if fetched is not None:
            set_record(self.record, TINY, self.bytes[fetched])
            self.launching = fetched or None  # record 0 is read, not launched
        self.frames += self.happens(pace.comes) and not self.frames
        self.pieces += self.happens(pace.comes) and self.pieces < 2

    def _check_launch(self, ready, full):
        """A record begins when all that it names is there, and whatever is missing is counted, one thing a cycle."""
        run, record = self.run, self.lookups[self.launching - 1] if self.launching else None
        missing = [name for name in ("input", "tables")
                   if record is not None and getattr(record, f"wait_{name}") and not ready[name]]
        under_way = record is not None and record.drain and self.rows + self.groups > 0
        begins = record is not None and not missing and not under_way and not full
        assert bool(self.start_nest) == begins
        assert bool(run.take_input) == (begins and record.wait_input)
        stalls = dict.fromkeys(STALLS, False)
        if record is not None and not begins:
            stalls[f"stall_{missing[0]}" if missing else "stall_drain"] = True
        no_room = bool(self.work) and self.work[0][0] and self.rows == ROW_FIFO
        stalls["stall_encoder"] = no_room
        assert {name: bool(getattr(run, name)) for name in STALLS} == stalls
        for name in STALLS:
            self.stalls[name] += stalls[name]
        if begins:
            assert int(self.row) == self.launching
            self.launched.append(self.launching)
            self.frames -= record.wait_input
            self.pieces -= record.wait_tables
            ends = range(1, record.steps() + 1)
            every = record.steps() // record.rows() if record.finish else 0
            self.starting = deque((bool(every) and k % every == 0, k == record.steps()) for k in ends)
            self.current, self.launching = record, None
        else:
            self.starting = None

    def _check_step(self):
        """A step is taken unless it finishes a row for which there is no room; the record that ends, or None."""
        ends = None
        if self.work:
            last, closing = self.work[0]
            taken = not last or self.rows < ROW_FIFO
            assert bool(self.step.take) == taken
            if taken:
                self.work.popleft()
                self.rows += last
                self.fullest = max(self.fullest, self.rows)
                if closing:
                    ends = self.current
                    self.closed.append(bool(self.run.closing))
        if self.starting:
            self.work = self.starting
        return ends

    def go(self, images):
        """A whole run."""
        self.cycle(start=images)
        for _ in range(3000):
            self.cycle()
            if not self.run.busy:
                break
        else:
            raise AssertionError(f"the run does not end: {self.launched}")
        assert self.rows + self.groups == 0, "the run ended with rows under way"
        assert not self.result, "the run ended before its results were taken"
        self.cycle()

    def profile(self):
        """Cycles of every record."""
        found = []
        for row in range(len(self.bytes)):
            self.profile_row.next = row
            self.bench.step(2)
            found.append(int(self.profile_cycles))
        return found


def lookup(*counts, **flags):
    return Lookup(tuple(Loop(count, reduce=i == 1) for i, count in enumerate(counts)), **({"drain": False} | flags))


ONE = [lookup(3, 2, wait_input=True), lookup(2, drain=True), lookup(4, to_output=True, free_input=True)]
TWO = [lookup(3, wait_input=True, wait_tables=True), lookup(2, free_input=True, free_tables=True),
       lookup(5, wait_tables=True, wait_input=True, finish=False), lookup(2, free_input=True, drain=True),
       lookup(1, free_tables=True, to_output=True)]  # fmt: skip
MANY = [lookup(40, wait_input=True, free_input=True), lookup(30, drain=True), lookup(50, to_output=True)]
PROGRAMS = {"one image a pass": (ONE, 1), "two images a pass": (TWO, 2), "more rows than the FIFO holds": (MANY, 1)}
PACES = {"fast": Pace(1.0, 1.0, 1.0, 1.0, 0.0), "uneven": Pace(), "slow rows": Pace(0.2, 0.9),
         "slow encoders": Pace(0.9, 0.2), "slow stream": Pace(0.9, 0.9, 0.05, 0.1)}  # fmt: skip


@pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
@pytest.mark.parametrize(("lookups", "images"), PROGRAMS.values(), ids=PROGRAMS)
def test_records_run_in_order_when_what_they_wait_for_is_there(lookups, images, pace):
    with Engine(lookups, pace) as engine:
        for passes in (3, 1):  # the second run begins like the first
            engine.go(images * passes)
            once = list(range(1, len(lookups) + 1))
            assert engine.launched == once * passes
            assert engine.passes == [images] * passes
            assert engine.closed == [False] * (len(once) * passes - 1) + [True]
            assert engine.done == 1
            assert engine.freed == {"input": images * passes,
                                    "tables": passes * sum(record.free_tables for record in lookups)}  # fmt: skip
            engine.launched, engine.passes, engine.closed, engine.done = [], [], [], 0
            engine.freed = dict.fromkeys(engine.freed, 0)
        if lookups is MANY and pace.rows < 0.5:
            assert engine.fullest == ROW_FIFO
            assert engine.stalls["stall_encoder"] > 0


@pytest.mark.parametrize("pace", ["fast", "uneven"])
def test_the_profile_counts_every_cycle_of_a_pass_once(pace):
    with Engine(ONE, PACES[pace]) as engine:
        engine.go(1)
        busy, stalls, cycles = engine.busy, dict(engine.stalls), engine.profile()
        assert sum(cycles) == busy
        assert cycles[0] == 2  # read record 0, show it
        waits = stalls["stall_input"] + stalls["stall_tables"] + stalls["stall_drain"]
        assert sum(cycles[1:3]) <= sum(LAUNCH_GAP + record.steps() for record in ONE[:2]) + waits
        assert all(taken >= LAUNCH_GAP + record.steps() for taken, record in zip(cycles[1:], ONE))


def test_a_reset_ends_a_run():
    with Engine([replace(ONE[0], free_input=True, to_output=True)], Pace(comes=0.0)) as engine:
        engine.cycle(start=1)
        for _ in range(5):
            engine.cycle()
        assert engine.run.busy
        engine.rst.next = 0
        engine.bench.step()
        engine.rst.next = 1
        engine.bench.step()
        assert not engine.run.busy
        engine.launching, engine.pace = None, Pace()
        engine.go(1)
        assert engine.launched == [1]
