import random
from dataclasses import replace

import numpy as np
import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla_hdl.frame_output import frame_output
from lutdla_hdl.interfaces import AxiStream, Rows, flag
from tests.hdl.bench import Bench, pack

BASE = CoreConfig(v=2, c=4, ports=1, blocks=1, lanes=4, encoders=1, acc_bits=12)
SHAPES = [{}, {"lanes": 2}, {"acc_bits": 24, "stream_bits": 128, "lanes": 8}, {"acc_bits": 32, "lanes": 6}]


@pytest.mark.parametrize("ready", [1.0, 0.4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_become_beats(shape, ready):
    config, rng, pauses = replace(BASE, **shape), np.random.default_rng(3), random.Random(3)
    clk, rst, rows = flag(), ResetSignal(1, active=0, isasync=False), Rows(config)
    enable, pop, stream = flag(), flag(), AxiStream(config.stream_bits)
    limit = 1 << (config.acc_bits - 1)
    # only the closing row of the run ends the frame
    sent = [(rng.integers(-limit, limit, config.lanes), i == 8) for i in range(9)]
    sent[0][0][:2] = -limit, limit - 1
    found, lasts, cycles = [], [], 0
    with Bench(clk, frame_output(clk, rst, rows, enable, pop, stream, config), reset=rst) as bench:
        waiting, held = list(sent), None
        while len(found) < len(sent) * config.beats_per_row:
            cycles += 1
            assert cycles < 400, "rows are stuck"
            flows = bool(waiting) and pauses.random() < max(ready, 0.6)
            rows.valid.next, enable.next = bool(waiting), flows
            if waiting:
                rows.data.next = pack(waiting[0][0], config.acc_bits)
                rows.closing.next = waiting[0][1]
            stream.tready.next = pauses.random() < ready
            bench.settle()
            if held is not None:  # AXI: a beat on offer stays as it is until it is taken
                assert (bool(stream.tvalid), int(stream.tdata), bool(stream.tlast)) == held
            held = None
            if stream.tvalid and stream.tready:
                found.append(int(stream.tdata).to_bytes(config.stream_bytes, "little"))
                lasts.append(bool(stream.tlast))
            elif stream.tvalid:
                held = True, int(stream.tdata), bool(stream.tlast)
            popped = bool(pop)
            bench.step()
            if popped:
                waiting.pop(0)
        assert not waiting
        if ready == 1.0:  # a beat a cycle
            assert cycles <= len(found) + 2
    assert np.frombuffer(b"".join(found), "<i4").tolist() == np.concatenate([row for row, _ in sent]).tolist()
    assert lasts == [False] * (len(lasts) - 1) + [True]


def test_nothing_is_sent_unless_enabled():
    clk, rst, rows = flag(), ResetSignal(1, active=0, isasync=False), Rows(BASE)
    enable, pop, stream = flag(), flag(), AxiStream(64)
    with Bench(clk, frame_output(clk, rst, rows, enable, pop, stream, BASE), reset=rst) as bench:
        rows.valid.next = stream.tready.next = True
        for _ in range(5):
            bench.step()
            assert not stream.tvalid
            assert not pop
