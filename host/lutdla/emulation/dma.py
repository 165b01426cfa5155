"""AXI DMA in simple mode: its registers (AMD's product guide PG021, direct register mode), joined to a core's streams.

    offset MM2S  S2MM   register
           0x00  0x30   CR      run/stop, reset, interrupt enables
           0x04  0x34   SR      halted, idle, errors, interrupt flags
           0x18  0x48   address (+4: upper half)
           0x28  0x58   LENGTH  writing it starts; S2MM: reads the bytes received

A transfer is done when the core has taken the last beat (MM2S) or a whole frame is in DDR (S2MM). Time passes when
a status is read. What the guide calls undefined raises here. Not modelled: scatter-gather, delays.
"""

from __future__ import annotations

import numpy as np

from lutdla.backends.protocol import CoreModel
from lutdla.backends.pynq_overlay import alignment
from lutdla.emulation.memory import Ddr
from lutdla.errors import DeviceError

RUN, RESET = 1 << 0, 1 << 2
CR_AT_RESET = 0x0001_0002
HALTED, IDLE = 1 << 0, 1 << 1
INTERNAL_ERROR, SLAVE_ERROR, DECODE_ERROR = 1 << 4, 1 << 5, 1 << 6
IOC_IRQ, ERR_IRQ, IRQS = 1 << 12, 1 << 14, 0x7000
SR_AT_RESET = 0x0001_0000 | HALTED
CR, SR, ADDRESS, ADDRESS_MSB, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
S2MM = 0x30


class Channel:
    """Registers of one direction; addresses must be multiples of `alignment` bytes."""

    def __init__(self, name: str, alignment: int) -> None:
        self.name, self.alignment = name, alignment
        self.reset()

    def reset(self) -> None:
        """The state after reset."""
        self.control, self.status, self.address, self.length = CR_AT_RESET, SR_AT_RESET, 0, 0
        self.busy = False

    def read(self, offset: int) -> int:
        """A register, by its offset in the channel."""
        return {
            CR: self.control, SR: self.status, ADDRESS: self.address & 0xFFFF_FFFF, ADDRESS_MSB: self.address >> 32,
            LENGTH: self.length,
        }.get(offset, 0)  # fmt: skip

    def done(self, nbytes: int) -> None:
        """End the transfer well."""
        self.busy, self.length = False, nbytes
        self.status |= IDLE | IOC_IRQ

    def fail(self, error: int) -> None:
        """End the transfer with an error: the channel halts until reset."""
        self.busy = False
        self.status |= error | HALTED | ERR_IRQ
        self.control &= ~RUN


class AxiDma:
    """The register target.

    Args:
        ddr: memory that both channels reach.
        stream: the core.
        parameters: of the IP, as the hwh gives them (values are text).

    Attributes:
        reset_polls: reads of a control register until a reset is over; a large number is a reset that hangs.
        poll_limit: status reads of a busy channel without progress after which TimeoutError is raised, None for no
            limit. For programs that call pynq's own `wait()`, which would spin for ever.
    """

    def __init__(self, ddr: Ddr, stream: CoreModel, parameters: dict[str, str], poll_limit: int | None = None) -> None:
        if int(parameters.get("c_include_sg", 0)) or int(parameters.get("c_micro_dma", 0)):
            raise DeviceError("emulated AXI DMA: the overlay's DMA has scatter-gather or micro mode, only simple mode "
                              "is modelled: set c_include_sg and c_micro_dma to 0")
        self.ddr, self.stream, self.poll_limit = ddr, stream, poll_limit
        self._length_mask = (1 << int(parameters.get("c_sg_length_width", 14))) - 1
        self._address_mask = (1 << int(parameters.get("c_addr_width", 32))) - 1
        self.mm2s, self.s2mm = (Channel(name, alignment(parameters, name.lower())) for name in ("MM2S", "S2MM"))
        self.reset_polls = 1
        self._resetting = self._polls = 0

    def _channel(self, offset: int) -> tuple[Channel, int]:
        return (self.mm2s, offset) if offset < S2MM else (self.s2mm, offset - S2MM)

    def read(self, offset: int) -> int:
        """A register; reading a status lets time pass."""
        channel, register = self._channel(offset)
        if register == CR and self._resetting:
            self._resetting -= 1
            return channel.control | RESET
        if register == SR:
            self._pass_time()
        return channel.read(register)

    def write(self, offset: int, value: int) -> None:
        """Write a register; LENGTH starts a transfer, CR.RESET resets both channels."""
        channel, register = self._channel(offset)
        if register == CR and value & RESET:
            self._reset()
        elif self._resetting:
            return  # the registers are held
        elif register == CR:
            channel.control = value & 0xFFFF_7003 | 2
            if value & RUN:
                channel.status &= ~HALTED
            else:
                channel.status |= HALTED
                channel.busy = False
        elif register == SR:
            channel.status &= ~(value & IRQS)
        elif register == ADDRESS:
            channel.address = channel.address >> 32 << 32 | value
        elif register == ADDRESS_MSB:
            channel.address = (value << 32 | channel.address & 0xFFFF_FFFF) & self._address_mask
        elif register == LENGTH:
            self._start(channel, value & self._length_mask)

    def _reset(self) -> None:
        """Reset of either channel resets both, and the streams with them."""
        self.mm2s.reset()
        self.s2mm.reset()
        self.stream.reset_streams()
        self._resetting, self._polls = self.reset_polls, 0

    def _start(self, channel: Channel, length: int) -> None:
        if channel.status & HALTED:
            return  # PG021: LENGTH has no effect while the channel does not run
        if channel.busy:
            raise DeviceError(f"emulated AXI DMA: LENGTH of {channel.name} was written while a transfer runs, which is "
                              "undefined: wait until the channel is idle")
        channel.length = length
        channel.status &= ~IDLE
        if length == 0:
            channel.fail(INTERNAL_ERROR)
        elif not self.ddr.contains(channel.address, length):
            channel.fail(DECODE_ERROR)
        elif channel.address % channel.alignment:
            raise DeviceError(f"emulated AXI DMA: {channel.name} address 0x{channel.address:X} is no multiple of "
                              f"{channel.alignment} bytes, which is undefined without realignment: align the buffer")
        elif self.ddr.owner(channel.address, length) is None:
            raise DeviceError(f"emulated AXI DMA: {channel.name} of {length} bytes at 0x{channel.address:X} is not "
                              "inside one live buffer; on a board it reads or overwrites memory of Linux")
        else:
            channel.busy, self._polls = True, 0
            if channel is self.mm2s:
                self.stream.send(self.ddr.at(channel.address, length).tobytes())

    def _pass_time(self) -> None:
        self.stream.step()
        before = self.mm2s.busy, self.s2mm.busy
        if self.mm2s.busy and self.stream.sent():
            self.mm2s.done(self.mm2s.length)
        if self.s2mm.busy:
            self._receive()
        waiting = any(before) and before == (self.mm2s.busy, self.s2mm.busy)
        self._polls = self._polls + 1 if waiting else 0
        if self.poll_limit is not None and self._polls > self.poll_limit:
            names = " and ".join(channel.name for channel in (self.mm2s, self.s2mm) if channel.busy)
            raise TimeoutError(f"emulated AXI DMA: {names} made no progress in {self._polls} status reads: the stream "
                               "starves or TLAST is missing; on a board pynq's wait() never returns")

    def _receive(self) -> None:
        frame = self.stream.receive()
        if frame is None:
            return
        if len(frame) > self.s2mm.length:
            self.s2mm.fail(INTERNAL_ERROR)
            return
        self.ddr.at(self.s2mm.address, len(frame))[:] = np.frombuffer(frame, np.uint8)
        self.s2mm.done(len(frame))
