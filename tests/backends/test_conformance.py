"""One suite for every back end: the same packets, results, registers and errors."""

import random
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.errors import CoreError, DeadlineError
from lutdla.reference import Reference
from lutdla.runtime import Accelerator
from lutdla.spec.packets import (
    ERROR_TEXT,
    LAST_OF_PIECE,
    PACKET_MAGIC,
    TABLE,
    ErrorCode,
    Kind,
    input_packet,
    load_packets,
    load_words_limit,
    memory_crcs,
    packet,
    result_bytes,
    run_packets,
    unpack_results,
)
from lutdla.spec.registers import BY_NAME, COUNTERS, MEMORY_CRCS, constant_registers
from lutdla.verify import make_vectors, reference_results
from tests.backends.harness import BUILDERS, Stalling, exchange
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY, convolutions, inputs, memory_images

NETWORK = two_layers()
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))
"""Two images in a pass, and three table pieces."""
GROUPS = NETWORK.image.program.input_groups
BEATS = TINY.frame_beats(GROUPS)
VALUES = make_vectors(NETWORK, 8)
EXPECTED = reference_results(NETWORK, VALUES)
LOAD = b"".join(load_packets(NETWORK.image, TINY, NETWORK.model_id))
START, INPUT = packet(TINY, Kind.RUN, address=2), input_packet(VALUES[:2], GROUPS, TINY)
RUN = START + INPUT
RESULT = result_bytes(2, NETWORK.image.program.output_rows, TINY)


@pytest.fixture(params=BUILDERS, scope="module")
def shared(request):
    """A tiny core behind each back end for all tests of this file, and the switch that stalls its streams.

    Only one: MyHDL simulates one core at a time.
    """
    made = []

    def wrap(model):
        made.append(Stalling(model))
        return made[-1]

    with Accelerator(request.param, BUILDERS[request.param](TINY, wrap), timeout_s=60) as opened:
        yield opened, made[-1]


@pytest.fixture
def accelerator(shared):
    shared[0].core().recover()  # whatever the test before left
    return shared[0]


@pytest.fixture
def core(accelerator):
    return accelerator.core()


def load_and_run(accelerator):
    np.testing.assert_array_equal(accelerator.load(NETWORK).raw(VALUES), EXPECTED)


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


# -- errors ----------------------------------------------------------------------------------------------------------
def load_packet(memory, **changes):
    """A LOAD packet of one word, changed."""
    payload = bytes(TINY.beats_per_word("table") * TINY.stream_bytes)
    return packet(TINY, Kind.LOAD, **{"memory": memory, "length": 1, "payload": payload} | changes)


def table_packet(**changes):
    """A TABLES packet of one row, changed: a whole piece."""
    payload = bytes(TINY.beats_per_word("table") * TINY.stream_bytes)
    fields = {"memory": TABLE | LAST_OF_PIECE, "length": 1, "payload": payload}
    return packet(TINY, Kind.TABLES, **fields | changes)


def flip(frame, bit):
    damaged = bytearray(frame)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


BEGIN = packet(TINY, Kind.BEGIN, address=1)
TOO_LONG = load_words_limit(TINY, "table") + 1
ERRORS = {
    # name: (frame, code, packets taken since BEGIN)
    "no magic": (flip(LOAD, 3), "MAGIC", None),
    "garbage after a packet": (BEGIN + bytes(64), "MAGIC", 1),
    "unknown kind": (BEGIN + packet(TINY, 9), "KIND", 1),
    "kind 0": (BEGIN + packet(TINY, 0), "KIND", 1),
    "unknown memory": (BEGIN + load_packet(5), "MEMORY", 1),
    "unknown bank": (BEGIN + load_packet(2, bank=TINY.banks), "MEMORY", 1),
    "second bank of a memory with one": (BEGIN + load_packet(0, bank=1), "MEMORY", 1),
    "address past the end": (BEGIN + load_packet(2, address=TINY.table_rows), "ADDRESS", 1),
    "words past the end": (BEGIN + load_packet(2, address=TINY.table_rows - 1, length=2), "ADDRESS", 1),
    "largest address": (BEGIN + load_packet(2, address=0xFFFFFFFF), "ADDRESS", 1),
    "no words": (BEGIN + load_packet(2, length=0, payload=b""), "LENGTH", 1),
    "more words than the buffer": (BEGIN + load_packet(2, length=TOO_LONG), "LENGTH", 1),
    "bit flip in BEGIN": (flip(BEGIN, 70), "CRC", None),
    "bit flip in the CRC of BEGIN": (flip(BEGIN, 8 * 16), "CRC", None),
    "bit flip in a payload": (flip(LOAD, 8 * (len(BEGIN) + 20)), "CRC", 1),
    "bit flip in COMMIT": (LOAD[:-24] + flip(LOAD[-24:], 120), "CRC", None),
    "bit flip in a RUN": (LOAD + flip(RUN, 8 * 12), "CRC", None),
    "bit flip in an INPUT": (LOAD + START + flip(INPUT, 8 * 20), "CRC", None),
    "bit flip in TABLES": (LOAD + START + flip(table_packet(), 8 * 18), "CRC", None),
    "half a header": (BEGIN + LOAD[:8], "TRUNCATED", 1),
    "a header and no more": (BEGIN + LOAD[: len(BEGIN)][:16], "TRUNCATED", 1),
    "a cut payload": (LOAD[: len(BEGIN) + 24], "TRUNCATED", 1),
    "a load without its CRC": (LOAD[: len(BEGIN)] + load_packet(2)[: -TINY.stream_bytes], "TRUNCATED", 1),
    "a cut RUN": (LOAD + RUN[:16], "TRUNCATED", None),
    "a cut INPUT": (LOAD + START + INPUT[: 16 + TINY.stream_bytes], "TRUNCATED", None),
    "an INPUT with one image of two": (LOAD + START + INPUT[: 16 + BEATS * TINY.stream_bytes], "TRUNCATED", None),
    "cut TABLES": (LOAD + START + table_packet()[: -TINY.stream_bytes], "TRUNCATED", None),
    "a load packet missing": (b"".join(load_packets(NETWORK.image, TINY, 1)[i] for i in (0, 2, -1)), "INCOMPLETE", 2),
    "nothing loaded": (BEGIN + RUN, "NOT_LOADED", 1),
    "no images": (LOAD + packet(TINY, Kind.RUN), "FRAME", None),
    "no images in INPUT": (LOAD + START + packet(TINY, Kind.INPUT, length=BEATS), "FRAME", None),
    "more images than the run takes": (LOAD + START + packet(TINY, Kind.INPUT, address=3, length=BEATS), "FRAME", None),
    "frames of another size": (LOAD + START + packet(TINY, Kind.INPUT, address=1, length=BEATS + 1), "FRAME", None),
    "input without a run": (LOAD + INPUT, "ORDER", None),
    "tables without a run": (LOAD + table_packet(), "ORDER", None),
    "tables for another memory": (LOAD + START + table_packet(memory=TABLE + 1), "MEMORY", None),
    "tables for an unknown bank": (LOAD + START + table_packet(bank=TINY.banks), "MEMORY", None),
    "tables past the end": (LOAD + START + table_packet(address=TINY.table_rows), "ADDRESS", None),
    "no tables": (LOAD + START + table_packet(length=0, payload=b""), "LENGTH", None),
}  # fmt: skip


@pytest.mark.parametrize(("frame", "code", "taken"), ERRORS.values(), ids=ERRORS)
def test_every_error_is_named_and_leaves_the_device_usable(accelerator, core, frame, code, taken):
    outgoing = core.backend.allocate(len(frame))
    outgoing[:] = np.frombuffer(frame, np.uint8)
    with pytest.raises(CoreError) as caught:
        core.exchange("sending a bad frame", outgoing, None, 60)
    core.backend.free(outgoing)
    assert caught.value.code == code
    assert ERROR_TEXT[ErrorCode[code]] in str(caught.value)
    if taken is not None:
        assert f"refused packet {taken}:" in str(caught.value)
    assert (core.fields("STATUS")["ERROR"], core.read("ERROR")) == (0, 0)
    load_and_run(accelerator)


def test_every_code_has_a_test():
    assert {code for _, code, _ in ERRORS.values()} == {code.name for code in ErrorCode if code}


def test_the_first_error_stays_until_it_is_cleared(accelerator, core):
    accelerator.load(NETWORK)
    exchange(core.backend, packet(TINY, 9))
    exchange(core.backend, flip(BEGIN, 3))  # dropped: another error would be MAGIC
    exchange(core.backend, LOAD)  # dropped too
    assert core.fields("ERROR")["CODE"] == ErrorCode.KIND
    core.write("CONTROL", SOFT_RESET=1)
    assert (core.fields("ERROR")["CODE"], core.fields("STATUS")["ERROR"]) == (ErrorCode.KIND, 1)
    core.write("CONTROL", CLEAR_ERROR=1)
    assert (core.read("ERROR"), core.fields("STATUS")["ERROR"]) == (0, 0)
    np.testing.assert_array_equal(
        unpack_results(exchange(core.backend, RUN, RESULT), 2, TINY)[:, : NETWORK.outputs], EXPECTED[:2]
    )


def test_the_rest_of_a_bad_frame_is_dropped(core):
    exchange(core.backend, LOAD)
    begin = packet(TINY, Kind.BEGIN, address=9)
    exchange(core.backend, packet(TINY, 9) + begin)
    core.write("CONTROL", CLEAR_ERROR=1)
    assert core.read("MODEL") == NETWORK.model_id


def test_a_bad_load_packet_changes_nothing(accelerator, core):
    network = accelerator.load(NETWORK)
    crc = core.read("CRC_TABLE")
    payload = b"\x55" * TINY.beats_per_word("table") * TINY.stream_bytes
    exchange(core.backend, flip(load_packet(2, payload=payload), 8 * 18))
    assert core.fields("ERROR")["CODE"] == ErrorCode.CRC
    core.recover()
    assert (core.fields("STATUS")["LOADED"], core.read("CRC_TABLE")) == (1, crc)
    np.testing.assert_array_equal(network.raw(VALUES), EXPECTED)


def test_a_damaged_run_still_sends_its_results(accelerator, core):
    accelerator.load(NETWORK)
    result = exchange(core.backend, flip(RUN, 8 * (len(RUN) - 8)), RESULT)  # the CRC itself
    np.testing.assert_array_equal(unpack_results(result, 2, TINY)[:, : NETWORK.outputs], EXPECTED[:2])
    assert core.fields("ERROR")["CODE"] == ErrorCode.CRC
    core.recover()


def unused_bytes():
    """Positions of bytes in LOAD that mean nothing: a trailer uses 32 bits of its beat."""
    ends = np.cumsum([len(part) for part in load_packets(NETWORK.image, TINY, NETWORK.model_id)])
    return {int(end) - 1 - i for end in ends for i in range(TINY.stream_bytes - 4)}


@given(bit=st.integers(0, 8 * len(LOAD) - 1))
def test_a_damaged_load_is_never_taken_for_a_model(shared, bit):
    core = shared[0].core()
    core.recover()
    exchange(core.backend, BEGIN + flip(LOAD, bit))
    unused = bit // 8 in unused_bytes()
    assert core.fields("STATUS")["LOADED"] == unused
    assert core.fields("STATUS")["ERROR"] == (not unused)


@given(beats=st.integers(1, len(LOAD) // TINY.stream_bytes - 1))
def test_a_truncated_load_is_never_taken_for_a_model(shared, beats):
    core = shared[0].core()
    core.recover()
    exchange(core.backend, BEGIN + LOAD[: beats * TINY.stream_bytes])
    assert core.fields("STATUS")["LOADED"] == 0


# -- deadlines -------------------------------------------------------------------------------------------------------
@pytest.fixture
def switch(shared):
    yield shared[1]
    shared[1].input_stalls = shared[1].output_stalls = False


@pytest.mark.parametrize("side", ["input_stalls", "output_stalls"])
def test_a_stalled_stream_ends_at_its_deadline(accelerator, switch, side):
    network = accelerator.load(NETWORK)
    setattr(switch, side, True)
    with pytest.raises(DeadlineError) as caught:
        network.raw(VALUES, timeout_s=0.3)
    message = str(caught.value)
    assert "running 8 images did not end within 0.3 s" in message
    assert "DMA" in message
    assert "a model is loaded" in message
    assert "ERROR 0x00000000 (NONE: no error)" in message
    assert "IMAGES" in message
    assert ("no whole result frame" if side == "output_stalls" else "taken") in message
    setattr(switch, side, False)
    np.testing.assert_array_equal(network.raw(VALUES), EXPECTED)


def test_a_load_that_is_not_taken_ends_at_its_deadline(accelerator, core, switch):
    exchange(core.backend, BEGIN)
    switch.input_stalls = True
    with pytest.raises(DeadlineError, match=r"loading \d+ bytes did not end within 0.3 s.*no model is loaded"):
        accelerator.load(NETWORK, timeout_s=0.3)
    switch.input_stalls = False
    load_and_run(accelerator)


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


def test_crc_of_the_packets_is_zlibs():
    assert int.from_bytes(BEGIN[16:20], "little") == zlib.crc32(BEGIN[:16])
    assert int.from_bytes(BEGIN[:4], "little") == PACKET_MAGIC
