import random
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import pack_frames
from lutdla.spec.program import EncodeInput, encode_record, record_bytes
from lutdla_hdl.frame_input import frame_input
from lutdla_hdl.interfaces import AxiStream, Encoded, Groups, flag
from lutdla_hdl.record import Record
from lutdla_hdl.sequencer import Run
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


LATENCY = 4
"""Of the encoders that the test stands in for."""


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
    clk, rst, stream, hold = flag(), ResetSignal(1, active=0, isasync=False), AxiStream(config.stream_bits), flag()
    record, run, out, encoded, found = Record(config), Run(), Groups(config), Encoded(config), []
    dut = frame_input(clk, rst, stream, run, record, hold, encoded, out, config)
    with Bench(clk, dut, reset=rst) as bench:
        set_record(record, config, encode_record(program, False, config))
        run.images.next, run.start.next = images, True
        bench.step()
        run.start.next, run.set_input.next = False, True
        bench.step()
        run.set_input.next = False
        set_record(record, config, bytes(record_bytes(config)))  # it must have kept what it needs
        waiting, offered, frame, cycles, line = list(beats), False, 0, 0, deque([False] * LATENCY)
        in_use = False
        while frame < images:
            cycles += 1
            assert cycles < 400, "frames are stuck"
            offered = offered or (bool(waiting) and pauses.random() >= pause)
            stream.tvalid.next = offered
            if offered:
                stream.tdata.next = waiting[0]
            hold.next = held = pauses.random() < pause
            bench.settle()
            if out.valid:
                assert not held
                assert len(found) < (frame + 1) * groups, "the next frame began before its place was free"
                found.append((int(out.data).to_bytes(config.group, "little"), int(out.codebook), int(out.dest)))
            written = line.popleft()
            line.append(bool(out.valid))
            encoded.valid.next = written or held  # groups of others leave too
            encoded.from_input.next = written
            if run.frame_ready and not in_use:
                assert len(found) == (frame + 1) * groups
                assert not any(list(line)[:-1]), "ready before all was written"
            take = bool(run.frame_ready) and not in_use and pauses.random() >= pause
            run.take_input.next = take
            run.free_input.next = free = in_use and pauses.random() >= pause
            taken = offered and bool(stream.tready)
            bench.step()
            if take:
                in_use = True
            if free:
                in_use, frame = False, frame + 1
            if taken:
                waiting.pop(0)
                offered = False
        assert not waiting
        run.free_input.next = run.take_input.next = False
        bench.step(LATENCY + 2)
        assert not run.frame_ready
        if not pause:  # a group a cycle while beats are there
            assert cycles <= images * (max(groups, frames.shape[1]) + LATENCY + 8)
    expected = [
        (values[i, g * config.group : (g + 1) * config.group].tobytes(), program.codebook + g % program.codebooks,
         program.dest + g)
        for i in range(images) for g in range(groups)
    ]  # fmt: skip
    assert found == expected
