import random
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from myhdl import ResetSignal, block

from lutdla import reference
from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import VALUE_ROWS_APART
from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX, MemoryImage
from lutdla.spec.program import Program
from lutdla_hdl.interfaces import Groups, LoadBus, Rows, Tail, bits, flag, named
from lutdla_hdl.requantize import CLAMP_AT, LATENCY, RESIDUAL_AT, requantize
from lutdla_hdl.requantize_lane import requantize_lane
from tests.hdl.bench import Bench, load_words, pack, signed, unpack
from tests.hdl.replay import RecordedBench, assert_verilog_agrees, ports, relay

BASE = CoreConfig(v=2, c=4, ports=1, blocks=2, lanes=4, encoders=1, index_words=64, constant_rows=16, codebook_rows=16,
                  value_rows=32)  # fmt: skip
BIAS = 1 << (BIAS_BITS - 1)


@st.composite
def channels(draw, acc_bits):
    """acc, mult, bias, shift, residual, with the extremes likely."""
    limit = 1 << (acc_bits - 1)
    return tuple(
        draw(st.one_of(st.sampled_from((low, high)), st.integers(low, high)))
        for low, high in ((-limit, limit - 1), (0, (1 << 15) - 1), (-BIAS, BIAS - 1), (0, SHIFT_MAX), (-128, 127))
    )


def near_the_clamp(rng, acc_bits, count):
    """Sets whose result lies around the clamp and around every saturation of the shifter."""
    made, limit = [], 1 << (acc_bits - 1)
    while len(made) < count:
        shift, mult = int(rng.integers(SHIFT_MAX + 1)), int(rng.integers(1 << 15))
        acc = int(rng.integers(-limit, limit))
        wanted = int(rng.choice((-257, -256, -255, -129, -128, -1, 0, 127, 128, 254, 255, 256, 257)))
        bias = (wanted << shift) - acc * mult + int(rng.integers(-1, 2))
        if -BIAS <= bias < BIAS:
            made.append((acc, mult, bias, shift, int(rng.integers(-128, 128))))
    return made


@pytest.mark.parametrize("acc_bits", [12, 24, 32])
@settings(max_examples=10)
@given(data=st.data(), clamp=st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(sorted),
       seed=st.integers(0, 1 << 32))  # fmt: skip
def test_a_lane_equals_the_reference_at_the_extremes(acc_bits, data, clamp, seed):
    limit, sets = 1 << (acc_bits - 1), data.draw(st.lists(channels(acc_bits), min_size=1, max_size=12))
    sets += [(a, m, b, s, r) for a in (-limit, limit - 1) for m in (0, 32767) for b in (-BIAS, BIAS - 1)
             for s in (0, 7, 15, 16, 31, 47) for r in (-128, 127)]  # fmt: skip
    sets += [(-1, 1, 0, 1, 0), (-3, 1, 1, 1, 0), (3, 1, 1, 1, 0)]  # rounding of negative numbers: to minus infinity
    sets += near_the_clamp(np.random.default_rng(seed), acc_bits, 150)
    clk, acc, mult, shift, bias, residual = flag(), bits(acc_bits), bits(16), bits(6), bits(40), bits(8)
    add, low, high, value = flag(), bits(8), bits(8), bits(8)
    seen, use, early = [], random.Random(1), RESIDUAL_AT - 1
    added = [use.random() < 0.7 for _ in sets]
    unit = requantize_lane(clk, acc, mult, shift, bias, residual, add, low, high, value, acc_bits)
    with Bench(clk, unit) as bench:
        low.next, high.next = (x & 0xFF for x in clamp)
        for i in range(len(sets) + CLAMP_AT - 1):
            a, m, b, s, _ = sets[i] if i < len(sets) else (0,) * 5
            acc.next, mult.next, bias.next, shift.next = a & ((1 << acc_bits) - 1), m, b & ((1 << 40) - 1), s
            if early <= i < len(sets) + early:
                residual.next, add.next = sets[i - early][4] & 0xFF, added[i - early]
            bench.step()
            seen.append(signed(value, 8))
    acc, mult, bias, shift, residual = np.array(sets, np.int64).T
    expected = reference.requantize(acc, mult, bias, shift, np.where(added, residual, 0), *clamp)
    assert seen[CLAMP_AT - 1 :] == expected.tolist()


# -- the whole block -----------------------------------------------------------------------------------------------


@block
def linked(clk, rst, load, rows, enable, pop, took, tail, groups, config):
    """The block, behind copies of its input interfaces (see `relay`)."""
    bus, head, fields = LoadBus(config), Rows(config), Tail(config)
    links = [named(relay(*pair), f"link{i}") for i, pair in enumerate(((load, bus), (rows, head), (tail, fields)))]
    unit = named(requantize(clk, rst, bus, head, enable, pop, took, fields, groups, config), "unit")
    return links, unit


def make(config):
    """A block with fresh signals, its inputs and outputs by port name."""
    s = SimpleNamespace(
        clk=flag(), rst=ResetSignal(1, active=0, isasync=False), load=LoadBus(config), rows=Rows(config), enable=flag(),
        pop=flag(), took=flag(), tail=Tail(config), groups=Groups(config),
    )  # fmt: skip
    s.block = linked(s.clk, s.rst, s.load, s.rows, s.enable, s.pop, s.took, s.tail, s.groups, config)
    s.inputs = {"rst": s.rst, "enable": s.enable}
    for name in ("load", "rows", "tail"):
        s.inputs |= ports(name, getattr(s, name))
    s.outputs = {"pop": s.pop, "took": s.took}
    s.outputs |= {f"groups_{n}": getattr(s.groups, n) for n in ("valid", "encode", "data", "codebook", "dest")}
    return s


def random_records(config, rng):
    """Rows of several records, in order: (tail, row) dicts. Records that store, then records that add, far apart."""
    groups, limit, made = config.groups_per_row, 1 << (config.acc_bits - 1), []
    for number in range(6):
        pool = 1 if number % 2 == 0 else 4
        count = 8 // groups * groups
        tail = {
            "residual": number > 0 and number % 3 != 1, "store": number % 2 == 0, "encode": number != 2,
            "low": int(rng.integers(-128, -60)), "high": int(rng.integers(60, 128)), "constant": int(rng.integers(3)),
            "codebook": int(rng.integers(3)), "dest": int(rng.integers(4)), "to_output": False,
            "value_in": 0, "value_out": 0, "encodings": (0, 1, 0, 2, 3, 0)[number],
            "codebooks": int(rng.integers(2)), "encoding_stride": int(rng.integers(9)),
        }  # fmt: skip
        for i in range(count * pool):
            row = {
                "data": rng.integers(-limit, limit, config.lanes), "channel": int(rng.integers(6)),
                "dest": i // pool * groups % 16, "pool_first": i % pool == 0, "pool_last": i % pool == pool - 1,
            }  # fmt: skip
            made.append((tail, row))
        made += [(tail | {"residual": False, "store": False, "encode": False, "encodings": 0},
                  {"data": rng.integers(-limit, limit, config.lanes), "channel": 0, "dest": 0, "pool_first": True,
                   "pool_last": True})] * VALUE_ROWS_APART  # fmt: skip
    return made


def expected_groups(config, image, work):
    """What must come out: (encode, values, codebook, dest), by the reference's rules."""
    values, held = np.zeros((config.value_rows, config.group), np.int64), [None] * config.groups_per_row
    for tail, row in work:
        replaced = []
        for g, acc in enumerate(row["data"].reshape(config.groups_per_row, config.group)):
            at, dest = tail["constant"] + row["channel"] + g, row["dest"] + g
            added = values[tail["value_in"] + dest] if tail["residual"] else 0
            x = reference.requantize(acc, image.mult[at], image.bias[at], image.shift[at], added, tail["low"],
                                     tail["high"])  # fmt: skip
            held[g] = x if row["pool_first"] else np.maximum(held[g], x)
            replaced.append((tail["value_out"] + dest, held[g]))
        for i, g in product(range(1 + row["pool_last"] * tail.get("encodings", 0)), range(config.groups_per_row)):
            codebook = tail["codebook"] + row["channel"] + g + i * tail.get("codebooks", 0)
            dest = tail["dest"] + row["dest"] + g + i * tail.get("encoding_stride", 0)
            yield row["pool_last"] and tail["encode"], held[g].tolist(), codebook, dest
        if row["pool_last"] and tail["store"]:
            for at, value in replaced:
                values[at] = value


def drive(s, bench, config, image, work, pauses, always=False):
    """Offer rows, with pauses; check handshakes and latency; the groups that came out."""
    load_words(bench, s.load, config, "constant", image.words("constant", config))
    found, entered, now, waiting = [], [], 0, list(work)
    while waiting or now < entered[-1] + LATENCY:
        ready = bool(waiting) and (always or pauses.random() < 0.7)
        s.rows.valid.next, s.enable.next = bool(waiting), ready
        tail, row = waiting[0] if waiting else (dict.fromkeys(work[0][0], 1), {})  # the next record's, or noise
        for name, value in tail.items():
            getattr(s.tail, name).next = value & 0xFF if name in ("low", "high") else value
        for name, value in row.items():
            getattr(s.rows, name).next = pack(value, config.acc_bits) if name == "data" else value
        bench.settle()
        assert bool(s.took) == ready
        if s.took:
            entered.append(now)
        popped = bool(s.pop)
        bench.step()
        now += 1
        if popped:
            waiting.pop(0)
        assert bool(s.groups.valid) == (now - LATENCY in entered)
        if s.groups.valid:
            found.append((bool(s.groups.encode), unpack(s.groups.data, 8, config.group), int(s.groups.codebook),
                          int(s.groups.dest)))  # fmt: skip
    return found


def constants(config, rng):
    shape = config.constant_rows, config.group
    mult, shift = rng.integers(0, 1 << 15, shape), rng.integers(18, 32, shape)
    bias = rng.integers(-BIAS >> 12, BIAS >> 12, shape)
    return MemoryImage(Program(), np.zeros(0, np.int8), np.zeros(0, np.int8), mult, bias, shift, ())


SHAPES = [{}, {"encoders": 2, "lanes": 8}, {"v": 4, "lanes": 4}, {"stream_bits": 128},
          {"v": 3, "lanes": 12, "stream_bits": 128}]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=2)
@given(seed=st.integers(0, 1 << 32))
@example(seed=0)
def test_rows_become_groups(shape, seed):
    config, rng = replace(BASE, **shape), np.random.default_rng(seed)
    image, work, s = constants(config, rng), random_records(config, rng), make(config)
    with Bench(s.clk, s.block, reset=s.rst) as bench:
        found = drive(s, bench, config, image, work, random.Random(seed))
    assert found == list(expected_groups(config, image, work))


@pytest.mark.parametrize("shape", [{"v": 4, "lanes": 4}, {"encoders": 2, "lanes": 8}], ids=["one group", "two groups"])
def test_verilog_gives_the_same_groups(shape, tmp_path):
    config, rng = replace(BASE, **shape), np.random.default_rng(7)
    image, work, s = constants(config, rng), random_records(config, rng), make(config)
    with RecordedBench(s.clk, s.block, s.inputs, s.outputs, reset=s.rst) as bench:
        found = drive(s, bench, config, image, work, random.Random(7))
    assert found == list(expected_groups(config, image, work))

    def valid(row):
        return s.outputs if row["groups_valid"] else ("pop", "took", "groups_valid")

    assert_verilog_agrees(bench, make(config).block, tmp_path, valid)


@pytest.mark.parametrize("apart", [VALUE_ROWS_APART + 1, 5])
def test_values_are_there_as_soon_as_the_contract_lets_rows_add_them(apart):
    # rows follow each other without a pause; 5 is the hardware's own limit, the contract asks for more
    config, rng = replace(BASE, v=4, lanes=4), np.random.default_rng(3)
    image, s, limit = constants(config, rng), make(config), 1 << (BASE.acc_bits - 1)
    tail = {"residual": False, "store": True, "encode": True, "low": -128, "high": 127, "constant": 0, "codebook": 0,
            "dest": 0, "to_output": False, "value_in": 3, "value_out": 3}  # fmt: skip
    work = []
    for i in range(2 * apart):
        row = {"data": rng.integers(-limit, limit, 4), "channel": 0, "dest": i % apart, "pool_first": True,
               "pool_last": True}  # fmt: skip
        work.append((tail | {"residual": i >= apart, "store": i < apart}, row))
    with Bench(s.clk, s.block, reset=s.rst) as bench:
        found = drive(s, bench, config, image, work, random.Random(0), always=True)
    assert found == list(expected_groups(config, image, work))


def test_a_row_may_replace_what_it_adds():
    config, rng = replace(BASE, encoders=2, lanes=8), np.random.default_rng(5)
    image, s, limit = constants(config, rng), make(config), 1 << (BASE.acc_bits - 1)
    tail = {"residual": False, "store": True, "encode": True, "low": -128, "high": 127, "constant": 0, "codebook": 0,
            "dest": 0, "to_output": False, "value_in": 5, "value_out": 5, "codebooks": 1,
            "encoding_stride": 2}  # fmt: skip
    work = [
        (tail | {"residual": i >= 10, "encodings": i // 7},
         {"data": rng.integers(-limit, limit, 8), "channel": 0, "dest": 2 * (i % 10), "pool_first": True,
          "pool_last": True})
        for i in range(30)
    ]  # fmt: skip
    with Bench(s.clk, s.block, reset=s.rst) as bench:
        found = drive(s, bench, config, image, work, random.Random(5), always=True)
    assert found == list(expected_groups(config, image, work))


def test_values_are_added_from_one_place_and_stored_in_another():
    config, rng = replace(BASE, v=4, lanes=4), np.random.default_rng(4)
    image, s, limit, count = constants(config, rng), make(config), 1 << (BASE.acc_bits - 1), VALUE_ROWS_APART + 1
    tail = {"residual": True, "store": True, "encode": True, "low": -128, "high": 127, "constant": 0, "codebook": 0,
            "dest": 0, "to_output": False}  # fmt: skip
    records = [tail | {"residual": False, "value_in": 0, "value_out": 20}, tail | {"value_in": 20, "value_out": 2},
               tail | {"store": False, "value_in": 2, "value_out": 0}]  # fmt: skip
    work = [(record, {"data": rng.integers(-limit, limit, 4), "channel": 0, "dest": i, "pool_first": True,
                      "pool_last": True}) for record in records for i in range(count)]  # fmt: skip
    with Bench(s.clk, s.block, reset=s.rst) as bench:
        found = drive(s, bench, config, image, work, random.Random(4), always=True)
    assert found == list(expected_groups(config, image, work))
