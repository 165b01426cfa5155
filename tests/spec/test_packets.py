import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.backends.consumer import Consumer
from lutdla.spec.memory import LOADABLE, unpack_constants
from lutdla.spec.packets import (
    ERROR_TEXT,
    HEADER,
    LAST_OF_PIECE,
    PACKET_MAGIC,
    TABLE,
    ErrorCode,
    Kind,
    load_packets,
    load_words_limit,
    memory_crcs,
    pack_frames,
    packet,
    piece_packets,
    result_bytes,
    run_bytes,
    run_packets,
    schedule,
    unpack_frames,
    unpack_results,
)
from tests.spec.small import FIRST, INNER, LAST, image, piece
from tests.strategies import SEEDS, TINY, configs, inputs, memory_images

TABLES = {"wait_tables": True, "free_tables": True}
STREAMED = image(FIRST, replace(INNER, **TABLES), replace(LAST, **TABLES), pieces=(piece(16, 8), piece(24, 4)))
"""A network with two table pieces."""


def test_a_packet_is_header_payload_and_crc():
    made = packet(TINY, Kind.LOAD, memory=2, bank=3, address=4, length=5, payload=bytes(range(16)))
    assert HEADER.unpack(made[:16]) == (PACKET_MAGIC, Kind.LOAD, 2, 3, 4, 5)
    assert made[:4] == b"LUTP"
    assert made[16:32] == bytes(range(16))
    assert made[32:] == zlib.crc32(made[:32]).to_bytes(8, "little")


def test_a_payload_is_whole_beats():
    with pytest.raises(ValueError, match="payload of 5 bytes: it must be whole beats of 8 bytes"):
        packet(TINY, Kind.LOAD, payload=bytes(5))


@given(data=st.data())
def test_load_packets_carry_every_word_of_an_image(data):
    config = data.draw(configs())
    image = data.draw(memory_images(config))
    begin, *loads, commit = load_packets(image, config, 0xDEADBEEF)
    assert HEADER.unpack(begin[:16])[1:] == (Kind.BEGIN, 0, 0, 0xDEADBEEF, 0)
    assert HEADER.unpack(commit[:16])[1:] == (Kind.COMMIT, 0, 0, len(loads),
                                              config.frame_beats(image.program.input_groups))
    written = {memory: np.zeros_like(image.words(memory, config)) for memory in LOADABLE}
    crcs = dict.fromkeys(LOADABLE, 0)
    for load in loads:
        _, kind, memory, bank, address, length = HEADER.unpack(load[:16])
        name, payload = LOADABLE[memory], load[16 : -config.stream_bytes]
        assert kind == Kind.LOAD
        assert len(payload) <= config.packet_beats * config.stream_bytes
        assert 0 < length <= load_words_limit(config, name)
        written[name][bank, address : address + length] = np.frombuffer(payload, np.uint8).reshape(length, -1)
        crcs[name] = zlib.crc32(payload, crcs[name])
    for memory in LOADABLE:
        np.testing.assert_array_equal(written[memory], image.words(memory, config))
    assert crcs == memory_crcs(image, config)


@given(data=st.data())
def test_constants_survive_their_words(data):
    config = data.draw(configs())
    image = data.draw(memory_images(config))
    found = unpack_constants(image.words("constant", config)[0], config)
    for array, expected in zip(found, (image.mult, image.bias, image.shift)):
        np.testing.assert_array_equal(array, expected)


@given(config=configs(), groups=st.integers(1, 40), images=st.integers(0, 5), seed=SEEDS, data=st.data())
def test_frames_survive(config, groups, images, seed, data):
    given_values = data.draw(st.integers(0, groups * config.group))
    values = np.random.default_rng(seed).integers(-128, 128, (images, given_values)).astype(np.int8)
    frames = pack_frames(values, groups, config)
    assert frames.shape == (images, config.frame_beats(groups), config.stream_bytes)
    if not images:
        return
    found = unpack_frames(frames, groups, config).reshape(images, -1)
    np.testing.assert_array_equal(found[:, :given_values], values)
    assert not found[:, given_values:].any()


def packets_of(data, config):
    """Header fields (kind, memory, bank, address, length) and payload of each packet."""
    found, at = [], 0
    while at < len(data):
        magic, *fields = HEADER.unpack(data[at : at + 16])
        assert magic == PACKET_MAGIC
        beats = {Kind.INPUT: fields[3] * fields[4], Kind.TABLES: fields[4] * config.beats_per_word("table")}
        end = at + 16 + beats.get(fields[0], 0) * config.stream_bytes
        assert int.from_bytes(data[end : end + 4], "little") == zlib.crc32(data[at:end])
        found.append((*fields, data[at + 16 : end]))
        at = end + config.stream_bytes
    assert at == len(data)
    return found


def test_a_run_of_resident_tables_is_two_packets():
    values = np.arange(20, dtype=np.int8).reshape(2, 10)
    run, given = packets_of(run_packets(values, image(), TINY), TINY)
    assert run == (Kind.RUN, 0, 0, 2, 0, b"")
    assert given[:5] == (Kind.INPUT, 0, 0, 2, TINY.frame_beats(5))
    assert given[5][:10] == bytes(range(10))
    assert len(given[5]) == 2 * TINY.frame_beats(5) * TINY.stream_bytes


def test_a_piece_is_a_packet_for_each_bank():
    tables = np.arange(4 * 3 * 4, dtype=np.int8).reshape(4, 3, 4)
    found = packets_of(piece_packets(replace(piece(16, 3), tables=tables), TINY), TINY)
    assert [fields[:5] for fields in found] == [
        (Kind.TABLES, TABLE | (LAST_OF_PIECE if bank == 3 else 0), bank, 16, 3) for bank in range(4)
    ]
    for bank, (*_, payload) in enumerate(found):
        rows = np.frombuffer(payload, np.int8).reshape(3, -1)
        np.testing.assert_array_equal(rows[:, :4], tables[bank])
        assert not rows[:, 4:].any()


def test_the_order_in_which_a_run_brings_frames_and_pieces():
    # the first piece is freed by record 1, which frees the frame too: the third piece and the second frame follow
    assert list(schedule(STREAMED.program, 2)) == [
        ("input", 0), ("tables", 0), ("tables", 1), ("input", 1), ("tables", 0), ("tables", 1),
    ]  # fmt: skip
    values = np.zeros((2, 10), np.int8)
    kinds = [(kind, address) for kind, memory, _, address, *_ in packets_of(run_packets(values, STREAMED, TINY), TINY)
             if kind != Kind.TABLES or memory & LAST_OF_PIECE]
    assert kinds == [(Kind.RUN, 2), (Kind.INPUT, 1), (Kind.TABLES, 16), (Kind.TABLES, 24), (Kind.INPUT, 1),
                     (Kind.TABLES, 16), (Kind.TABLES, 24)]  # fmt: skip


@given(data=st.data(), passes=st.integers(1, 4))
def test_the_core_can_always_take_what_comes_next(data, passes):
    program = data.draw(memory_images(TINY)).program
    run = Consumer(program, passes * program.images)
    arrivals = list(schedule(program, passes))
    for what, k in arrivals:
        if what == "input":
            assert run.room_for_frame()
            run.take_frame(k)
        else:
            assert run.room_for_piece()
            run.take_piece(k)
    assert run.left == 0
    images = program.images
    assert run.ready == [(tuple(range(p * images, (p + 1) * images)), tuple(range(program.pieces)))
                         for p in range(passes)]


@given(data=st.data())
def test_bytes_of_a_run(data):
    config = data.draw(configs())
    drawn = data.draw(memory_images(config))
    values = data.draw(inputs(drawn, config))
    assert run_bytes(drawn, config, len(values)) == len(run_packets(values, drawn, config))


def test_results_survive():
    raw = np.array([[1, -2, 3, -(2**31)], [5, 6, 2**31 - 1, 0]], np.int32)
    assert len(raw.tobytes()) == result_bytes(2, 1, TINY)
    np.testing.assert_array_equal(unpack_results(raw.astype("<i4").tobytes(), 2, TINY), raw)


def test_every_error_code_is_explained():
    assert set(ERROR_TEXT) == set(ErrorCode)
