"""Faults of caches and buffers."""

from __future__ import annotations

from lutdla.faults.fault import Fault, kind


@kind
class FlushForgotten(Fault):
    """A cache is not flushed: the DMA reads what was there before."""

    name, group, what, events = "flush_forgotten", "memory", "a cache is not flushed", 2

    def flush(self, nbytes: int) -> int:
        return 0 if self.due() else nbytes


@kind
class FlushPartial(Fault):
    """Only the first cache lines are flushed."""

    name, group, what, events = "flush_partial", "memory", "only the first lines of a cache are flushed", 2

    def flush(self, nbytes: int) -> int:
        return self.random.randrange(nbytes) // 32 * 32 if self.due() else nbytes


@kind
class InvalidateForgotten(Fault):
    """A cache is not invalidated: the program reads what was there before."""

    name, group, what = "invalidate_forgotten", "memory", "a cache is not invalidated"

    def invalidate(self, nbytes: int) -> int:
        return 0 if self.due() else nbytes


@kind
class InvalidatePartial(Fault):
    """Only the first cache lines are invalidated."""

    name, group, what = "invalidate_partial", "memory", "only the first lines of a cache are invalidated"

    def invalidate(self, nbytes: int) -> int:
        return self.random.randrange(nbytes) // 32 * 32 if self.due() else nbytes


class BufferFault(Fault):
    """A new buffer is not what it should be."""

    group, fresh = "memory", True


@kind
class BufferTooHigh(BufferFault):
    """A buffer lies above what the DMA can address."""

    name, what = "buffer_too_high", "a buffer lies beyond the DMA's addresses"

    def address(self, address: int) -> int:
        return address | self.random.randint(1, 15) << 40 if self.due() else address


@kind
class BufferElsewhere(BufferFault):
    """A buffer lies outside the memory that there is."""

    name, what = "buffer_out_of_range", "a buffer lies outside of DDR"

    def address(self, address: int) -> int:
        return 0xF000_0000 + (address & 0xFFF_FFFF) if self.due() else address


@kind
class BufferUnaligned(BufferFault):
    """A buffer begins in the middle of a beat."""

    name, what = "buffer_unaligned", "a buffer begins in the middle of a beat"

    def address(self, address: int) -> int:
        return address + self.random.randint(1, 7) if self.due() else address


@kind
class NoMemory(BufferFault):
    """There is no contiguous memory left."""

    name, what = "no_memory", "no contiguous memory is left"

    def address(self, address: int) -> int:
        if self.due():
            raise RuntimeError("Failed to allocate memory")
        return address
