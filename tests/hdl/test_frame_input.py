import random
from dataclasses import replace

import numpy as np
import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import pack_frames
from lutdla.spec.program import EncodeInput, encode_record
from lutdla_hdl.frame_input import frame_input
from lutdla_hdl.interfaces import AxiStream, Groups, flag
from lutdla_hdl.record import Record
from tests.hdl.bench import Bench, set_record

BASE = CoreConfig(v=2, c=4, ports=1, blocks=4, lanes=4, encoders=1, index_words=16, codebook_rows=16)
SHAPES = {
    "4 groups a beat": {},
    "8 groups a beat": {"stream_bits": 128},
    "a group of 6 bytes a beat": {"v": 3, "encoders": 2, "lanes": 6},
    "2 groups of 3 bytes a beat": {"v": 3, "lanes": 6},
    "a group in 2 beats": {"v": 4, "encoders": 4, "lanes": 16},
    "a group of 12 bytes in 2 beats": {"v": 3, "encoders": 4, "lanes": 12},
    "a group of 64 bytes in 4 beats": {"v": 16, "encoders": 4, "lanes": 64, "stream_bits": 128},
}


@pytest.mark.parametrize("pause", [0.0, 0.6])
@pytest.mark.parametrize("groups", [1, 7, 8])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_frames_become_groups(shape, groups, pause):
    config, rng, images = replace(BASE, **shape), np.random.default_rng(groups), 3
    pauses = random.Random(groups)
    program = EncodeInput(groups=groups, codebooks=min(groups, 3), codebook=2, dest=5)
    values = rng.integers(-128, 128, (images, groups * config.group)).astype(np.int8)
    frames = pack_frames(values, groups, config)
    beats = [int.from_bytes(beat.tobytes(), "little") for frame in frames for beat in frame]
    clk, rst, stream, start = flag(), ResetSignal(1, active=0, isasync=False), AxiStream(config.stream_bits), flag()
    record, active, out, found = Record(config), flag(), Groups(config), []
    dut = frame_input(clk, rst, stream, start, record, active, out, config)
    with Bench(clk, dut, reset=rst) as bench:
        set_record(record, config, encode_record(program, False, config))
        waiting, offered, started, cycles = list(beats), False, 0, 0
        while len(found) < images * groups:
            cycles += 1
            assert cycles < 400, "frames are stuck"
            offered = offered or (bool(waiting) and pauses.random() >= pause)
            stream.tvalid.next = offered
            if offered:
                stream.tdata.next = waiting[0]
            begin = not active and not start and started < images and pauses.random() >= pause
            start.next = begin
            started += begin
            bench.settle()
            if out.valid:
                assert active
                found.append((int(out.data).to_bytes(config.group, "little"), int(out.codebook), int(out.dest)))
            taken = offered and bool(stream.tready)
            bench.step()
            if taken:
                waiting.pop(0)
                offered = False
        assert not active
        assert not waiting
        if not pause:  # a group a cycle while beats are there
            assert cycles <= images * (max(groups, frames.shape[1]) + 3)
    expected = [
        (values[i, g * config.group : (g + 1) * config.group].tobytes(), program.codebook + g % program.codebooks,
         program.dest + g)
        for i in range(images) for g in range(groups)
    ]  # fmt: skip
    assert found == expected
