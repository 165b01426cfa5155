"""Register accesses: an address map of targets, a bounded trace, and the array that pynq's MMIO reads and writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from lutdla.errors import DeviceError


class Target(Protocol):
    """Something with 32-bit registers."""

    def read(self, offset: int) -> int:
        """The register at a byte offset."""

    def write(self, offset: int, value: int) -> None:
        """Write the register at a byte offset."""


class WordRegisters:
    """A target that only remembers: every register reads what was written, at first the given values."""

    def __init__(self, values: dict[int, int] | None = None) -> None:
        self.values = dict(values or {})

    def read(self, offset: int) -> int:
        """What was written last."""
        return self.values.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Remember a value."""
        self.values[offset] = value


class Access(NamedTuple):
    """One traced register access."""

    kind: str
    """R or W."""
    name: str
    """The target."""
    offset: int
    value: int


class AddressMap:
    """Which target answers at which address.

    Args:
        trace_length: register accesses that `trace` keeps, newest last.
    """

    def __init__(self, trace_length: int = 4096) -> None:
        self.trace: deque[Access] = deque(maxlen=trace_length)
        self._ranges: list[tuple[int, int, str, Target]] = []

    def attach(self, name: str, base: int, size: int, target: Target) -> None:
        """Let `target` answer at base .. base + size - 1; a target of that name is replaced."""
        self.detach(name)
        for low, high, other, _ in self._ranges:
            if low < base + size and base < high:
                raise DeviceError(f"emulated bus: {name} at 0x{base:08X} overlaps {other} at 0x{low:08X}")
        self._ranges.append((base, base + size, name, target))

    def detach(self, name: str) -> None:
        """Forget a target; nothing happens when there is none of that name."""
        self._ranges = [entry for entry in self._ranges if entry[2] != name]

    def find(self, address: int) -> tuple[str, Target, int]:
        """Name, target and byte offset at an address.

        Raises:
            DeviceError: no target is there.
        """
        for low, high, name, target in self._ranges:
            if low <= address < high:
                return name, target, address - low
        known = ", ".join(f"{name} 0x{low:08X}..0x{high - 1:08X}" for low, high, name, _ in sorted(self._ranges)[:8])
        raise DeviceError(f"emulated bus error: nothing answers at 0x{address:08X} (there are: {known or 'none'}); "
                          "on a board this access hangs the processor")

    def read(self, address: int) -> int:
        """Read the 32-bit register at an address."""
        name, target, offset = self.find(address)
        value = target.read(offset) & 0xFFFF_FFFF
        self.trace.append(Access("R", name, offset, value))
        return value

    def write(self, address: int, value: int) -> None:
        """Write the 32-bit register at an address."""
        name, target, offset = self.find(address)
        self.trace.append(Access("W", name, offset, value))
        target.write(offset, value)


class RegisterArray(np.ndarray[Any, np.dtype[np.uint32]]):
    """What `pynq.MMIO.array` is on this device: an array of uint32 whose elements are registers.

    Every element read or written goes to the address map. Slices and views stay register arrays: their address
    follows from where they point in the (unused) memory of the first array, as on a memory-mapped device.
    """

    bus: AddressMap
    _address: int
    _pointer: int
    __array_ufunc__ = None  # type: ignore[assignment]  # arithmetic would use the unused memory: an error is better

    def __new__(cls, bus: AddressMap, address: int, length: int) -> RegisterArray:
        """The registers of `length` bytes from `address`."""
        array = np.zeros(max(length // 4, 1), np.uint32).view(cls)
        array.bus = bus
        array._address, array._pointer = address, array._data_pointer()
        return array

    def __array_finalize__(self, source: Any) -> None:
        for name in ("bus", "_address", "_pointer"):
            setattr(self, name, getattr(source, name, None))

    def _data_pointer(self) -> int:
        return int(self.__array_interface__["data"][0])

    def _element(self, index: int) -> int:
        """Address of element `index`."""
        if self.ndim != 1 or self.itemsize != 4:
            raise DeviceError(f"emulated registers are read and written as 32-bit words, not as {self.dtype}")
        length = len(self)
        if not -length <= index < length:
            raise IndexError(f"register {index} of {length}")
        return int(self._address + self._data_pointer() - self._pointer + index % length * self.strides[0])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (int, np.integer)):
            return np.uint32(self.bus.read(self._element(int(key))))
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, (int, np.integer)):
            self.bus.write(self._element(int(key)), int(value) & 0xFFFF_FFFF)
            return
        indices = range(*key.indices(len(self))) if isinstance(key, slice) else np.arange(len(self))[key]
        for index, word in zip(indices, np.broadcast_to(value, len(indices))):
            self[int(index)] = int(word)

    def __iter__(self) -> Iterator[np.uint32]:
        return (self[i] for i in range(len(self)))

    def tolist(self) -> list[int]:
        """All registers, read in order."""
        return [int(word) for word in self]
