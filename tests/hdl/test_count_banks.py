import random

import pytest
from myhdl import ResetSignal, block

from lutdla_hdl.count_banks import count_banks, latency
from lutdla_hdl.interfaces import bits, flag, named
from tests.hdl.replay import RecordedBench, assert_verilog_agrees, cut


@block
def flat(clk, rst, valid, active, inside, counted, lookups, padding, ports, blocks):
    """Lists of signals cannot be ports of a converted block: here they are slices."""
    masks = [bits(blocks) for _ in range(ports)]
    cuts = [named(cut(active(blocks * (p + 1), blocks * p), masks[p]), f"cut{p}") for p in range(ports)]
    flags = [inside(p) for p in range(ports)]
    count = named(count_banks(clk, rst, valid, masks, flags, counted, lookups, padding), "count")
    return cuts, count


def make(ports, blocks):
    clk, rst, valid = flag(), ResetSignal(1, active=0, isasync=False), flag()
    active, inside, counted = bits(ports * blocks), bits(ports), flag()
    lookups, padding = (bits((ports * blocks).bit_length()) for _ in range(2))
    made = flat(clk, rst, valid, active, inside, counted, lookups, padding, ports, blocks)
    return made, clk, {"rst": rst, "valid": valid, "active": active, "inside": inside}, {
        "counted": counted, "lookups": lookups, "padding": padding}  # fmt: skip


@pytest.mark.parametrize(("ports", "blocks"), [(1, 1), (1, 4), (2, 1), (3, 2), (9, 4)])
def test_banks_looked_up_and_padded_are_counted(ports, blocks, tmp_path):
    rng, late = random.Random(ports), latency(ports)
    made, clk, inputs, outputs = make(ports, blocks)
    most = (1 << ports * blocks) - 1
    steps = [(True, most, (1 << ports) - 1), (True, most, 0), (True, 0, 0)]
    steps += [(rng.random() < 0.7, rng.randint(0, most), rng.getrandbits(ports)) for _ in range(60)]
    with RecordedBench(clk, made, inputs, outputs, reset=inputs["rst"]) as bench:
        for i in range(len(steps) + late):
            valid, active, inside = steps[i] if i < len(steps) else (False, 0, 0)
            inputs["valid"].next, inputs["active"].next, inputs["inside"].next = valid, active, inside
            bench.step()
            k = i + 1 - late
            assert bool(outputs["counted"]) == (0 <= k < len(steps) and steps[k][0])
            if 0 <= k < len(steps):
                _, active, inside = steps[k]
                ones = [(active >> blocks * p & ((1 << blocks) - 1)).bit_count() for p in range(ports)]
                assert int(outputs["lookups"]) == sum(n for p, n in enumerate(ones) if inside >> p & 1)
                assert int(outputs["padding"]) == sum(n for p, n in enumerate(ones) if not inside >> p & 1)
    assert_verilog_agrees(bench, make(ports, blocks)[0], tmp_path,
                          lambda row: outputs if row["counted"] else ("counted",))  # fmt: skip
