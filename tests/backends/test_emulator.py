"""The emulator against the reference, and what only a model has: its streams and interrupt line."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.vector_engine import nearest
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import InputError, ProgramError
from lutdla.reference import Reference, encode
from lutdla.spec.config import METRICS, CoreConfig
from lutdla.spec.memory import MemoryImage
from lutdla.spec.packets import ErrorCode, Kind, load_packets, packet, run_packet, unpack_results
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.registers import BY_NAME
from tests.strategies import SEEDS, TINY, configs, inputs, memory_images

NETWORK = assemble(random_network(TINY, (10, 8, 6)), TINY)
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


def run(model, image, values):
    feed(model, run_packet(values, image.program.input_groups, model.config))
    return unpack_results(model.receive(), len(values), model.config)


@pytest.fixture
def loaded():
    model = EmulatorModel(TINY)
    feed(model, LOAD)
    return model


@given(data=st.data(), wild=st.booleans())
@settings(max_examples=150)
def test_any_valid_program_equals_the_reference(data, wild):
    config = data.draw(configs())
    image = data.draw(memory_images(config, wild))
    first, second = data.draw(inputs(image, config)), data.draw(inputs(image, config))
    reference, model = Reference(config, image), EmulatorModel(config)
    feed(model, b"".join(load_packets(image, config, 1)))
    for values in (first, second):  # what the first run leaves in the core is there in the second
        np.testing.assert_array_equal(run(model, image, values), reference.run(values))
    assert read(model, "LOOKUPS") == reference.lookups
    assert read(model, "IMAGES") == len(first) + len(second)


@pytest.mark.parametrize("metric", METRICS)
def test_many_images_equal_the_reference_and_are_quick(metric):
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


def test_an_accumulator_wraps_at_its_width():
    config = CoreConfig(v=2, c=2, ports=1, blocks=1, lanes=2, encoders=1, table_rows=32, index_words=2, acc_bits=12,
                        accumulator_rows=2, constant_rows=2, codebook_rows=2, program_rows=2, packet_beats=64)
    steps = Lookup((Loop(17, True),), (0,), 0, 1, to_output=True)
    ones = np.ones((1, 2), np.int64)
    image = MemoryImage(Program((EncodeInput(1, 1), steps)), np.zeros((1, 1, 2, 2), np.int8),
                        np.full((1, 2, 2), 127, np.int8), ones, ones, ones)
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
    loaded.send(run_packet(np.zeros((1, 10), np.int8), GROUPS, TINY))
    assert not loaded.sent()
    assert loaded.receive() is None
    loaded.step()
    assert loaded.sent()
    assert loaded.receive() is not None


@pytest.mark.parametrize("stop", [lambda m: m.reset_streams(), lambda m: write(m, "CONTROL", SOFT_RESET=1)])
def test_stopping_drops_queued_frames_and_results(loaded, stop):
    frame = run_packet(np.zeros((1, 10), np.int8), GROUPS, TINY)
    feed(loaded, frame)
    loaded.send(frame)
    stop(loaded)
    loaded.step()
    assert (loaded.sent(), loaded.receive(), read(loaded, "IMAGES")) == (True, None, 1)
    assert BY_NAME["STATUS"].decode(read(loaded, "STATUS"))["LOADED"] == 1


def test_a_run_that_lacks_images_stays_busy_until_a_reset(loaded):
    frame = run_packet(np.zeros((3, 10), np.int8), GROUPS, TINY)
    beats = TINY.frame_beats(GROUPS) * TINY.stream_bytes
    feed(loaded, frame[: 16 + 2 * beats])
    assert BY_NAME["STATUS"].decode(read(loaded, "STATUS"))["BUSY"] == 1
    assert read(loaded, "ERROR") & 0xFF == ErrorCode.TRUNCATED
    assert (read(loaded, "IMAGES"), loaded.receive()) == (2, None)
    write(loaded, "CONTROL", CLEAR_ERROR=1)
    feed(loaded, frame)
    assert not loaded.sent()  # the core waits for the end of the run
    write(loaded, "CONTROL", SOFT_RESET=1)
    feed(loaded, frame)
    assert len(unpack_results(loaded.receive(), 3, TINY)) == 3


def _commit_program(records, **fields):
    """A model with hand-made program records, past every check on the host."""
    image = MemoryImage(Program(tuple(records)), *(getattr(NETWORK.image, name) for name in
                                                   ("codebooks", "tables", "mult", "bias", "shift")))
    model = EmulatorModel(TINY)
    *loads, commit = load_packets(image, TINY, 1)
    beats = fields.get("beats")
    feed(model, b"".join(loads), packet(TINY, Kind.COMMIT, address=len(loads) - 1, length=beats) if beats else commit)
    assert BY_NAME["STATUS"].decode(read(model, "STATUS"))["LOADED"] == 1
    return model


OUT = Lookup((Loop(),), (0, 1), 0, 3, to_output=True)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([OUT, OUT], "does not begin with EncodeInput"),
        ([EncodeInput(1, 1, codebook=32), OUT], "record 0 .* codebook row 32, this core has 32"),
        ([EncodeInput(33, 1), OUT], "record 0 .* index word 16, this core has 16"),
        ([EncodeInput(1, 1), Lookup((Loop(),), (0, 1), 0, 3, table=16, to_output=True)], "record 1 .* table row 64"),
        ([EncodeInput(1, 1), Lookup((Loop(5, accumulator=1),), (0, 1), 0, 3, to_output=True)], "accumulator row 4"),
        ([EncodeInput(1, 1), Lookup((Loop(),), (0, 20), 40, 3, to_output=True)], "index word 20, this core has 16"),
        ([EncodeInput(1, 1), Lookup((Loop(),), (0, 1), 0, 3, constant=15), OUT], "record 1 .* constant row 16"),
    ],
)
def test_a_program_past_the_memories_is_named(records, message):
    model = _commit_program(records)
    groups = next((r.groups for r in records if isinstance(r, EncodeInput)), 0)
    with pytest.raises(ProgramError, match=message):
        feed(model, packet(TINY, Kind.RUN, address=1, length=TINY.frame_beats(groups),
                           payload=bytes(8 * TINY.frame_beats(groups))))


def test_a_committed_frame_size_that_the_program_does_not_have_is_named():
    model = _commit_program([EncodeInput(1, 1), OUT], beats=7)
    with pytest.raises(ProgramError, match="committed with frames of 7 beats, its program takes 1"):
        feed(model, packet(TINY, Kind.RUN, address=1, length=7, payload=bytes(56)))


def test_a_program_without_an_end_is_named():
    model = EmulatorModel(TINY)
    feed(model, packet(TINY, Kind.BEGIN), packet(TINY, Kind.COMMIT, length=1))
    with pytest.raises(ProgramError, match="none of the 4 records of the loaded program is marked as its end"):
        feed(model, packet(TINY, Kind.RUN, address=1, length=1, payload=bytes(8)))
