"""A buffer may begin anywhere exactly where the overlay's DMA realigns: each direction for itself."""

import re

import numpy as np
import pytest

from lutdla.backends.pynq import PynqBackend
from lutdla.emulation import EmulatedDevice
from lutdla.errors import InputError
from lutdla.spec import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay
from tests.emulation.loopback import Loopback

SENT = np.arange(32, dtype=np.uint8)


@pytest.fixture
def board(tmp_path):
    """Function: stream width, realignment of both directions -> a board whose core sends every frame back."""
    opened = []

    def make(stream_bits, mm2s, s2mm):
        facts = load_board("pynq-z2" if stream_bits == 64 else "zcu104")
        bitfile = write_overlay(tmp_path, CoreConfig(stream_bits=stream_bits), facts)
        hwh = bitfile.with_suffix(".hwh")
        text = hwh.read_text()
        for name, value in (("mm2s", mm2s), ("s2mm", s2mm)):
            text, found = re.subn(rf'(NAME="c_include_{name}_dre" VALUE=)"\d"', rf'\1"{value}"', text)
            assert found == 1
        hwh.write_text(text)
        opened.append(PynqBackend(bitfile, device=EmulatedDevice(Loopback, arch=facts.ps.arch, name=facts.name)))
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


def send_and_receive(backend, send, receive):
    outgoing, incoming = backend.allocate(64)[send : send + 32], backend.allocate(64)[receive : receive + 32]
    outgoing[:] = SENT
    backend.start(outgoing, incoming)
    while not backend.poll():
        pass
    return incoming


@pytest.mark.parametrize("stream_bits", [64, 128])
@pytest.mark.parametrize(("mm2s", "s2mm"), [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_only_a_direction_that_realigns_takes_any_address(board, stream_bits, mm2s, s2mm):
    backend, beat = board(stream_bits, mm2s, s2mm), stream_bits // 8
    assert np.array_equal(send_and_receive(backend, beat, beat), SENT)
    for what, realigns, offsets in (("outgoing", mm2s, (3, 0)), ("incoming", s2mm, (0, 3))):
        if realigns:
            assert np.array_equal(send_and_receive(backend, *offsets), SENT)
        else:
            with pytest.raises(InputError, match=rf"{what} buffer begins at 0x\w+3: .* a beat, {beat} bytes"):
                send_and_receive(backend, *offsets)
