import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from myhdl import ResetSignal

from lutdla import reference
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX, MemoryImage
from lutdla.spec.program import Lookup, Loop, Program, encode_record
from lutdla_hdl.interfaces import Groups, LoadBus, Rows, bits, flag
from lutdla_hdl.record import Record
from lutdla_hdl.requantize import LATENCY, requantize, requantize_lane
from tests.hdl.bench import Bench, load_words, pack, set_record, signed, unpack

BASE = CoreConfig(v=2, c=4, ports=1, blocks=2, lanes=4, encoders=1, index_words=16, constant_rows=16, codebook_rows=16)
BIAS = 1 << (BIAS_BITS - 1)


@st.composite
def channels(draw, acc_bits):
    """acc, mult, bias, shift, with the extremes likely."""
    limit = 1 << (acc_bits - 1)
    return tuple(
        draw(st.one_of(st.sampled_from((low, high)), st.integers(low, high)))
        for low, high in ((-limit, limit - 1), (0, (1 << 15) - 1), (-BIAS, BIAS - 1), (0, SHIFT_MAX))
    )


@pytest.mark.parametrize("acc_bits", [12, 24, 32])
@settings(max_examples=15)
@given(data=st.data(), clamp=st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(sorted))
def test_a_lane_equals_the_reference_at_the_extremes(acc_bits, data, clamp):
    limit, sets = 1 << (acc_bits - 1), data.draw(st.lists(channels(acc_bits), min_size=1, max_size=12))
    sets += [(a, m, b, s) for a in (-limit, limit - 1) for m in (0, 32767) for b in (-BIAS, BIAS - 1) for s in (0, 47)]
    sets += [(-1, 1, 0, 1), (-3, 1, 1, 1), (3, 1, 1, 1)]  # rounding of negative numbers: towards minus infinity
    clk, acc, mult, shift, bias = flag(), bits(acc_bits), bits(16), bits(6), bits(40)
    low, high, value = bits(8), bits(8), bits(8)
    seen = []
    with Bench(clk, requantize_lane(clk, acc, mult, shift, bias, low, high, value, acc_bits)) as bench:
        low.next, high.next = (x & 0xFF for x in clamp)
        for a, m, b, s in [*sets, *[(0, 0, 0, 0)] * 3]:
            acc.next, mult.next, bias.next, shift.next = a & ((1 << acc_bits) - 1), m, b & ((1 << 40) - 1), s
            bench.step()
            seen.append(signed(value, 8))
    columns = np.array(sets, np.int64).T
    assert seen[3:] == reference.requantize(*columns, *clamp).tolist()


@pytest.mark.parametrize("shape", [{}, {"encoders": 2, "lanes": 8}, {"v": 4, "lanes": 4}, {"stream_bits": 128},
                                   {"v": 3, "lanes": 12, "stream_bits": 128}])  # fmt: skip
@settings(max_examples=3)
@given(seed=st.integers(0, 1 << 32))
@example(seed=0)
def test_rows_become_groups(shape, seed):
    config, rng = replace(BASE, **shape), np.random.default_rng(seed)
    pauses, limit = random.Random(seed), 1 << (config.acc_bits - 1)
    shape = config.constant_rows, config.group
    mult, shift = rng.integers(0, 1 << 15, shape), rng.integers(10, 30, shape)
    bias = rng.integers(-BIAS >> 12, BIAS >> 12, shape)
    record = Lookup((Loop(),), (0,), 0, 1, constant=3, codebook=5, low=-100, high=90)
    image = MemoryImage(Program(), np.zeros(0, np.int8), np.zeros(0, np.int8), mult, bias, shift)
    rows = [(rng.integers(-limit, limit, config.lanes), int(rng.integers(6)), int(rng.integers(14))) for _ in range(12)]

    clk, rst, load, head = flag(), ResetSignal(1, active=0, isasync=False), LoadBus(config), Rows(config)
    enable, pop, took, fields, groups = flag(), flag(), flag(), Record(config), Groups(config)
    found, entered, expected = [], [], []
    with Bench(
        clk, requantize(clk, rst, load, head, enable, pop, took, fields, groups, config), reset=rst
    ) as bench:
        load_words(bench, load, config, "constant", image.words("constant", config))
        set_record(fields, config, encode_record(record, True, config))
        waiting, now = list(rows), 0
        while waiting or now < entered[-1] + LATENCY:
            ready = bool(waiting) and pauses.random() < 0.7
            head.valid.next, enable.next = bool(waiting), ready
            if waiting:
                head.data.next = pack(waiting[0][0], config.acc_bits)
                head.channel.next, head.dest.next = waiting[0][1:]
            bench.settle()
            assert bool(took) == ready
            if took:
                entered.append(now)
            popped = bool(pop)
            bench.step()
            now += 1
            if popped:
                waiting.pop(0)
            assert bool(groups.valid) == (now - LATENCY in entered)
            if groups.valid:
                found.append((unpack(groups.data, 8, config.group), int(groups.codebook), int(groups.dest)))
    for acc, channel, dest in rows:
        for g, part in enumerate(acc.reshape(config.groups_per_row, config.group)):
            at = record.constant + channel + g
            values = reference.requantize(part, mult[at], bias[at], shift[at], record.low, record.high)
            expected.append((values.tolist(), record.codebook + channel + g, dest + g))
    assert found == expected
