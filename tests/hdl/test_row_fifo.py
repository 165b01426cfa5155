import random
from collections import deque
from dataclasses import replace

import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import Rows, bits, flag
from lutdla_hdl.row_fifo import ROW_FIFO, row_fifo
from tests.hdl.bench import Bench

CONFIG = CoreConfig(v=1, c=2, ports=1, blocks=1, lanes=2, encoders=1, acc_bits=12)


def make(config):
    clk, rst, push, rows = flag(), ResetSignal(1, active=0, isasync=False), flag(), Rows(config)
    inputs = bits(len(rows.data)), bits(len(rows.channel)), bits(len(rows.dest)), flag()
    return clk, rst, push, inputs, rows, row_fifo(clk, rst, push, *inputs, rows, config)


@pytest.mark.parametrize(("fill", "drain"), [(0.5, 0.5), (0.9, 0.3), (0.3, 0.9), (1.0, 1.0)])
def test_rows_come_out_in_order(fill, drain):
    rng = random.Random(f"{fill} {drain}")
    clk, rst, push, inputs, rows, dut = make(replace(CONFIG, index_words=16))
    queue, fullest = deque(), 0
    with Bench(clk, dut, reset=rst) as bench:
        for _ in range(200):
            assert bool(rows.valid) == bool(queue)
            if queue:
                found = int(rows.data), int(rows.channel), int(rows.dest), int(rows.closing)
                assert found == queue[0]
            pop = bool(queue) and rng.random() < drain
            pushed = rng.random() < fill and len(queue) < ROW_FIFO
            row = tuple(rng.getrandbits(len(signal)) for signal in inputs)
            push.next, rows.pop.next = pushed, pop
            for signal, value in zip(inputs, row):
                signal.next = value
            bench.step()
            if pop:
                queue.popleft()
            if pushed:
                queue.append(row)
            fullest = max(fullest, len(queue))
    if (fill, drain) == (0.9, 0.3):
        assert fullest == ROW_FIFO


def test_reset_empties_it():
    clk, rst, push, inputs, rows, dut = make(CONFIG)
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
        push.next, inputs[0].next = True, 5
        bench.step()
        assert rows.valid
        assert int(rows.data) == 5
