"""The whole core as Verilated Verilog: random programs and stalls against the reference, errors, recovery."""

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.rtl import RtlModel
from lutdla.spec.packets import ErrorCode, Kind, input_packet, load_packets, packet, run_packets
from lutdla.spec.registers import MEMORY_CRCS, constant_registers
from tests.hdl.cores import POOL, check, fields, load, read, recover, run, send, telling_network, write
from tests.strategies import TINY, configs, inputs, memory_images

CORES = pytest.mark.parametrize("config", POOL.values(), ids=POOL)
STALLS = st.sampled_from((0.0, 0.1, 0.5, 0.9))
pytestmark = pytest.mark.timeout(600)  # a core is built in tens of seconds, on a busy machine in minutes


@CORES
@settings(max_examples=12)
@given(data=st.data(), stall=STALLS, number=st.integers(0, 1000))
def test_random_programs_equal_the_reference(config, data, stall, number):
    image = data.draw(memory_images(config))
    values = data.draw(inputs(image, config))
    model = RtlModel(config, stall, number)
    try:
        check(model, image, values, config)
    finally:
        model.close()


@seed(20)
@settings(max_examples=1, phases=[Phase.generate], derandomize=False, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(data=st.data())
def test_random_cores_equal_the_reference(data):
    config = data.draw(configs())
    for stall in (0.0, 0.5):
        image = data.draw(memory_images(config))
        model = RtlModel(config, stall, 1)
        try:
            check(model, image, data.draw(inputs(image, config)), config)
        finally:
            model.close()


@CORES
def test_identity_registers(config):
    model = RtlModel(config)
    assert {name: read(model, name) for name in constant_registers(config)} == constant_registers(config)
    assert model.read_register(0xFFC) == 0
    model.close()


@pytest.fixture
def model():
    model = RtlModel(TINY, 0.2, 7)
    yield model
    model.close()


NETWORK, VALUES, RESULTS = telling_network(TINY, (10, 8, 6), 5)
EXPECTED = RESULTS.tolist()
LOAD = load_packets(NETWORK, TINY, 1)
GROUPS = NETWORK.program.input_groups
RUN = run_packets(VALUES, NETWORK, TINY)


def table_packet(**changes):
    arguments = {"memory": 2, "length": 1, "payload": bytes(8)} | changes
    return packet(TINY, Kind.LOAD, **arguments)


BAD_FRAMES = {
    ErrorCode.MAGIC: b"XUTP" + bytes(20),
    ErrorCode.KIND: packet(TINY, 7),
    ErrorCode.MEMORY: table_packet(bank=99),
    ErrorCode.ADDRESS: table_packet(address=TINY.table_rows),
    ErrorCode.LENGTH: table_packet(length=0, payload=b""),
    ErrorCode.CRC: table_packet()[:-8] + bytes(8),
    ErrorCode.TRUNCATED: table_packet()[:-8],
    ErrorCode.INCOMPLETE: packet(TINY, Kind.COMMIT, address=1000),
    ErrorCode.NOT_LOADED: packet(TINY, Kind.BEGIN) + RUN,
    ErrorCode.FRAME: packet(TINY, Kind.RUN, address=0),
    ErrorCode.ORDER: input_packet(VALUES[:1, : GROUPS * TINY.group], GROUPS, TINY),
}


def test_every_error_has_a_frame_here():
    assert set(BAD_FRAMES) == set(ErrorCode) - {ErrorCode.NONE}


@pytest.mark.parametrize("code", BAD_FRAMES)
def test_recovery_after_every_error(model, code):
    write(model, "IRQ_ENABLE", ERROR=1)
    load(model, NETWORK, TINY)
    send(model, BAD_FRAMES[code])
    model.step()
    assert fields(model, "ERROR")["CODE"] == code
    assert model.interrupt()
    send(model, RUN)  # dropped while the error stands
    assert fields(model, "STATUS")["ERROR"] == 1
    assert model.receive() is None
    write(model, "CONTROL", CLEAR_ERROR=1)
    write(model, "IRQ_STATUS", ERROR=1)
    assert not model.interrupt()
    check(model, NETWORK, VALUES, TINY)


START = len(packet(TINY, Kind.RUN, address=1)) // 8
"""Beats of the packet that starts a run."""


@pytest.mark.parametrize("beats", [1, 2, *range(START + 1, START + 4), START + 9, len(RUN) // 8 - 1])
def test_a_run_cut_short_anywhere(model, beats):
    load(model, NETWORK, TINY)
    send(model, RUN[: 8 * beats])
    model.step()
    assert fields(model, "ERROR")["CODE"] == ErrorCode.TRUNCATED
    recover(model)
    assert fields(model, "STATUS") | {"ROW": 0} == {"LOADED": 1, "BUSY": 0, "ERROR": 0, "DECODER": 0, "ROW": 0}
    found = run(model, NETWORK, VALUES, TINY)  # the model is still there
    assert found.tolist() == EXPECTED


@settings(max_examples=30)
@given(cycles=st.integers(1, 400), stall=st.sampled_from((0.0, 0.5)))
def test_soft_reset_in_the_middle_of_a_run(cycles, stall):
    model = RtlModel(TINY, stall, cycles)
    load(model, NETWORK, TINY)
    model.send(RUN)
    model._library.lutdla_step(model._core(), cycles)
    recover(model)
    assert fields(model, "STATUS")["BUSY"] == 0
    found = run(model, NETWORK, VALUES, TINY)
    assert found.tolist() == EXPECTED
    check(model, NETWORK, VALUES, TINY)
    model.close()


@settings(max_examples=30)
@given(cycles=st.integers(1, 400))
def test_soft_reset_in_the_middle_of_a_load(cycles):
    model = RtlModel(TINY, 0.2, cycles)
    model.send(b"".join(LOAD))
    model._library.lutdla_step(model._core(), cycles)
    recover(model)
    check(model, NETWORK, VALUES, TINY)
    model.close()


def test_streams_reset_without_a_core_reset(model):
    load(model, NETWORK, TINY)
    model.send(RUN)
    model._library.lutdla_step(model._core(), 15)
    left = model._library.lutdla_unsent(model._core())
    assert 0 < left < len(RUN)
    model.reset_streams()
    model.step()
    assert fields(model, "STATUS")["BUSY"] == 1  # the core still waits for the rest
    send(model, RUN[-left:])
    for _ in range(100):
        frame = model.receive()
        if frame is not None:
            break
        model.step()
    assert frame == RESULTS.astype("<i4").tobytes()


def test_counters_and_settings_survive_a_soft_reset(model):
    check(model, NETWORK, VALUES, TINY)
    write(model, "IRQ_ENABLE", DONE=1)
    write(model, "PROFILE_ROW", ROW=2)
    before = {name: read(model, name) for name in ("IMAGES", "CYCLES", "LOOKUPS", "IRQ_ENABLE", "PROFILE_ROW")}
    recover(model)
    assert {name: read(model, name) for name in before} == before
    assert before["IMAGES"] == len(VALUES)
    write(model, "CONTROL", CLEAR_COUNTERS=1)
    assert [read(model, name) for name in ("IMAGES", "CYCLES", "LOOKUPS")] == [0, 0, 0]


def test_profile_counts_every_cycle_of_an_image():
    model = RtlModel(TINY)
    load(model, NETWORK, TINY)
    write(model, "CONTROL", CLEAR_COUNTERS=1)
    run(model, NETWORK, VALUES[:1], TINY)
    model.step()
    cycles = []
    for row in range(len(NETWORK.program.records)):
        write(model, "PROFILE_ROW", ROW=row)
        cycles.append(read(model, "PROFILE_CYCLES"))
    assert sum(cycles) == read(model, "CYCLES")
    for record, taken in zip(NETWORK.program.records[1:], cycles[1:]):
        assert record.steps() < taken < record.steps() + 40  # a step a cycle, and the fill of the pipeline
    model.close()


def test_done_interrupt(model):
    load(model, NETWORK, TINY)
    write(model, "IRQ_ENABLE", DONE=1)
    assert not model.interrupt()
    run(model, NETWORK, VALUES, TINY)
    for _ in range(10):
        model.step()
    assert model.interrupt()
    assert fields(model, "IRQ_STATUS") == {"DONE": 1, "ERROR": 0}
    write(model, "IRQ_STATUS", DONE=1)
    assert not model.interrupt()


@st.composite
def damaged(draw):
    """A load with something wrong: bits flipped, beats lost or doubled, packets swapped or left out; as frames."""
    parts, kind = list(LOAD), draw(st.sampled_from(("flip", "lose", "double", "swap", "omit", "cut")))
    at = draw(st.integers(0, len(parts) - 1))
    if kind == "swap":
        other = draw(st.integers(0, len(parts) - 1))
        parts[at], parts[other] = parts[other], parts[at]
    elif kind == "omit":
        parts.pop(at)
    elif kind == "flip":
        bit = draw(st.integers(0, 8 * len(parts[at]) - 1))
        parts[at] = (int.from_bytes(parts[at], "little") ^ 1 << bit).to_bytes(len(parts[at]), "little")
    else:
        beat = 8 * draw(st.integers(0, len(parts[at]) // 8 - 1))
        tail = {"lose": parts[at][beat + 8 :], "double": parts[at][beat:], "cut": b""}[kind]
        parts[at] = parts[at][: beat + (8 if kind == "double" else 0 if kind == "lose" else 8)] + tail
    frames = [b""]
    for part in parts:
        if frames[-1] and draw(st.booleans()):
            frames.append(b"")
        frames[-1] += part
    return [frame for frame in frames if frame]


@settings(max_examples=60)
@given(frames=damaged(), number=st.integers(0, 1000))
def test_core_and_emulator_agree_on_damaged_loads(frames, number):
    rtl, emulator = RtlModel(TINY, 0.3, number), EmulatorModel(TINY)
    for frame in frames:
        for model in (rtl, emulator):
            send(model, frame)
        rtl.step()
        for name in ("ERROR", "MODEL", *MEMORY_CRCS.values()):
            assert read(rtl, name) == read(emulator, name), name
        assert fields(rtl, "STATUS")["LOADED"] == fields(emulator, "STATUS")["LOADED"]
    for model in (rtl, emulator):
        recover(model)
    check(rtl, NETWORK, VALUES, TINY)
    rtl.close()
    emulator.close()
