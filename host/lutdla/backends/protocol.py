"""What every back end offers to the runtime, and what every model of the core offers to back ends.

`CoreModel` stands in for the silicon: registers, and frames in and out (emulator, Verilated RTL, MyHDL simulation).
`Backend` is what the runtime drives: registers, DMA-able buffers, one exchange of frames at a time. A board (through
pynq) is a `Backend`; any `CoreModel` becomes one through `SimulatedBackend`.

Nothing here waits: the runtime polls, so that there is one place with a deadline.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Buffer = npt.NDArray[np.uint8]
"""Bytes that the device can reach; freed with the back end that made it."""


class CoreModel(Protocol):
    """A model of the core: what the bus and the streams see."""

    cycle_exact: bool
    """Whether the cycle counters are those of the hardware (RTL); False: they read 0."""

    def read_register(self, offset: int) -> int:
        """One 32-bit register, by byte offset; an offset without a register reads 0."""

    def write_register(self, offset: int, value: int) -> None:
        """Write one 32-bit register; writes to other offsets are ignored."""

    def send(self, frame: bytes) -> None:
        """Queue a frame (whole beats, TLAST on the last) for the core's input stream."""

    def sent(self) -> bool:
        """Whether every queued frame has been taken by the core."""

    def receive(self) -> bytes | None:
        """The next whole frame of the output stream, None while there is none."""

    def step(self) -> None:
        """Let some time pass (a model without time does all it can)."""

    def interrupt(self) -> bool:
        """Level of the interrupt line."""

    def reset_streams(self) -> None:
        """Forget queued and half-received frames: what a DMA reset does."""

    def close(self) -> None:
        """Free what the model holds; may be called twice."""


class Backend(Protocol):
    """A device as the runtime drives it."""

    name: str
    """emulator, rtl, myhdl or pynq."""
    cycle_exact: bool
    """Whether cycle counters are real."""
    max_frame_bytes: int
    """The longest frame that one exchange can carry."""
    usual_frame_bytes: int
    """Bytes of a frame that suit the device: larger batches are cut into such exchanges."""

    def read_register(self, offset: int) -> int:
        """One 32-bit register, by byte offset."""

    def write_register(self, offset: int, value: int) -> None:
        """Write one 32-bit register."""

    def allocate(self, nbytes: int) -> Buffer:
        """A buffer for `start`; at least 1 byte."""

    def free(self, buffer: Buffer) -> None:
        """Give a buffer back; using it afterwards is an error."""

    def start(self, outgoing: Buffer, incoming: Buffer | None) -> None:
        """Begin an exchange: arm the receiver for one frame into `incoming`, then send `outgoing` as one frame."""

    def poll(self) -> bool:
        """Let time pass; True when the exchange is complete, `incoming` filled and visible to the host.

        Raises:
            CoreError: code "DMA" when the DMA itself reports an error (decoded).
        """

    def received(self) -> int:
        """Bytes that the last exchange received."""

    def stream_status(self) -> str:
        """The state of both channels in words and registers: for the message of a timeout."""

    def reset_streams(self) -> None:
        """Abandon the exchange and bring the DMA back to idle."""

    def close(self) -> None:
        """Free the device and its buffers; may be called twice."""
