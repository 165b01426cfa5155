import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec.memory import LOADABLE, unpack_constants
from lutdla.spec.packets import (
    ERROR_TEXT,
    HEADER,
    PACKET_MAGIC,
    ErrorCode,
    Kind,
    load_packets,
    load_words_limit,
    memory_crcs,
    pack_frames,
    packet,
    result_bytes,
    run_packet,
    unpack_frames,
    unpack_results,
)
from tests.strategies import SEEDS, TINY, configs, memory_images

NETWORK = assemble(random_network(TINY, (10, 8, 6)), TINY)


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


def test_a_run_packet_holds_its_frames():
    values = np.arange(20, dtype=np.int8).reshape(2, 10)
    made = run_packet(values, 5, TINY)
    assert HEADER.unpack(made[:16])[1:] == (Kind.RUN, 0, 0, 2, TINY.frame_beats(5))
    assert made[16:26] == bytes(range(10))


def test_results_survive():
    raw = np.array([[1, -2, 3, -(2**31)], [5, 6, 2**31 - 1, 0]], np.int32)
    assert len(raw.tobytes()) == result_bytes(2, 1, TINY)
    np.testing.assert_array_equal(unpack_results(raw.astype("<i4").tobytes(), 2, TINY), raw)


def test_every_error_code_is_explained():
    assert set(ERROR_TEXT) == set(ErrorCode)
