"""The AXI DMA's registers: what its channels report, in words, and how they are brought back to idle."""

from __future__ import annotations

import time
from typing import Any

from lutdla.errors import CoreError, DeadlineError

MM2S, S2MM = 0x00, 0x30
"""Channels, by the place of their registers: memory to stream, stream to memory."""

_NAMES = {MM2S: "MM2S (to the core)", S2MM: "S2MM (from the core)"}
_CONTROL, _STATUS, _ADDRESS, _ADDRESS_HIGH, _LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28  # offsets in a channel
_RUN, _RESET = 1 << 0, 1 << 2
_HALTED, _IDLE, _IOC = 1 << 0, 1 << 1, 1 << 12
_ERRORS = {
    1 << 4: "internal error: a length of 0, or the core sent more than the buffer holds",
    1 << 5: "slave error: memory refused the access",
    1 << 6: "decode error: the address is not in DDR, or is beyond the DMA's address width",
}


class DmaChannels:
    """Both channels.

    Args:
        registers: pynq's MMIO of the DMA.
        reset_timeout_s: how long a reset may take.
    """

    def __init__(self, registers: Any, reset_timeout_s: float) -> None:
        self._registers, self.reset_timeout_s = registers, reset_timeout_s

    def _read(self, channel: int, register: int) -> int:
        return int(self._registers.read(channel + register))

    # -- what they report --------------------------------------------------------------------------------------------
    def look(self) -> None:
        """Read a status and do nothing about it: a simulated device lets time pass when it is looked at."""
        self._read(MM2S, _STATUS)

    def check(self, channel: int, buffer: Any) -> int:
        """The status word of a channel. `buffer`: what it is at work on, if anything.

        Raises:
            CoreError: it holds an error; the exchange is over.
        """
        word = self._read(channel, _STATUS)
        errors = [text for bit, text in _ERRORS.items() if word & bit]
        if errors:
            address = self._read(channel, _ADDRESS) | self._read(channel, _ADDRESS_HIGH) << 32
            asked = f", buffer of {buffer.nbytes} bytes" if buffer is not None else ""
            raise CoreError(f"DMA {_NAMES[channel]}: {'; '.join(errors)} (status 0x{word:08X}, address "
                            f"0x{address:X}, length {self._read(channel, _LENGTH)}{asked}): reset the streams", "DMA")
        return word

    def check_running(self, channel: int) -> None:
        """Check that a channel takes a transfer.

        Raises:
            CoreError: it holds an error, or does not run.
        """
        if self.check(channel, None) & _HALTED:
            raise CoreError(f"DMA {_NAMES[channel]} does not run: reset the streams ({self.describe(None, None)})",
                            "DMA")

    def done(self, outgoing: Any, incoming: Any) -> bool:
        """Whether the transfers of an exchange have ended. `incoming` None: nothing is received.

        Raises:
            CoreError: one of them has failed.
        """
        at_work = {MM2S: outgoing} | ({S2MM: incoming} if incoming is not None else {})
        words = [self.check(channel, buffer) for channel, buffer in at_work.items()]
        for channel, word in zip(at_work, words):
            if word & _HALTED and not word & _IDLE:
                raise CoreError(f"DMA {_NAMES[channel]} was stopped in the middle of a transfer: reset the streams "
                                f"({self.describe(outgoing, incoming)})", "DMA")
        if not all(word & _IDLE for word in words):
            return False
        for channel in at_work:
            self._registers.write(channel + _STATUS, _IOC)
        return True

    def received(self) -> int:
        """Bytes of the newest result frame."""
        return self._read(S2MM, _LENGTH)

    def describe(self, outgoing: Any, incoming: Any) -> str:
        """The state of both channels in words; None for one that is not at work."""
        return "; ".join(self._describe(channel, armed) for channel, armed in ((MM2S, outgoing), (S2MM, incoming)))

    def _describe(self, channel: int, armed: Any) -> str:
        word = self._read(channel, _STATUS)
        errors = [text.split(":")[0] for bit, text in _ERRORS.items() if word & bit]
        if errors:
            state = " and ".join(errors)
        elif word & _HALTED:
            state = "halted"
        elif word & _IDLE or armed is None:
            state = "idle"
        elif channel == MM2S:
            state = f"busy, the core has not taken all {armed.nbytes} bytes (it stalls or waits for the result stream)"
        else:
            state = f"busy, no whole result frame has come (TLAST missing) for the buffer of {armed.nbytes} bytes"
        return (f"DMA {_NAMES[channel]}: {state} (CR 0x{self._read(channel, _CONTROL):08X}, SR 0x{word:08X}, "
                f"length {self._read(channel, _LENGTH)})")

    # -- recovery ----------------------------------------------------------------------------------------------------
    def reset(self) -> None:
        """Reset both channels and start them, each wait with a deadline.

        Raises:
            DeadlineError: one does not come out of reset, or does not start.
        """
        self._registers.write(MM2S + _CONTROL, _RESET)
        for channel in (MM2S, S2MM):
            self._wait(channel, _CONTROL, _RESET, "is still in reset")
        for channel in (MM2S, S2MM):
            self._registers.write(channel + _CONTROL, _RUN)
            self._wait(channel, _STATUS, _HALTED, "does not start")

    def _wait(self, channel: int, register: int, bit: int, what: str) -> None:
        deadline = time.monotonic() + self.reset_timeout_s
        while self._read(channel, register) & bit:
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"DMA {_NAMES[channel]} {what} after {self.reset_timeout_s:g} s (CR "
                    f"0x{self._read(channel, _CONTROL):08X}, SR 0x{self._read(channel, _STATUS):08X}): is the "
                    "overlay's clock running? Download the overlay again"
                )
