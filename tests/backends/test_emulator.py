"""The emulator against the reference, and what only a model has: its streams and interrupt line."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.vector_engine import nearest
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import InputError
from lutdla.native.variants import SWITCH
from lutdla.reference import Reference, encode
from lutdla.spec.config import METRICS, CoreConfig
from lutdla.spec.memory import MemoryImage
from lutdla.spec.packets import (
    LAST_OF_PIECE,
    TABLE,
    ErrorCode,
    Kind,
    input_packet,
    load_packets,
    packet,
    piece_packets,
    run_packets,
    schedule,
    unpack_results,
)
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.registers import BY_NAME
from lutdla.spec.window import Port, Window
from tests.kernels import KERNELS, kernel
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import SEEDS, TINY, configs, convolutions, inputs, memory_images

NETWORK = two_layers()
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))
GROUPS = NETWORK.image.program.input_groups
LOAD = b"".join(load_packets(NETWORK.image, TINY, 1))


def read(model, name):
    return model.read_register(BY_NAME[name].offset)


def write(model, name, **fields):
    model.write_register(BY_NAME[name].offset, BY_NAME[name].encode(**fields))


def feed(model, *frames):
    for frame in frames:
        model.send(frame)
    model.step()


def status(model):
    return BY_NAME["STATUS"].decode(read(model, "STATUS"))


def error(model):
    return ErrorCode(read(model, "ERROR") & 0xFF)


def run(model, image, values):
    feed(model, run_packets(values, image, model.config))
    return unpack_results(model.receive(), len(values), model.config)


@pytest.fixture
def loaded():
    model = EmulatorModel(TINY)
    feed(model, LOAD)
    return model


@given(data=st.data(), wild=st.booleans(), name=st.sampled_from(KERNELS))
@settings(max_examples=300)
def test_any_valid_program_equals_the_reference(data, wild, name):
    with kernel(name):
        check_program(data, wild)


def check_program(data, wild):
    config = data.draw(configs())
    image = data.draw(memory_images(config, wild))
    first, second = data.draw(inputs(image, config)), data.draw(inputs(image, config))
    reference, model = Reference(config, image), EmulatorModel(config)
    feed(model, b"".join(load_packets(image, config, 1)))
    for values in (first, second):  # what the first run leaves in the core is there in the second
        np.testing.assert_array_equal(run(model, image, values), reference.run(values))
    assert (read(model, "LOOKUPS"), read(model, "PADDING")) == (reference.lookups, reference.padding)
    assert read(model, "IMAGES") == len(first) + len(second)


@given(data=st.data(), name=st.sampled_from(KERNELS))
def test_convolutions_equal_the_reference(data, name):
    with kernel(name):
        check_convolution(data)


def check_convolution(data):
    image = data.draw(convolutions(TINY))
    values = data.draw(inputs(image, TINY))
    model = EmulatorModel(TINY)
    feed(model, b"".join(load_packets(image, TINY, 1)))
    np.testing.assert_array_equal(run(model, image, values), Reference(TINY, image).run(values))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", KERNELS)
def test_many_images_equal_the_reference_and_are_quick(metric, name, monkeypatch):
    monkeypatch.setenv(SWITCH, name)
    config = CoreConfig(metric=metric)
    image = assemble(random_network(config, (784, 64, 64, 10)), config).image
    values = np.random.default_rng(0).integers(-128, 128, (10_000, 784)).astype(np.int8)
    model = EmulatorModel(config)
    feed(model, b"".join(load_packets(image, config, 1)))
    start = time.perf_counter()
    results = run(model, image, values)
    assert time.perf_counter() - start < 10
    sample = [0, 511, 512, 5000, 9999]  # both sides of a block of images
    padded = np.zeros((len(sample), image.program.input_groups * config.group), np.int8)
    padded[:, :784] = values[sample]
    np.testing.assert_array_equal(results[sample], Reference(config, image).run(padded))


@given(seed=SEEDS, v=st.integers(1, 16), c=st.sampled_from((2, 16, 256)), metric=st.sampled_from(METRICS),
       spread=st.sampled_from((2, 128)))  # fmt: skip
def test_nearest_equals_the_reference_ties_included(seed, v, c, metric, spread):
    rng = np.random.default_rng(seed)
    x = rng.integers(-spread, spread, (1, 30, v)).astype(np.int8)
    codebook = rng.integers(-spread, spread, (1, c, v)).astype(np.int8)
    x[0, 0], codebook[0, :] = -128, np.where(rng.random((c, 1)) < 0.2, 127, codebook[0])  # the largest distance
    expected = [encode(row.astype(np.int64), codebook[0].astype(np.int64), metric) for row in x[0]]
    assert nearest(x, codebook, metric)[0].tolist() == expected


@pytest.mark.parametrize("name", KERNELS)
def test_an_accumulator_wraps_at_its_width(name, monkeypatch):
    monkeypatch.setenv(SWITCH, name)
    config = CoreConfig(v=2, c=2, ports=1, blocks=1, lanes=2, encoders=1, table_rows=32, index_words=2, acc_bits=12,
                        accumulator_rows=2, constant_rows=2, codebook_rows=2, program_rows=2, window_rows=2,
                        value_rows=2, packet_beats=64)
    steps = Lookup((Loop(17, True),), to_output=True, wait_input=True, free_input=True)
    ones = np.ones((1, 2), np.int64)
    image = MemoryImage(Program((EncodeInput(1, 1), steps)), np.zeros((1, 1, 2, 2), np.int8),
                        np.full((1, 2, 2), 127, np.int8), ones, ones, ones, (Window((Port(blocks=1),)),))
    model = EmulatorModel(config)
    feed(model, b"".join(load_packets(image, config, 1)))
    assert run(model, image, np.zeros((1, 2), np.int8)).tolist() == [[17 * 127 - 4096] * 2]


def test_a_frame_is_whole_beats():
    with pytest.raises(InputError, match="frame of 12 bytes: it must be whole beats of 8 bytes"):
        EmulatorModel(TINY).send(bytes(12))
    with pytest.raises(InputError, match="frame of 0 bytes"):
        EmulatorModel(TINY).send(b"")


def test_the_interrupt_line_follows_enable_and_status(loaded):
    assert not loaded.interrupt()
    run(loaded, NETWORK.image, np.zeros((1, 10), np.int8))
    assert not loaded.interrupt()
    write(loaded, "IRQ_ENABLE", DONE=1)
    assert loaded.interrupt()
    write(loaded, "IRQ_STATUS", DONE=1)
    assert not loaded.interrupt()
    write(loaded, "IRQ_ENABLE", ERROR=1)
    feed(loaded, packet(TINY, 9))
    assert loaded.interrupt()


def test_frames_wait_until_time_passes(loaded):
    loaded.send(run_packets(np.zeros((1, 10), np.int8), NETWORK.image, TINY))
    assert not loaded.sent()
    assert loaded.receive() is None
    loaded.step()
    assert loaded.sent()
    assert loaded.receive() is not None


@pytest.mark.parametrize("stop", [lambda m: m.reset_streams(), lambda m: write(m, "CONTROL", SOFT_RESET=1)])
def test_stopping_drops_queued_frames_and_results(loaded, stop):
    frame = run_packets(np.zeros((1, 10), np.int8), NETWORK.image, TINY)
    feed(loaded, frame)
    loaded.send(frame)
    stop(loaded)
    loaded.step()
    assert (loaded.sent(), loaded.receive(), read(loaded, "IMAGES")) == (True, None, 1)
    assert status(loaded)["LOADED"] == 1


# -- runs that come in parts -----------------------------------------------------------------------------------------
ONE = np.arange(10, dtype=np.int8)[None]
START = packet(TINY, Kind.RUN, address=3)
INPUT = [input_packet(ONE + k, GROUPS, TINY) for k in range(3)]
EXPECTED = Reference(TINY, NETWORK.image).run(NETWORK.frames(np.concatenate([ONE, ONE + 1, ONE + 2])))


def test_a_run_may_come_in_several_frames(loaded):
    for frame in (START, *INPUT[:2]):
        feed(loaded, frame)
        assert (loaded.sent(), loaded.receive(), status(loaded)["BUSY"], status(loaded)["ROW"]) == (True, None, 1, 1)
    assert read(loaded, "IMAGES") == 2
    feed(loaded, INPUT[2])
    np.testing.assert_array_equal(unpack_results(loaded.receive(), 3, TINY), EXPECTED)
    assert (status(loaded)["BUSY"], status(loaded)["ROW"], read(loaded, "IMAGES")) == (0, 0, 3)


def test_two_runs_in_one_frame(loaded):
    feed(loaded, b"".join([START, *INPUT, START, *INPUT]))
    for _ in range(2):
        np.testing.assert_array_equal(unpack_results(loaded.receive(), 3, TINY), EXPECTED)


def test_a_run_that_lacks_images_stays_busy_until_a_reset(loaded):
    beats = TINY.frame_beats(GROUPS) * TINY.stream_bytes
    frame = run_packets(np.zeros((3, 10), np.int8), NETWORK.image, TINY)
    feed(loaded, frame[: len(START) + 16 + 2 * beats])
    assert (status(loaded)["BUSY"], error(loaded)) == (1, ErrorCode.TRUNCATED)
    assert (read(loaded, "IMAGES"), loaded.receive()) == (2, None)
    write(loaded, "CONTROL", CLEAR_ERROR=1)
    feed(loaded, frame)
    assert error(loaded) == ErrorCode.ORDER
    write(loaded, "CONTROL", SOFT_RESET=1, CLEAR_ERROR=1)
    assert status(loaded)["BUSY"] == 0
    feed(loaded, frame)
    assert len(unpack_results(loaded.receive(), 3, TINY)) == 3


def test_a_run_may_go_on_after_an_error(loaded):
    feed(loaded, START, INPUT[0], packet(TINY, 9))
    assert (status(loaded)["BUSY"], error(loaded)) == (1, ErrorCode.KIND)
    write(loaded, "CONTROL", CLEAR_ERROR=1)
    feed(loaded, INPUT[1], INPUT[2])
    np.testing.assert_array_equal(unpack_results(loaded.receive(), 3, TINY), EXPECTED)


@pytest.mark.parametrize("kind", [Kind.BEGIN, Kind.COMMIT, Kind.RUN, Kind.LOAD])
def test_other_packets_are_refused_while_a_run_waits_for_input(loaded, kind):
    feed(loaded, START, packet(TINY, kind, address=1))
    assert (error(loaded), status(loaded)["LOADED"]) == (ErrorCode.ORDER, 1)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([packet(TINY, Kind.RUN)], "FRAME"),
        ([INPUT[0]], "ORDER"),
        ([START, packet(TINY, Kind.INPUT, address=0, length=TINY.frame_beats(GROUPS))], "FRAME"),
        ([START, INPUT[0], INPUT[0], input_packet(np.zeros((2, 10), np.int8), GROUPS, TINY)], "FRAME"),
        ([START, input_packet(np.zeros((1, 10), np.int8), GROUPS + 4, TINY)], "FRAME"),
        ([b"".join([START, *INPUT, INPUT[0]])], "ORDER"),
        ([START, INPUT[0][:-8] + bytes(8)], "CRC"),
    ],
)
def test_input_that_the_run_does_not_take(loaded, frames, code):
    feed(loaded, *frames)
    assert error(loaded).name == code


# -- table pieces ----------------------------------------------------------------------------------------------------
@pytest.fixture
def streamed():
    model = EmulatorModel(TINY)
    feed(model, b"".join(load_packets(STREAMED.image, TINY, 1)))
    return model


def parts_of_a_run(images):
    """RUN, and then what it brings in order, one packet or piece each."""
    values = np.random.default_rng(1).integers(-128, 128, (images, *STREAMED.input_shape)).astype(np.int8)
    program, pieces = STREAMED.image.program, STREAMED.image.pieces
    parts = [packet(TINY, Kind.RUN, address=images)]
    for what, k in schedule(program, images // program.images):
        parts.append(piece_packets(pieces[k], TINY) if what == "tables"
                     else input_packet(values[k : k + 1], program.input_groups, TINY))
    return values, parts


def test_a_run_waits_for_its_pieces(streamed):
    values, parts = parts_of_a_run(4)
    feed(streamed, *parts[:-1])
    assert (streamed.sent(), streamed.receive(), status(streamed)["BUSY"]) == (True, None, 1)
    assert read(streamed, "IMAGES") == 2
    feed(streamed, parts[-1])
    expected = Reference(TINY, STREAMED.image).run(values)
    np.testing.assert_array_equal(unpack_results(streamed.receive(), 4, TINY), expected)


def test_passes_with_other_pieces_are_told_apart(streamed):
    values, parts = parts_of_a_run(4)
    first, *others = STREAMED.image.pieces
    zeros = replace(first, tables=0 * first.tables)
    at = [i for i, part in enumerate(parts) if part == piece_packets(first, TINY)][1]
    feed(streamed, *parts[:at], piece_packets(zeros, TINY), *parts[at + 1 :])
    found = unpack_results(streamed.receive(), 4, TINY)
    other = replace(STREAMED.image, pieces=(zeros, *others))
    np.testing.assert_array_equal(found[:2], Reference(TINY, STREAMED.image).run(values[:2]))
    np.testing.assert_array_equal(found[2:], Reference(TINY, other).run(values[2:]))
    assert (found[2:] != Reference(TINY, STREAMED.image).run(values[2:])).any()


def test_a_piece_without_room_stops_the_stream(streamed):
    _, parts = parts_of_a_run(2)
    piece = piece_packets(STREAMED.image.pieces[0], TINY)
    feed(streamed, parts[0], *[piece] * 3)
    assert not streamed.sent()
    assert error(streamed) == ErrorCode.NONE
    write(streamed, "CONTROL", SOFT_RESET=1)
    values, parts = parts_of_a_run(2)
    feed(streamed, *parts)
    expected = Reference(TINY, STREAMED.image).run(values)
    np.testing.assert_array_equal(unpack_results(streamed.receive(), 2, TINY), expected)


def tables(memory=TABLE | LAST_OF_PIECE, rows=1, **fields):
    payload = bytes(rows * TINY.beats_per_word("table") * TINY.stream_bytes)
    return packet(TINY, Kind.TABLES, memory=memory, length=rows, payload=payload, **fields)


@pytest.mark.parametrize(
    ("packets", "code"),
    [
        (tables(memory=TABLE + 1), "MEMORY"),
        (tables(memory=0x40 | TABLE), "MEMORY"),
        (tables(bank=TINY.banks), "MEMORY"),
        (tables(address=TINY.table_rows), "ADDRESS"),
        (tables(address=TINY.table_rows - 1, rows=2), "ADDRESS"),
        (tables(rows=0), "LENGTH"),
        (tables()[:-8] + bytes(8), "CRC"),
        (tables()[:-8], "TRUNCATED"),
    ],
)
def test_tables_that_the_core_does_not_take(streamed, packets, code):
    feed(streamed, packets)
    assert error(streamed) == ErrorCode.ORDER
    write(streamed, "CONTROL", CLEAR_ERROR=1)
    feed(streamed, packet(TINY, Kind.RUN, address=2), packets)
    assert error(streamed).name == code


def test_a_damaged_piece_is_not_used(streamed):
    values, parts = parts_of_a_run(2)
    at = parts.index(piece_packets(STREAMED.image.pieces[0], TINY))
    feed(streamed, *parts[:at], parts[at][:-8] + bytes(8), *parts[at + 1 :])
    assert (error(streamed), streamed.receive(), status(streamed)["BUSY"]) == (ErrorCode.CRC, None, 1)
    write(streamed, "CONTROL", CLEAR_ERROR=1)
    feed(streamed, *parts[at:])  # the whole piece again
    expected = Reference(TINY, STREAMED.image).run(values)
    np.testing.assert_array_equal(unpack_results(streamed.receive(), 2, TINY), expected)
