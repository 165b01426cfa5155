"""DDR memory with caches: a buffer has a copy that the program sees and a copy that the DMA sees.

`flush` and `invalidate` copy between the two, so a forgotten one shows, as behind a port without coherency. New DDR
holds a pattern and not zeros, for the same reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pynq.buffer import PynqBuffer

from lutdla.errors import DeviceError, InputError

PAGE = 4096
"""Buffers begin at a multiple of this."""

FILL = 0xA5
"""What DDR holds before anyone writes."""

Bytes = npt.NDArray[np.uint8]


class Ddr:
    """Physical memory: `size` bytes of DDR, of which the `pool` at the end of it can be given out as buffers.

    Attributes:
        buffers: address -> bytes of every buffer that has not been freed.
    """

    def __init__(self, size: int, pool: int = 192 << 20) -> None:
        self.size = size
        self.base = size - min(pool, size // 2)
        self.buffers: dict[int, int] = {}
        # np.zeros commits pages when they are touched; the fill pattern is written when a buffer is made
        self._bytes: Bytes = np.zeros(size - self.base, np.uint8)

    def allocate(self, nbytes: int) -> int:
        """Address of a new buffer: the first gap that is large enough.

        Raises:
            DeviceError: no gap is large enough.
        """
        need = -(-max(nbytes, 1) // PAGE) * PAGE
        address = self.base
        for start in sorted(self.buffers):
            if start - address >= need:
                break
            address = start + -(-self.buffers[start] // PAGE) * PAGE
        if address + need > self.size:
            held = sum(self.buffers.values())
            raise DeviceError(f"buffer of {nbytes} bytes: the device has no gap of that size left, {held} bytes in "
                              f"{len(self.buffers)} buffers are in use of {self.size - self.base}: free some")
        self.buffers[address] = max(nbytes, 1)
        self.at(address, need)[:] = FILL
        return address

    def free(self, address: int) -> None:
        """Give a buffer back; freeing one twice does nothing."""
        self.buffers.pop(address, None)

    def at(self, address: int, nbytes: int) -> Bytes:
        """The bytes of DDR themselves (a view)."""
        return self._bytes[address - self.base : address - self.base + nbytes]

    def owner(self, address: int, nbytes: int) -> int | None:
        """Address of the buffer that holds the whole range, None when no single buffer does."""
        for start, length in self.buffers.items():
            if start <= address and address + nbytes <= start + length:
                return start
        return None

    def contains(self, address: int, nbytes: int) -> bool:
        """Whether the whole range is DDR, owned by a buffer or not."""
        return address >= 0 and address + nbytes <= self.size


class EmulatedBuffer(PynqBuffer):  # type: ignore[misc]  # pynq has no types
    """pynq's buffer, with memory that is given back to the emulated DDR and not to the C library."""

    # numpy 2 has a read-only ndarray.device, which PynqBuffer assigns: our property comes first
    device = property(lambda self: self.__dict__.get("_device"),
                      lambda self, value: self.__dict__.__setitem__("_device", value))

    freed: bool

    def freebuffer(self) -> None:
        """Free the memory; only the array that `allocate` returned owns it, views do nothing."""
        memory = self.__dict__.get("memory")
        if memory is not None and not self.freed:
            self.freed = True
            memory.device.ddr.free(self.bo[0])


class EmulatedMemory:
    """What pynq calls a memory: makes buffers in the device's DDR."""

    def __init__(self, device: Any, description: dict[str, Any]) -> None:
        self.device, self.desc = device, description
        self.base_address, self.size = description["base_address"], description["size"]

    def allocate(self, shape: Any, dtype: Any = "u4", cacheable: int = 1, **unused: Any) -> EmulatedBuffer:
        """A buffer of `shape`; `cacheable=0` has one copy only, nothing to flush.

        Raises:
            InputError: an option that this device does not know.
            DeviceError: DDR is full.
        """
        if unused:
            raise InputError(f"allocate: unknown option {min(unused)!r}, the emulated device has cacheable")
        shape = tuple(int(n) for n in np.atleast_1d(shape))
        kind = np.dtype(dtype)
        nbytes = int(np.prod(shape)) * kind.itemsize
        address = self.device.ddr.allocate(nbytes)
        host = np.zeros(max(nbytes, 1), np.uint8) if cacheable else self.device.ddr.at(address, max(nbytes, 1))
        buffer = EmulatedBuffer(shape, kind, bo=(address, host), device=self.device, buffer=host.data,
                                device_address=address, coherent=not cacheable)
        buffer.memory = self
        return buffer


def copy_to_ddr(ddr: Ddr, bo: tuple[int, Bytes], offset: int, nbytes: int) -> None:
    """What a cache flush does: the DMA then sees what the program wrote."""
    address, host = bo
    _check_live(ddr, address, "flush")
    ddr.at(address + offset, nbytes)[:] = host[offset : offset + nbytes]


def copy_from_ddr(ddr: Ddr, bo: tuple[int, Bytes], offset: int, nbytes: int) -> None:
    """What a cache invalidate does: the program then sees what the DMA wrote, and loses what it did not flush."""
    address, host = bo
    _check_live(ddr, address, "invalidate")
    host[offset : offset + nbytes] = ddr.at(address + offset, nbytes)


def _check_live(ddr: Ddr, address: int, what: str) -> None:
    if address not in ddr.buffers:
        raise DeviceError(f"{what} of the buffer at 0x{address:08X}, which was freed: keep it until the device is "
                          "done with it; on a board this touches memory of other programs")
