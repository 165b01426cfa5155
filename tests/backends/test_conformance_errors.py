"""The same for every back end when something is wrong: bad packets, damaged frames, streams that stall."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import CoreError, DeadlineError
from lutdla.spec.packets import (
    ERROR_TEXT,
    LAST_OF_PIECE,
    PACKET_MAGIC,
    TABLE,
    ErrorCode,
    Kind,
    load_packets,
    load_words_limit,
    packet,
    unpack_results,
)
from tests.backends.harness import (
    BEATS,
    BEGIN,
    EXPECTED,
    INPUT,
    LOAD,
    NETWORK,
    RESULT,
    RUN,
    START,
    VALUES,
    exchange,
    load_and_run,
)
from tests.strategies import TINY


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


FIRST = {code: name for name, (_, code, _) in reversed(ERRORS.items())}
"""MyHDL's simulator takes seconds for each: it gets one error of each code, its Verilog gets all."""


@pytest.mark.parametrize("name", FIRST.values())
def test_every_error_is_named_and_leaves_the_device_usable(shared, name):
    check_error(shared[0], *ERRORS[name])


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in FIRST.values()])
def test_whatever_else_is_wrong_is_named_too(fast, name):
    check_error(fast[0], *ERRORS[name])


def check_error(accelerator, frame, code, taken):
    core = accelerator.core()
    core.recover()  # whatever the test before left
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


def test_crc_of_the_packets_is_zlibs():
    assert int.from_bytes(BEGIN[16:20], "little") == zlib.crc32(BEGIN[:16])
    assert int.from_bytes(BEGIN[:4], "little") == PACKET_MAGIC
