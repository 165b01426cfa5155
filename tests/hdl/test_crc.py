import random
import zlib

import pytest

from lutdla_hdl.crc import START, crc32_step
from lutdla_hdl.interfaces import bits, flag
from tests.hdl.bench import Bench


@pytest.mark.parametrize("width", [64, 128])
def test_steps_give_the_crc_of_zlib(width):
    rng = random.Random(width)
    data, state, following = bits(width), bits(32), bits(32)
    with Bench(flag(), crc32_step(data, state, following)) as bench:
        beats = [0, (1 << width) - 1, *(rng.getrandbits(width) for _ in range(30))]
        beats += [1 << i for i in range(0, width, 7)]
        crc = START
        for beat in beats:
            data.next, state.next = beat, crc
            bench.step()
            expected = zlib.crc32(beat.to_bytes(width // 8, "little"), crc ^ START) ^ START
            assert int(following) == expected
            crc = expected


def test_a_whole_message():
    message = bytes(range(256))
    data, state, following = bits(64), bits(32), bits(32)
    with Bench(flag(), crc32_step(data, state, following)) as bench:
        crc = START
        for i in range(0, len(message), 8):
            data.next, state.next = int.from_bytes(message[i : i + 8], "little"), crc
            bench.step()
            crc = int(following)
    assert crc ^ START == zlib.crc32(message)
