"""`PynqBackend` over the real pynq classes and the emulated device; the core sends every frame back."""

import numpy as np
import pynq
import pytest

from lutdla.backends.pynq import PynqBackend
from lutdla.emulation import emulated_board
from lutdla.emulation.dma import SR
from lutdla.errors import CoreError, DeadlineError, DeviceError, InputError
from lutdla.spec import CoreConfig
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig()


@pytest.fixture(params=["pynq-z2", "zcu104"])
def board(request):
    core = Loopback(CONFIG)
    backend = emulated_board(core, CONFIG, request.param)
    yield backend, core
    backend.close()


def finish(backend, polls=100):
    for _ in range(polls):
        if backend.poll():
            return
    raise AssertionError(backend.stream_status())


def exchange(backend, data, room=None):
    outgoing, incoming = backend.allocate(len(data)), backend.allocate(room or len(data))
    outgoing[:] = np.frombuffer(data, np.uint8)
    backend.start(outgoing, incoming)
    finish(backend)
    result = bytes(incoming[: backend.received()])
    backend.free(outgoing)
    backend.free(incoming)
    return result


def test_a_frame_goes_round(board):
    backend, _ = board
    for n in (8, 16, 4096, 1 << 20):
        data = np.random.default_rng(n).bytes(n)
        assert exchange(backend, data, n + 64) == data


def test_parts_of_buffers_are_exchanged(board):
    backend, core = board
    outgoing, incoming = backend.allocate(256), backend.allocate(256)
    outgoing[:], incoming[:] = np.arange(256), 1
    backend.start(outgoing[64:128], incoming[8:200])
    finish(backend)
    assert backend.received() == 64
    assert incoming[8:72].tolist() == list(range(64, 128))
    assert (incoming[:8] == 1).all()
    assert (incoming[72:] == 1).all(), "what the frame does not reach keeps its value"
    assert core.sent()


def test_a_frame_without_result(board):
    backend, core = board
    core.answering = False
    outgoing = backend.allocate(64)
    backend.start(outgoing, None)
    finish(backend)
    assert backend.received() == 0
    assert backend.poll()
    assert not backend.overlay.dma.read(SR) & 0x7000, "interrupt flags are cleared for who enables interrupts"


def test_poll_waits_for_both_channels_and_lets_time_pass(board):
    backend, core = board
    core.delay = core.steps + 9
    backend.start(backend.allocate(64), backend.allocate(64))
    polls = 0
    while not backend.poll():
        polls += 1
    assert 1 <= polls <= 9
    steps = core.steps
    assert backend.poll()
    assert core.steps > steps, "time passes when an idle device is polled"


def test_registers(board):
    backend, core = board
    backend.write_register(0x30, np.uint32(3))
    assert backend.read_register(0x30) == core.words[0x30] == 3
    assert type(backend.read_register(0)) is int
    for offset in (2, -4, 0x1000):
        with pytest.raises(InputError, match=rf"offset is {offset:#x}: it must be a multiple of 4 below 0x1000"):
            backend.read_register(offset)
    with pytest.raises(InputError, match="register value is 4294967296"):
        backend.write_register(0, 1 << 32)


def test_buffers_are_reused_and_all_freed_at_the_end():
    backend = emulated_board(Loopback(CONFIG), CONFIG)
    ddr = backend.overlay.device.ddr
    for _ in range(50):
        exchange(backend, bytes(64))
    assert len(ddr.buffers) == 2
    backend.allocate(100)
    backend.start(backend.allocate(8), backend.allocate(8))  # never finished
    backend.close()
    assert not ddr.buffers


def test_using_a_buffer_after_it_was_freed_is_an_error(board):
    backend, _ = board
    buffer = backend.allocate(64)
    backend.free(buffer)
    with pytest.raises(InputError, match="was freed already"):
        backend.free(buffer)
    with pytest.raises(InputError, match=r"64 bytes at 0x\w+ are not inside a buffer that allocate\(\) gave out"):
        backend.start(buffer, None)


def test_what_the_dma_cannot_reach_is_refused(board):
    backend, _ = board
    with pytest.raises(InputError, match=r"a ndarray is not memory that the DMA can reach: use allocate\(\)"):
        backend.start(np.zeros(8, np.uint8), None)
    buffer = backend.allocate(64)
    with pytest.raises(InputError, match="incoming buffer is not contiguous"):
        backend.start(buffer, buffer[::2])
    with pytest.raises(InputError, match="buffer of 0 bytes: it must be 1 or more"):
        backend.allocate(0)


def test_a_frame_longer_than_the_dma_moves_is_refused(board):
    backend, core = board
    assert backend.max_frame_bytes == (1 << 26) - 1
    outgoing = backend.allocate(1 << 26)
    with pytest.raises(InputError, match=r"outgoing frame of 67108864 bytes: .* moves 1 to 67108863 bytes at once"):
        backend.start(outgoing, None)
    backend.start(outgoing[:-8], None)
    finish(backend)
    assert len(core.outgoing[0]) == (1 << 26) - 8


def test_an_exchange_at_a_time(board):
    backend, core = board
    core.taking = False
    buffer = backend.allocate(64)
    backend.start(buffer, None)
    with pytest.raises(DeviceError, match=r"an exchange is still in progress: .*MM2S"):
        backend.start(buffer, None)
    with pytest.raises(DeviceError, match="is in use by an exchange"):
        backend.free(buffer)


def test_without_a_flush_the_core_would_get_old_bytes(board, monkeypatch):
    backend, core = board
    core.answering = False
    outgoing = backend.allocate(8)
    outgoing[:] = 1
    backend.start(outgoing, None)
    assert core.incoming[0] == bytes([1] * 8)
    finish(backend)
    monkeypatch.setattr(pynq.buffer.PynqBuffer, "flush", lambda self: None)
    outgoing[:] = 2
    backend.start(outgoing, None)
    assert core.incoming[0] == bytes([1] * 8), "the emulated device shows a forgotten flush"


def test_without_an_invalidate_the_result_would_not_be_seen(board, monkeypatch):
    backend, _ = board
    monkeypatch.setattr(pynq.buffer.PynqBuffer, "invalidate", lambda self: None)
    assert exchange(backend, bytes([3] * 8)) == bytes(8)


def test_a_result_larger_than_its_buffer_is_decoded_and_recovered(board):
    backend, core = board
    core.extra = bytes(8)
    outgoing, incoming = backend.allocate(64), backend.allocate(64)
    backend.start(outgoing, incoming)
    with pytest.raises(CoreError, match=(
        r"DMA S2MM \(from the core\): internal error: a length of 0, or the core sent more than the buffer holds "
        r"\(status 0x00014011, address 0x\w+, length 64, buffer of 64 bytes\): reset the streams"
    )) as caught:  # fmt: skip
        finish(backend)
    assert caught.value.code == "DMA"
    assert "S2MM (from the core): internal error (CR" in backend.stream_status()
    backend.reset_streams()
    core.extra = b""
    assert exchange(backend, b"recovery") == b"recovery"


@pytest.mark.parametrize(("bit", "text"), [
    (0x10, "internal error"), (0x20, "slave error: memory refused"), (0x40, "decode error: the address is not in DDR"),
])  # fmt: skip
def test_error_bits_are_decoded_before_halted(board, bit, text):
    backend, core = board
    core.taking = False
    backend.start(backend.allocate(64), None)
    backend.overlay.device.dma.mm2s.fail(bit)
    with pytest.raises(CoreError, match=rf"MM2S \(to the core\): {text}.*length 64"):
        backend.poll()
    backend.reset_streams()
    assert backend.poll()


def test_a_channel_that_was_stopped_from_outside_is_named(board):
    backend, _ = board
    backend.overlay.dma.write(0, 0)
    with pytest.raises(CoreError, match=r"DMA MM2S \(to the core\) does not run: reset the streams"):
        backend.start(backend.allocate(8), None)
    backend.reset_streams()
    assert exchange(backend, bytes(8)) == bytes(8)


def test_stream_status_says_what_a_stalled_exchange_waits_for(board):
    backend, core = board
    core.taking = False
    backend.start(backend.allocate(64), backend.allocate(128))
    status = backend.stream_status()
    assert "MM2S (to the core): busy, the core has not taken all 64 bytes" in status
    assert "S2MM (from the core): busy, no whole result frame has come (TLAST missing) for the buffer of 128" in status
    assert "CR 0x00000003, SR 0x00010000, length 64" in status
    backend.reset_streams()
    assert "MM2S (to the core): idle" in backend.stream_status()
    assert core.sent(), "a DMA reset empties the streams"
    core.taking = True
    assert exchange(backend, bytes(8)) == bytes(8)


def test_a_dma_that_hangs_in_reset_runs_into_the_deadline():
    backend = emulated_board(Loopback(CONFIG), CONFIG)
    backend._channels.reset_timeout_s = 0.05
    dma = backend.overlay.device.dma
    dma.reset_polls = 1 << 60
    with pytest.raises(DeadlineError, match=(
        r"DMA MM2S \(to the core\) is still in reset after 0\.05 s \(CR 0x\w+, SR 0x\w+\): .*Download the overlay again"
    )):  # fmt: skip
        backend.reset_streams()
    backend.close()


def test_a_second_program_attaches_to_the_loaded_overlay(board):
    first, core = board
    device = first.overlay.device
    second = PynqBackend(device=device)
    assert exchange(second, bytes(16)) == bytes(16)
    second.close()
    assert core.closed == 0
    assert first.read_register(0) == 0x4C555444


def test_the_stock_driver_sees_the_same_dma(board):
    backend, _ = board
    assert backend.overlay.dma.sendchannel.running
    assert backend.overlay.dma.read(SR) & 1 == 0
