import random
from collections import deque
from dataclasses import replace

import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import ROW_FIFO
from lutdla.spec.program import Lookup, Loop, encode_record
from lutdla_hdl.interfaces import Rows, Tail, bits, flag
from lutdla_hdl.record import Record
from lutdla_hdl.row_fifo import RECORDS, row_fifo, tail_queue
from tests.hdl.bench import Bench, set_record

ADDRESSES = ("constant", "codebook", "codebooks", "dest", "encoding_stride")
CONFIG = CoreConfig(v=1, c=2, ports=1, blocks=1, lanes=2, encoders=1, acc_bits=12)


def make(config):
    clk, rst, push, rows = flag(), ResetSignal(1, active=0, isasync=False), flag(), Rows(config)
    totals, beside = bits(len(rows.data)), bits(len(rows.channel) + len(rows.dest) + 4)
    return clk, rst, push, totals, beside, rows, row_fifo(clk, rst, push, totals, beside, rows, config)


def head(rows):
    """What is beside the row at the head, as it was pushed."""
    word, at = 0, 0
    for signal in (rows.channel, rows.dest, rows.pool_first, rows.pool_last, rows.ending, rows.closing):
        word |= int(signal) << at
        at += len(signal)
    return int(rows.data), word


@pytest.mark.parametrize(("fill", "drain"), [(0.5, 0.5), (0.9, 0.3), (0.3, 0.9), (1.0, 1.0)])
def test_rows_come_out_in_order(fill, drain):
    rng = random.Random(f"{fill} {drain}")
    clk, rst, push, totals, beside, rows, dut = make(replace(CONFIG, index_words=16))
    queue, fullest = deque(), 0
    with Bench(clk, dut, reset=rst) as bench:
        for _ in range(200):
            assert bool(rows.valid) == bool(queue)
            if queue:
                assert head(rows) == queue[0]
            pop = bool(queue) and rng.random() < drain
            pushed = rng.random() < fill and len(queue) < ROW_FIFO
            row = rng.getrandbits(len(totals)), rng.getrandbits(len(beside))
            push.next, rows.pop.next = pushed, pop
            totals.next, beside.next = row
            bench.step()
            if pop:
                queue.popleft()
            if pushed:
                queue.append(row)
            fullest = max(fullest, len(queue))
    if (fill, drain) == (0.9, 0.3):
        assert fullest == ROW_FIFO


def test_each_row_meets_what_its_record_says():
    rng, config = random.Random(1), CONFIG
    clk, rst, start, full = flag(), ResetSignal(1, active=0, isasync=False), flag(), flag()
    record, rows, tail, queue = Record(config), Rows(config), Tail(config), deque()
    with Bench(clk, tail_queue(clk, rst, start, record, rows, tail, full, config), reset=rst) as bench:
        for _ in range(300):
            assert bool(full) == (len(queue) == RECORDS)
            if queue:
                for name in ("to_output", "encode", "low", "high", *ADDRESSES):
                    width = len(getattr(tail, name))
                    assert int(getattr(tail, name)) == getattr(queue[0], name) % (1 << width), name
                assert bool(tail.residual) == (queue[0].residual is not None)
                assert bool(tail.store) == (queue[0].store is not None)
                assert (int(tail.value_in), int(tail.value_out)) == (queue[0].residual or 0, queue[0].store or 0)
                assert int(tail.encodings) == queue[0].encodings - 1
            places = [rng.choice((None, rng.randrange(1 << 16))) for _ in range(2)]
            flags = {name: rng.random() < 0.5 for name in ("to_output", "encode", "finish")}
            addresses = {name: rng.randrange(1 << 16) for name in ADDRESSES}
            program = Lookup((Loop(),), low=-rng.randrange(129), high=rng.randrange(128), residual=places[0],
                             store=places[1], encodings=rng.randrange(1, 9), **flags, **addresses)
            set_record(record, config, encode_record(program, True, config))
            begin = len(queue) < RECORDS and rng.random() < 0.5
            rows.pop.next = pop = bool(queue) and rng.random() < 0.6
            rows.ending.next = ending = rng.random() < 0.6
            start.next = begin
            bench.step()
            if pop and ending:
                queue.popleft()
            if begin and program.finish:  # a record that finishes no row has no row to meet
                queue.append(program)


def test_reset_empties_it():
    clk, rst, push, totals, _, rows, dut = make(CONFIG)
    with Bench(clk, dut, reset=rst) as bench:
        push.next = True
        bench.step(3)
        push.next = False
        assert rows.valid
        rst.next = 0
        bench.step()
        rst.next = 1
        bench.step()
        assert not rows.valid
        push.next, totals.next = True, 5
        bench.step()
        assert rows.valid
        assert int(rows.data) == 5
