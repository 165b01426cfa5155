import random

from hypothesis import given, settings
from hypothesis import strategies as st
from myhdl import ResetSignal

from lutdla.reference import steps
from lutdla.spec.config import LOOPS, STREAMS, CoreConfig
from lutdla.spec.program import Lookup, Loop, encode_record, increments, padded_loops
from lutdla_hdl.interfaces import flag
from lutdla_hdl.loop_nest import Step, loop_nest
from lutdla_hdl.record import Record
from tests.hdl.bench import Bench, set_record

CONFIG = CoreConfig(v=2, c=4, ports=2, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=16)

strides = st.integers(-300, 300)
loops = st.builds(
    Loop, count=st.integers(1, 3), reduce=st.booleans(), pool=st.booleans(), **dict.fromkeys(STREAMS, strides)
)
bases = st.integers(0, (1 << 16) - 1)
records = st.builds(
    Lookup, loops=st.lists(loops, min_size=1, max_size=LOOPS).map(tuple), begin=st.booleans(), finish=st.booleans(),
    index=bases, shortcut=bases, table=bases, window=bases, dest=bases,
)  # fmt: skip
BASED = ("index", "shortcut", "table", "window")
"""Addresses that the loop nest starts at the record's base."""


@given(records)
def test_increments_walk_the_addresses_of_the_reference(record):
    nest = padded_loops(record)
    counts = [loop.count for loop in nest]
    for stream in STREAMS:
        steps_up, address, at = increments(nest, stream), 0, [0] * LOOPS
        for step in steps(record):
            assert address == step.address[stream]
            moved = next((i for i in reversed(range(LOOPS)) if at[i] < counts[i] - 1), 0)
            at = [*at[:moved], at[moved] + 1, *[0] * (LOOPS - 1 - moved)]
            address += steps_up[moved]


@settings(max_examples=40)
@given(records, records, st.integers(0, 1000), st.sampled_from((0.0, 0.5)))
def test_nest_offers_the_steps_of_the_reference(first, second, seed, pause):
    rng = random.Random(seed)
    clk, rst, start = flag(), ResetSignal(1, active=0, isasync=False), flag()
    record, step = Record(CONFIG), Step(CONFIG)
    with Bench(clk, loop_nest(clk, rst, start, record, step), reset=rst) as bench:
        for program in (first, second):  # the second shows that nothing is left of the first
            set_record(record, CONFIG, encode_record(program, True, CONFIG))
            assert not step.valid
            start.next = True
            bench.step()
            start.next = False
            expected = list(steps(program))
            for number, wanted in enumerate(expected):
                while True:
                    assert step.valid
                    for stream in STREAMS:
                        signal = getattr(step, stream)
                        base = getattr(program, stream) if stream in BASED else 0
                        assert int(signal) == (wanted.address[stream] + base) % (1 << len(signal)), (number, stream)
                    found = [bool(getattr(step, name)) for name in ("first", "last", "closing")]
                    assert found == [wanted.first and program.begin, wanted.last and program.finish,
                                     number == len(expected) - 1]
                    if wanted.last and program.finish:
                        assert (bool(step.pool_first), bool(step.pool_last)) == (wanted.pool_first, wanted.pool_last)
                    take = rng.random() >= pause
                    step.take.next = take
                    bench.step()
                    if take:
                        break
            step.take.next = False
            assert not step.valid


def test_a_reset_withdraws_the_step():
    clk, rst, start = flag(), ResetSignal(1, active=0, isasync=False), flag()
    record, step = Record(CONFIG), Step(CONFIG)
    program = Lookup((Loop(4, index=1),))
    with Bench(clk, loop_nest(clk, rst, start, record, step), reset=rst) as bench:
        set_record(record, CONFIG, encode_record(program, True, CONFIG))
        start.next = True
        bench.step()
        start.next = False
        assert step.valid
        rst.next = 0
        bench.step()
        assert not step.valid
