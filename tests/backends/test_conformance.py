"""One suite for every back end: the same packets, results and registers."""

import random
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.reference import Reference
from lutdla.spec.packets import (
    Kind,
    input_packet,
    load_packets,
    memory_crcs,
    packet,
    result_bytes,
    run_packets,
    run_parts,
    unpack_results,
)
from lutdla.spec.registers import BY_NAME, COUNTERS, MEMORY_CRCS, constant_registers
from lutdla.verify import make_vectors, reference_results
from tests.backends.harness import (
    EXPECTED,
    GROUPS,
    LOAD,
    NETWORK,
    RESULT,
    RUN,
    START,
    STREAMED,
    VALUES,
    exchange,
    load_and_run,
)
from tests.networks import two_layers
from tests.packets import trailers_crc
from tests.strategies import TINY, convolutions, inputs, memory_images


def raw_run(core, image, values, config):
    """Run values through raw packets: (images, rows * lanes), and the lookups and the padding counted."""
    core.recover()
    images, before = len(values), [core.read(name) for name in ("LOOKUPS", "PADDING")]
    exchange(core.backend, b"".join(load_packets(image, config, 1)))
    assert core.fields("ERROR")["CODE"] == 0
    frame = run_packets(values, image, config)
    result = exchange(core.backend, frame, result_bytes(images, image.program.output_rows, config))
    counted = [(core.read(name) - start) % 2**32 for name, start in zip(("LOOKUPS", "PADDING"), before)]
    return unpack_results(result, images, config), counted


# -- identity --------------------------------------------------------------------------------------------------------
def test_identity_and_capabilities(accelerator, core):
    assert {name: core.read(name) for name in constant_registers(TINY)} == constant_registers(TINY)
    assert accelerator.config == TINY


def test_read_only_registers_ignore_writes(core):
    core.backend.write_register(BY_NAME["MAGIC"].offset, 0)
    core.backend.write_register(BY_NAME["CAP_TABLE"].offset, 0xFFFFFFFF)
    assert {name: core.read(name) for name in constant_registers(TINY)} == constant_registers(TINY)


def test_an_offset_without_a_register_reads_0(core):
    assert core.backend.read_register(0xFFC) == 0


# -- load and run ----------------------------------------------------------------------------------------------------
def test_results_equal_the_reference(accelerator):
    load_and_run(accelerator)


@pytest.mark.parametrize("artefact", [NETWORK, STREAMED], ids=["plain", "streamed"])
def test_the_sums_of_a_run_are_those_of_what_was_sent_and_received(accelerator, core, artefact):
    exchange(core.backend, b"".join(load_packets(artefact.image, TINY, 1)))
    for seed in (1, 2):
        frames = artefact.frames(make_vectors(artefact, 4, seed))
        parts = run_parts(frames, artefact.image, TINY)
        size = result_bytes(len(frames), artefact.image.program.output_rows, TINY)
        result = exchange(core.backend, b"".join(parts), size)
        assert core.read("CRC_RUN") == trailers_crc(parts, TINY)
        assert core.read("CRC_RESULT") == zlib.crc32(result)
    core.write("CONTROL", SOFT_RESET=1)
    assert (core.read("CRC_RUN"), core.read("CRC_RESULT")) == (trailers_crc(parts, TINY), 0)


def test_status_model_and_memory_crcs_after_loading(accelerator, core):
    accelerator.load(NETWORK)
    assert core.fields("STATUS") | {"DECODER": 0, "ROW": 0} == {
        "LOADED": 1, "BUSY": 0, "ERROR": 0, "DECODER": 0, "ROW": 0,
    }  # fmt: skip
    assert core.read("MODEL") == NETWORK.model_id
    crcs = memory_crcs(NETWORK.image, TINY)
    assert {memory: core.read(register) for memory, register in MEMORY_CRCS.items()} == crcs


def test_begin_forgets_the_model(accelerator, core):
    accelerator.load(NETWORK)
    exchange(core.backend, packet(TINY, Kind.BEGIN, address=77))
    assert core.fields("STATUS")["LOADED"] == 0
    assert [core.read(name) for name in ("MODEL", *MEMORY_CRCS.values())] == [0] * 6
    load_and_run(accelerator)


def test_a_later_load_packet_ends_the_loaded_model(accelerator, core):
    accelerator.load(NETWORK)
    exchange(core.backend, load_packets(NETWORK.image, TINY, 1)[1])
    assert (core.fields("STATUS")["LOADED"], core.read("MODEL")) == (0, 0)
    load_and_run(accelerator)


def test_several_models_in_turn(accelerator):
    for artefact in (two_layers(1), STREAMED, NETWORK):
        values = make_vectors(artefact, 4)
        network = accelerator.load(artefact)
        np.testing.assert_array_equal(network.raw(values), reference_results(artefact, values))


def test_load_packets_in_any_order_and_one_frame_each(accelerator, core):
    begin, *loads, commit = load_packets(NETWORK.image, TINY, 5)
    random.Random(0).shuffle(loads)
    for frame in (begin, *loads, commit):
        exchange(core.backend, frame)
    assert core.read("MODEL") == 5
    result = exchange(core.backend, RUN, RESULT)
    np.testing.assert_array_equal(unpack_results(result, 2, TINY)[:, : NETWORK.outputs], EXPECTED[:2])


def test_load_and_run_in_one_frame(core):
    result = exchange(core.backend, LOAD + RUN, RESULT)
    np.testing.assert_array_equal(unpack_results(result, 2, TINY)[:, : NETWORK.outputs], EXPECTED[:2])


# -- counters and interrupts -----------------------------------------------------------------------------------------
def test_counters_count_images_and_lookups(accelerator, core):
    network = accelerator.load(NETWORK)
    core.write("CONTROL", CLEAR_COUNTERS=1)
    assert core.counters() == dict.fromkeys(COUNTERS, 0)
    network.raw(VALUES)
    reference = Reference(TINY, NETWORK.image)
    reference.run(NETWORK.frames(VALUES))
    assert (core.read("IMAGES"), core.read("LOOKUPS"), core.read("PADDING")) == (len(VALUES), reference.lookups, 0)
    assert (core.read("CYCLES") > 0) == accelerator.cycle_exact
    core.write("CONTROL", CLEAR_COUNTERS=1)
    assert core.counters() == dict.fromkeys(COUNTERS, 0)


def test_profile_of_a_call(accelerator):
    network = accelerator.load(NETWORK)
    network.raw(VALUES)
    profile = network.profile
    assert profile.images == len(VALUES)
    assert profile.lookups > 0
    if accelerator.cycle_exact:
        assert [name for name, _ in profile.records] == list(NETWORK.layers)
        assert 0 < sum(cycles for _, cycles in profile.records) <= profile.cycles
        assert 0 < profile.utilization <= 1
    else:
        assert (profile.cycles, profile.records, profile.utilization) == (0, (), 0)


def test_streamed_tables_and_several_images_in_a_pass(accelerator):
    network = accelerator.load(STREAMED)
    values = make_vectors(STREAMED, 5)
    expected = reference_results(STREAMED, values)
    for _ in range(2):
        np.testing.assert_array_equal(network.raw(values), expected)
    assert network.profile.images == 6


def test_a_run_may_come_in_several_frames(core):
    exchange(core.backend, LOAD)
    exchange(core.backend, START)
    exchange(core.backend, input_packet(VALUES[:1], GROUPS, TINY))
    result = exchange(core.backend, input_packet(VALUES[1:2], GROUPS, TINY), RESULT)
    np.testing.assert_array_equal(unpack_results(result, 2, TINY)[:, : NETWORK.outputs], EXPECTED[:2])


def test_done_interrupt(accelerator, core):
    network = accelerator.load(NETWORK)
    core.write("IRQ_STATUS", DONE=1, ERROR=1)
    assert core.read("IRQ_STATUS") == 0
    network.raw(VALUES[:1])
    assert core.fields("IRQ_STATUS") == {"DONE": 1, "ERROR": 0}
    core.write("IRQ_STATUS", ERROR=1)
    assert core.fields("IRQ_STATUS") == {"DONE": 1, "ERROR": 0}
    core.write("IRQ_STATUS", DONE=1)
    assert core.read("IRQ_STATUS") == 0


def test_error_interrupt(core):
    core.write("IRQ_STATUS", DONE=1, ERROR=1)
    exchange(core.backend, packet(TINY, 9))
    assert core.fields("IRQ_STATUS") == {"DONE": 0, "ERROR": 1}


def test_irq_enable_keeps_only_its_fields(core):
    core.backend.write_register(BY_NAME["IRQ_ENABLE"].offset, 0xFFFFFFFF)
    assert core.read("IRQ_ENABLE") == 3
    core.write("IRQ_ENABLE")


# -- programs that no compiler wrote -----------------------------------------------------------------------------------
def equals_the_reference(core, image, values):
    """Results and counts of a run are the reference's."""
    reference = Reference(TINY, image)
    expected = reference.run(values)
    found, counted = raw_run(core, image, values, TINY)
    np.testing.assert_array_equal(found, expected)
    assert counted == [reference.lookups, reference.padding]


@given(data=st.data())
@settings(max_examples=15)
def test_random_programs_equal_the_reference(shared, data):
    image = data.draw(memory_images(TINY))
    equals_the_reference(shared[0].core(), image, data.draw(inputs(image, TINY)))


@given(data=st.data())
@settings(max_examples=6)
def test_convolutions_equal_the_reference(shared, data):
    image = data.draw(convolutions(TINY))
    equals_the_reference(shared[0].core(), image, data.draw(inputs(image, TINY)))
