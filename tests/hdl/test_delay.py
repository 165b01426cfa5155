import random

import pytest
from myhdl import ResetSignal

from lutdla_hdl.delay import delay, delay_flag
from lutdla_hdl.interfaces import bits, flag
from tests.hdl.bench import Bench


@pytest.mark.parametrize("cycles", [1, 2, 5])
@pytest.mark.parametrize("width", [2, 9, 70])
def test_values_come_out_that_many_cycles_later(cycles, width):
    rng = random.Random(cycles)
    clk, value, late = flag(), bits(width), bits(width)
    sent = [rng.getrandbits(width) for _ in range(20)]
    seen = []
    with Bench(clk, delay(clk, value, late, cycles)) as bench:
        for x in sent:
            value.next = x
            bench.step()
            seen.append(int(late))
    assert seen[cycles - 1 :] == sent[: len(sent) - cycles + 1]


@pytest.mark.parametrize("cycles", [1, 2, 5])
def test_flags_come_out_late_and_reset_clears_them(cycles):
    rng = random.Random(cycles)
    clk, rst, value, late = flag(), ResetSignal(1, active=0, isasync=False), flag(), flag()
    sent = [rng.random() < 0.5 for _ in range(20)]
    with Bench(clk, delay_flag(clk, rst, value, late, cycles), reset=rst) as bench:
        seen = []
        for x in sent:
            value.next = x
            bench.step()
            seen.append(bool(late))
        assert seen[: cycles - 1] == [False] * (cycles - 1)
        assert seen[cycles - 1 :] == sent[: len(sent) - cycles + 1]
        value.next = True
        bench.step(cycles)
        assert late
        rst.next = 0
        bench.step()
        assert not late
        rst.next, value.next = 1, False
        bench.step(cycles)
        assert not late  # nothing was left in the line
