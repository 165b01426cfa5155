"""Faults of the AXI DMA."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from lutdla.emulation.dma import (
    ADDRESS,
    CR,
    DECODE_ERROR,
    IDLE,
    INTERNAL_ERROR,
    IOC_IRQ,
    LENGTH,
    RESET,
    RUN,
    S2MM,
    SLAVE_ERROR,
    SR,
    AxiDma,
)
from lutdla.faults.fault import Fault, kind

_STATUS = (SR, S2MM + SR)


class DmaFault(Fault):
    """Something of the DMA fails."""

    group = "dma"

    @property
    def dma(self) -> AxiDma:
        """The model."""
        assert self.device is not None, "armed"
        assert self.device.dma is not None, "an overlay is loaded"
        return self.device.dma


class DmaError(DmaFault):
    """A channel that is at work reports an error."""

    bit: ClassVar[int]
    events = 2

    def read(self, target: str, offset: int, value: int) -> int:
        if target == "dma" and offset in _STATUS:
            channel = self.dma.mm2s if offset == SR else self.dma.s2mm
            if channel.length and self.due():  # also behind the end, as an error of the last write would come
                channel.fail(self.bit)
                return channel.status
        return value


for _name, _bit in (("internal", INTERNAL_ERROR), ("slave", SLAVE_ERROR), ("decode", DECODE_ERROR)):
    kind(type(f"Dma{_name.title()}", (DmaError,), {
        "bit": _bit, "name": f"dma_{_name}_error", "what": f"a DMA channel reports an {_name} error".replace(
            "an s", "a s").replace("an d", "a d"), "__doc__": f"A channel reports the error `{_name}`.",
    }))  # fmt: skip


class NeverIdle(DmaFault, ABC):
    """From the start of a transfer on, its channel says that it is at work for `left` more looks."""

    events = 2

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.left, self.status = self.looks(), -1

    @abstractmethod
    def looks(self) -> int:
        """How many looks."""

    def write(self, target: str, offset: int, value: int) -> int | None:
        if target == "dma" and offset in (LENGTH, S2MM + LENGTH) and self.due():
            self.status = offset - LENGTH + SR
        return value

    def read(self, target: str, offset: int, value: int) -> int:
        if target == "dma" and offset == self.status and self.armed and self.left:
            self.left -= 1
            return value & ~(IDLE | IOC_IRQ)
        return value


@kind
class DmaStuck(NeverIdle):
    """A channel never becomes idle."""

    name, what = "dma_stuck", "a DMA channel never becomes idle"

    def looks(self) -> int:
        return 1 << 60


@kind
class DmaSlow(NeverIdle):
    """A channel becomes idle late."""

    name, what, harmless = "dma_slow", "a DMA channel becomes idle late, which is no error", True

    def looks(self) -> int:
        return self.random.randint(1, 20)


@kind
class DmaHangsInReset(DmaFault):
    """The DMA does not come out of reset: it waits for a memory access that is not answered."""

    name, what = "dma_hangs_in_reset", "the DMA does not come out of a reset that an error made necessary"

    def send(self, frame: bytes) -> list[bytes]:
        return [b"\xff" * len(frame)] if self.due() else [frame]

    def read(self, target: str, offset: int, value: int) -> int:
        return value | RESET if target == "dma" and offset in (CR, S2MM + CR) and self.fired and self.armed else value


@kind
class DmaStopped(DmaFault):
    """A channel is stopped in the middle of a transfer."""

    name, what, events = "dma_stopped", "a DMA channel is stopped in the middle of a transfer", 1

    def step(self) -> None:
        busy = [base for base, channel in ((0, self.dma.mm2s), (S2MM, self.dma.s2mm)) if channel.busy]
        if busy and self.due():
            base = self.random.choice(busy)
            self.dma.write(base + CR, self.dma.read(base + CR) & ~RUN)


@kind
class InterruptLost(DmaFault):
    """The flag of a finished transfer is never set: nobody waits for it."""

    name, what, events = "interrupt_lost", "the interrupt of a finished transfer is lost, which is no error", 2
    harmless = True

    def read(self, target: str, offset: int, value: int) -> int:
        return value & ~IOC_IRQ if target == "dma" and offset in _STATUS and self.lasts() else value


@kind
class LengthNarrow(DmaFault):
    """The DMA's length registers are narrower than the hwh says."""

    name, what, events = "dma_length_narrow", "the DMA's length registers are narrower than the hwh says", 2

    def write(self, target: str, offset: int, value: int) -> int | None:
        if target == "dma" and offset in (LENGTH, S2MM + LENGTH) and value and self.due():
            return value & ((1 << self.random.randrange(value.bit_length())) - 1)
        return value


class WordFlip(DmaFault):
    """A bit of a register flips when it is written."""

    register: ClassVar[int]
    bits: ClassVar[int]
    events = 2

    def write(self, target: str, offset: int, value: int) -> int | None:
        if target == "dma" and offset in (self.register, S2MM + self.register) and self.due():
            return value ^ 1 << self.random.randrange(self.bits)
        return value


@kind
class AddressFlip(WordFlip):
    """The DMA works at another address than it was told."""

    name, what, register, bits = "dma_address_flip", "a bit flips in an address that the DMA is given", ADDRESS, 32


@kind
class LengthFlip(WordFlip):
    """The DMA moves another number of bytes than it was told."""

    name, what, register, bits = "dma_length_flip", "a bit flips in a length that the DMA is given", LENGTH, 26


@kind
class DmaWriteLost(DmaFault):
    """A write to a register of the DMA is lost."""

    name, what, events = "dma_write_lost", "a write to a register of the DMA is lost", 9

    def write(self, target: str, offset: int, value: int) -> int | None:
        return None if target == "dma" and self.due() else value
