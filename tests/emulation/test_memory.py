import gc

import numpy as np
import pynq
import pytest

from lutdla.emulation.device import EmulatedDevice
from lutdla.emulation.memory import FILL, PAGE, Ddr
from lutdla.errors import DeviceError, InputError


@pytest.fixture
def device():
    return EmulatedDevice(ddr_mib=8)


def ddr_bytes(device, buffer):
    return device.ddr.at(buffer.physical_address, buffer.nbytes)


def test_what_is_not_flushed_does_not_reach_ddr(device):
    buffer = pynq.allocate(16, "u1", target=device)
    buffer[:] = 9
    assert (ddr_bytes(device, buffer) == FILL).all()
    buffer.flush()
    assert (ddr_bytes(device, buffer) == 9).all()


def test_what_is_not_invalidated_is_not_seen(device):
    buffer = pynq.allocate(16, "u1", target=device)
    buffer[:] = 1
    ddr_bytes(device, buffer)[:] = 7
    assert (np.asarray(buffer) == 1).all()
    buffer.invalidate()
    assert (np.asarray(buffer) == 7).all()


def test_a_part_flushes_only_itself_and_knows_its_address(device):
    buffer = pynq.allocate((4, 8), np.int16, target=device)
    buffer[:] = 3
    part = buffer[1:3]
    assert part.physical_address == buffer.physical_address + 16
    part.flush()
    words = ddr_bytes(device, buffer).view(np.int16)
    assert (words[8:24] == 3).all()
    assert not (words[:8] == 3).any()
    assert not (words[24:] == 3).any()


def test_an_uncached_buffer_has_one_copy(device):
    buffer = pynq.allocate(16, "u1", target=device, cacheable=0)
    buffer[:] = 5
    assert (ddr_bytes(device, buffer) == 5).all()


def test_freeing_gives_memory_back_and_later_use_is_seen(device):
    buffer = pynq.allocate(3 << 20, "u1", target=device)
    with pytest.raises(DeviceError, match=r"buffer of 3145728 bytes.*3145728 bytes in 1 buffers are in use of 4194304"):
        pynq.allocate(3 << 20, "u1", target=device)
    buffer.freebuffer()
    buffer.freebuffer()
    assert not device.ddr.buffers
    with pytest.raises(DeviceError, match="flush of the buffer at 0x00400000, which was freed"):
        buffer.flush()
    with pytest.raises(DeviceError, match="invalidate of the buffer"):
        buffer[4:].invalidate()
    assert pynq.allocate(3 << 20, "u1", target=device).physical_address == buffer.physical_address


def test_a_forgotten_buffer_is_freed_by_python(device):
    buffer = pynq.allocate(100, "u1", target=device)
    view = buffer[10:20]
    del buffer
    gc.collect()
    assert len(device.ddr.buffers) == 1, "the view keeps its buffer"
    del view
    gc.collect()
    assert not device.ddr.buffers


def test_buffers_are_page_aligned_disjoint_and_fill_gaps():
    ddr = Ddr(1 << 20)
    addresses = [ddr.allocate(n) for n in (1, PAGE, PAGE + 1, 10)]
    assert np.diff(addresses).tolist() == [PAGE, PAGE, 2 * PAGE]
    ddr.free(addresses[2])
    assert ddr.allocate(3 * PAGE) > addresses[3]
    assert ddr.allocate(2 * PAGE) == addresses[2]
    assert ddr.owner(addresses[2] + 8, PAGE) == addresses[2]
    assert ddr.owner(addresses[1], PAGE + 1) is None


def test_unknown_options_are_refused(device):
    with pytest.raises(InputError, match="unknown option 'bank'"):
        pynq.allocate(4, target=device, bank=3)
