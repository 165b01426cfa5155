"""The whole core in MyHDL's simulator, with random stalls, against the reference."""

from dataclasses import replace

import numpy as np
import pytest
from myhdl import _simulator

from lutdla.backends.myhdl import MyhdlModel
from lutdla.errors import ToolError
from lutdla.spec.config import METRICS, CoreConfig
from lutdla.spec.packets import ErrorCode, Kind, load_packets, packet, run_packets
from lutdla_hdl.decoder import HEADER, WRITE
from lutdla_hdl.interfaces import flag
from tests.hdl.cores import check, fields, load, read, recover, run, send, telling_network, write
from tests.programs import Shape, random_image
from tests.strategies import TINY

CONFIGS = {
    "2 ports, 2 blocks": {},
    "1 bank, 128 bits": {"ports": 1, "blocks": 1, "v": 4, "c": 2, "stream_bits": 128, "acc_bits": 16},
    "2 encoders of 3 values": {"v": 3, "encoders": 2, "lanes": 6, "ports": 3},
}


CASES = [("2 ports, 2 blocks", "l1"), ("1 bank, 128 bits", "l2"), ("2 encoders of 3 values", "l2"),
         ("2 encoders of 3 values", "l1"), ("2 encoders of 3 values", "chebyshev")]  # fmt: skip


def test_every_case_is_here():
    assert {name for name, _ in CASES} == set(CONFIGS)
    assert {metric for _, metric in CASES} == set(METRICS)


@pytest.mark.parametrize(("name", "metric"), CASES)
def test_networks_equal_the_reference(name, metric):
    config = replace(TINY, metric=metric, **CONFIGS[name])
    image, values, _ = telling_network(config, (8, 6, 5), 2)
    model = MyhdlModel(config, stall=0.0 if metric == "l1" else 0.4, seed=2)
    try:
        check(model, image, values, config)
    finally:
        model.close()


def test_recovery_in_the_middle_of_a_run():
    image, values, results = telling_network(TINY, (7, 6, 5), 3)
    frame = run_packets(values, image, TINY)
    model = MyhdlModel(TINY, 0.3)
    try:
        load(model, image, TINY)
        send(model, frame[:-16])  # TLAST comes too early: the engine waits for the rest
        model.step()
        assert fields(model, "ERROR")["CODE"] == ErrorCode.TRUNCATED
        assert fields(model, "STATUS")["BUSY"] == 1
        recover(model)
        assert fields(model, "STATUS") | {"ROW": 0} == {"LOADED": 1, "BUSY": 0, "ERROR": 0, "DECODER": 0, "ROW": 0}
        assert run(model, image, values, TINY).tolist() == results.tolist()
        model.send(frame)
        model.step()
        recover(model)  # frames of the abandoned run are forgotten
        check(model, image, values, TINY)
    finally:
        model.close()


def test_busy_until_the_last_beat_is_taken():
    image, values, results = telling_network(TINY, (7, 6, 5), 2)
    frame = results.astype("<i4").tobytes()
    model = MyhdlModel(TINY)
    try:
        load(model, image, TINY)
        monitor = model.simulation._monitor
        monitor.paused = lambda: len(monitor.partial) == len(frame) - TINY.stream_bytes
        send(model, run_packets(values, image, TINY))
        for _ in range(8):
            model.step()
        assert bytes(monitor.partial) == frame[: -TINY.stream_bytes]
        assert fields(model, "STATUS")["BUSY"] == 1
        assert read(model, "IMAGES") == len(values) - 1
        del monitor.paused
        model.step()
        assert model.receive() == frame
        assert fields(model, "STATUS")["BUSY"] == 0
        assert read(model, "IMAGES") == len(values)
    finally:
        model.close()


def test_a_soft_reset_in_the_middle_of_writing_leaves_no_whole_model():
    image, _, _ = telling_network(TINY, (7, 6, 5), 2)
    begin, *loads, _ = load_packets(image, TINY, 1)
    model = MyhdlModel(TINY)
    try:
        model.send(begin + max(loads, key=len))
        for _ in range(100):
            if fields(model, "STATUS")["DECODER"] == WRITE:
                break
        write(model, "CONTROL", SOFT_RESET=1)
        assert fields(model, "STATUS")["DECODER"] == HEADER
        send(model, packet(TINY, Kind.COMMIT, address=1, length=TINY.frame_beats(image.program.input_groups)))
        model.step()
        assert fields(model, "ERROR")["CODE"] == ErrorCode.INCOMPLETE
        assert fields(model, "STATUS")["LOADED"] == 0
        recover(model)
        load(model, image, TINY)
    finally:
        model.close()


SMALLEST = CoreConfig(
    v=1, c=2, metric="chebyshev", ports=1, blocks=1, lanes=2, encoders=1, table_rows=4, index_words=4,
    accumulator_rows=2, constant_rows=2, codebook_rows=2, program_rows=2, window_rows=2, value_rows=2, acc_bits=12,
    packet_beats=32,
)  # fmt: skip
"""Elaborated in a few seconds."""


def test_only_one_simulation_at_a_time():
    model = MyhdlModel(SMALLEST)
    with pytest.raises(ToolError, match="can run only one: close it first"):
        MyhdlModel(SMALLEST)
    model.close()
    model.close()
    MyhdlModel(SMALLEST).close()


def test_a_simulation_that_is_over_leaves_no_signals():
    mine, known = flag(), list(_simulator._signals)
    model = MyhdlModel(SMALLEST)
    others = flag()
    model.close()
    assert [id(signal) for signal in _simulator._signals] == [id(signal) for signal in (*known, others)]
    assert any(signal is mine for signal in known)


def test_random_programs_equal_the_reference():
    """Programs that no compiler wrote: pools, residuals, shortcuts, overlapping records, passes of several images,
    streamed tables."""
    seen = {"pool": 0, "residual": 0, "pieces": 0, "overlap": 0, "images": 0, "encodings": 0}
    for seed in (8, 13, 25, 27):
        rng = np.random.default_rng(seed)
        image = random_image(TINY, rng, Shape(5, 1 + seed % 3, (0, 2, 3)[seed % 3], False))
        lookups = image.program.lookups
        seen["pool"] += any(loop.pool and loop.count > 1 for record in lookups for loop in record.loops)
        seen["residual"] += any(record.residual is not None for record in lookups)
        seen["overlap"] += not all(record.drain for record in lookups)
        seen["pieces"] += bool(image.pieces)
        seen["encodings"] += any(record.encodings > 1 and record.residual is not None for record in lookups)
        seen["images"] += image.program.images > 1
        shape = image.program.images, image.program.input_groups * TINY.group
        model = MyhdlModel(TINY, stall=(0.5, 0.0)[seed % 2], seed=seed)
        try:
            check(model, image, rng.integers(-128, 128, shape).astype(np.int8), TINY)
        finally:
            model.close()
    assert min(seen.values()) > 0, seen
