import numpy as np
import pytest

from lutdla.emulation import dma as regs
from lutdla.emulation.dma import ADDRESS, ADDRESS_MSB, CR, LENGTH, S2MM, SR, AxiDma
from lutdla.emulation.memory import Ddr
from lutdla.errors import DeviceError
from lutdla.spec import CoreConfig
from tests.emulation.loopback import Loopback

PARAMETERS = {"c_include_sg": "0", "c_sg_length_width": "16", "c_addr_width": "32", "c_m_axi_mm2s_data_width": "64",
              "c_m_axi_s2mm_data_width": "64", "c_include_mm2s_dre": "0", "c_include_s2mm_dre": "0"}  # fmt: skip


class Setup:
    def __init__(self, parameters=None, **options):
        self.ddr, self.core = Ddr(1 << 20), Loopback(CoreConfig())
        self.dma = AxiDma(self.ddr, self.core, PARAMETERS | (parameters or {}), **options)
        self.source, self.target = self.ddr.allocate(4096), self.ddr.allocate(4096)

    def run(self):
        for channel in (0, S2MM):
            self.dma.write(channel + CR, regs.RUN)

    def start(self, channel, address, length):
        self.dma.write(channel + ADDRESS, address & 0xFFFF_FFFF)
        self.dma.write(channel + ADDRESS_MSB, address >> 32)
        self.dma.write(channel + LENGTH, length)


@pytest.fixture
def setup():
    made = Setup()
    made.run()
    return made


def test_state_after_reset_is_that_of_the_product_guide():
    dma = Setup().dma
    for channel in (0, S2MM):
        assert dma.read(channel + CR) == 0x0001_0002
        assert dma.read(channel + SR) == 0x0001_0001
        assert dma.read(channel + LENGTH) == 0


def test_run_and_stop_clear_and_set_halted(setup):
    assert not setup.dma.read(SR) & regs.HALTED
    setup.dma.write(CR, 0)
    assert setup.dma.read(SR) & regs.HALTED
    assert not setup.dma.read(S2MM + SR) & regs.HALTED


def test_a_round_trip(setup):
    setup.ddr.at(setup.source, 64)[:] = np.arange(64)
    setup.start(S2MM, setup.target, 4096)
    setup.start(0, setup.source, 64)
    assert not setup.dma.s2mm.status & regs.IDLE
    assert setup.dma.read(SR) & (regs.IDLE | regs.IOC_IRQ) == regs.IDLE | regs.IOC_IRQ
    assert setup.dma.read(S2MM + SR) & regs.IDLE
    assert setup.dma.read(S2MM + LENGTH) == 64, "a frame shorter than the buffer shortens LENGTH"
    assert setup.ddr.at(setup.target, 64).tolist() == list(range(64))
    assert (setup.ddr.at(setup.target + 64, 64) == 0xA5).all()


def test_interrupt_flags_are_cleared_by_writing_1(setup):
    setup.start(0, setup.source, 8)
    setup.dma.read(SR)
    setup.dma.write(SR, 0x2000)
    assert setup.dma.read(SR) & regs.IOC_IRQ
    setup.dma.write(SR, 0xFFFF_FFFF)
    assert not setup.dma.read(SR) & regs.IOC_IRQ
    assert setup.dma.read(SR) & regs.IDLE, "only interrupt flags are cleared"


def test_a_channel_that_does_not_run_ignores_length():
    setup = Setup()
    setup.start(0, setup.source, 8)
    assert not setup.core.incoming


def test_the_send_channel_is_busy_until_the_core_took_the_frame(setup):
    setup.core.taking = False
    setup.start(0, setup.source, 8)
    assert not setup.dma.read(SR) & regs.IDLE
    setup.core.taking = True
    assert setup.dma.read(SR) & regs.IDLE


@pytest.mark.parametrize(("address", "length", "error"), [
    ("source", 0, regs.INTERNAL_ERROR),
    (1 << 20, 8, regs.DECODE_ERROR),
    ((1 << 20) - 8, 16, regs.DECODE_ERROR),
])  # fmt: skip
@pytest.mark.parametrize("channel", [0, S2MM])
def test_errors_halt_the_channel(setup, channel, address, length, error):
    setup.start(channel, setup.source if address == "source" else address, length)
    status = setup.dma.read(channel + SR)
    assert status & 0x70 == error
    assert status & regs.HALTED
    assert status & regs.ERR_IRQ
    assert not setup.dma.read(channel + CR) & regs.RUN


def test_a_frame_larger_than_the_buffer_is_an_internal_error(setup):
    setup.core.extra = bytes(8)
    setup.start(S2MM, setup.target, 8)
    setup.start(0, setup.source, 8)
    setup.dma.read(SR)
    assert setup.dma.read(S2MM + SR) & 0x70 == regs.INTERNAL_ERROR
    assert (setup.ddr.at(setup.target, 16) == 0xA5).all()


def test_the_length_register_has_only_its_bits(setup):
    setup.start(S2MM, setup.target, 1 << 16 | 8)
    assert setup.dma.read(S2MM + LENGTH) == 8


def test_a_32_bit_dma_has_no_upper_address(setup):
    setup.start(S2MM, 1 << 32 | setup.target, 8)
    assert setup.dma.read(S2MM + ADDRESS_MSB) == 0
    assert setup.dma.s2mm.busy


@pytest.mark.parametrize(("address", "length", "text"), [
    (4, 8, r"MM2S address 0x\w+ is no multiple of 8 bytes"),
    (0, 4104, r"MM2S of 4104 bytes at 0x\w+ is not inside one live buffer"),
])  # fmt: skip
def test_what_is_undefined_raises(setup, address, length, text):
    setup.ddr.free(setup.target)
    with pytest.raises(DeviceError, match=text):
        setup.start(0, setup.source + address, length)


@pytest.mark.parametrize("name", ["mm2s", "s2mm"])
def test_a_channel_with_realignment_takes_any_address_and_the_other_does_not(name):
    setup = Setup({f"c_include_{name}_dre": "1"})
    setup.run()
    setup.ddr.at(setup.source, 24)[:] = np.arange(24)
    send, receive = (3, 0) if name == "mm2s" else (0, 5)
    setup.start(S2MM, setup.target + receive, 64)
    setup.start(0, setup.source + send, 16)
    setup.dma.read(SR)
    assert setup.ddr.at(setup.target + receive, 16).tolist() == list(range(send, send + 16))
    other, buffer = (S2MM, setup.target) if name == "mm2s" else (0, setup.source)
    with pytest.raises(DeviceError, match="is no multiple of 8 bytes, which is undefined without realignment"):
        setup.start(other, buffer + 1, 8)


def test_length_of_a_busy_channel_raises(setup):
    setup.start(S2MM, setup.target, 8)
    with pytest.raises(DeviceError, match="LENGTH of S2MM was written while a transfer runs"):
        setup.start(S2MM, setup.target, 8)


def test_a_freed_buffer_cannot_be_read(setup):
    setup.ddr.free(setup.source)
    with pytest.raises(DeviceError, match="not inside one live buffer"):
        setup.start(0, setup.source, 8)


@pytest.mark.parametrize("channel", [0, S2MM])
def test_reset_of_one_channel_resets_both_and_the_streams(setup, channel):
    setup.core.taking = False
    setup.start(S2MM, setup.target, 8)
    setup.start(0, setup.source, 8)
    setup.dma.write(channel + CR, regs.RESET)
    assert setup.dma.read(channel + CR) & regs.RESET, "reset takes a moment"
    assert not setup.dma.read(channel + CR) & regs.RESET
    for other in (0, S2MM):
        assert setup.dma.read(other + SR) == 0x0001_0001
    assert setup.core.resets == 1
    assert setup.core.sent()


def test_registers_are_held_during_reset():
    setup = Setup()
    setup.dma.reset_polls = 1000
    setup.dma.write(CR, regs.RESET)
    setup.run()
    assert setup.dma.read(SR) & regs.HALTED


def test_endless_polling_is_an_error_when_asked_for():
    setup = Setup(poll_limit=50)
    setup.run()
    for _ in range(200):
        setup.dma.read(SR)  # nothing is in progress: no error
    setup.start(S2MM, setup.target, 8)
    for _ in range(50):
        setup.dma.read(S2MM + SR)
    with pytest.raises(TimeoutError, match=r"S2MM made no progress in 51 status reads.*TLAST"):
        setup.dma.read(S2MM + SR)


def test_scatter_gather_is_refused():
    with pytest.raises(DeviceError, match="only simple mode is modelled"):
        AxiDma(Ddr(1 << 20), Loopback(CoreConfig()), {"c_include_sg": "1"})
