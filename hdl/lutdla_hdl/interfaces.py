"""Signal bundles shared by the blocks, and how block instances get their names.

Attribute names are the AXI suffixes and argument names the prefixes, so that converted ports are `s_axi_awaddr`,
`s_axis_tdata` and so on, which Vivado infers as AXI interfaces.
"""

from __future__ import annotations

from typing import Any

from myhdl import Signal, intbv, modbv

from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import ADDRESS_BITS


def bits(width: int) -> Any:
    """An unsigned signal of `width` bits, 0 at start."""
    return Signal(intbv(0)[width:])


def counter_bits(width: int) -> Any:
    """An unsigned signal of `width` bits that wraps."""
    return Signal(modbv(0)[width:])


def signed_bits(width: int) -> Any:
    """A two's complement signal of `width` bits; a value that does not fit raises in simulation."""
    return Signal(intbv(0, min=-(1 << (width - 1)), max=1 << (width - 1)))


def flag() -> Any:
    """A single-bit signal, 0 at start."""
    return Signal(bool(0))


def width_for(values: int) -> int:
    """Bits that tell `values` values apart, at least 1."""
    return max(1, (values - 1).bit_length())


def named(instance: Any, name: str) -> Any:
    """Give a block instance its name in the hierarchy; without one, converted names differ from run to run."""
    instance.name = name
    return instance


class AxiLite:
    """AXI4-Lite, 32-bit data. The byte address has `ADDRESS_BITS` bits."""

    def __init__(self) -> None:
        self.awaddr = bits(ADDRESS_BITS)
        self.awprot = bits(3)
        self.awvalid = flag()
        self.awready = flag()
        self.wdata = bits(32)
        self.wstrb = bits(4)
        self.wvalid = flag()
        self.wready = flag()
        self.bresp = bits(2)
        self.bvalid = flag()
        self.bready = flag()
        self.araddr = bits(ADDRESS_BITS)
        self.arprot = bits(3)
        self.arvalid = flag()
        self.arready = flag()
        self.rdata = bits(32)
        self.rresp = bits(2)
        self.rvalid = flag()
        self.rready = flag()


class AxiStream:
    """AXI4-Stream of whole beats: no TKEEP, every beat is full."""

    def __init__(self, width: int) -> None:
        self.tdata = bits(width)
        self.tvalid = flag()
        self.tready = flag()
        self.tlast = flag()


class LoadBus:
    """Writes of checked load packets: one beat a cycle, broadcast to all memories."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        self.memory = bits(3)
        self.bank = bits(8)
        self.address = bits(16)
        self.chunk = bits(8)
        """Which beat of the word."""
        self.data = bits(config.stream_bits)


class Groups:
    """Groups of int8 values on their way to the encoders; no backpressure: the encoders take one every cycle."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        self.data = bits(8 * config.group)
        self.codebook = bits(width_for(config.codebook_rows))
        """Codebook row."""
        self.dest = bits(width_for(config.index_words * config.groups_per_word))
        """Index group that the result goes to."""
        self.encode = flag()
        """Its indices are written; otherwise it only passes through."""
        self.from_input = flag()
        """It comes from the input frame, not from requantisation."""


class Encoded:
    """Groups that leave the encoders."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        self.encode = flag()
        self.from_input = flag()
        self.dest = bits(width_for(config.index_words * config.groups_per_word))
        self.indices = bits(config.encoders * config.index_bits)


class Tail:
    """What requantisation and output need to know of the record whose row is at the head of the row FIFO."""

    def __init__(self, config: CoreConfig) -> None:
        self.to_output = flag()
        self.residual = flag()
        self.store = flag()
        self.encode = flag()
        self.low = bits(8)
        self.high = bits(8)
        self.constant = bits(16)
        self.codebook = bits(16)
        self.dest = bits(16)
        """First index group, before `Rows.dest`."""
        self.value_in = bits(16)
        """First value group added, before `Rows.dest`."""
        self.value_out = bits(16)
        """First value group stored, before `Rows.dest`."""
        self.encodings = bits(3)
        """Times that a row is encoded, less 1."""
        self.codebooks = bits(16)
        """Codebook rows from one encoding to the next."""
        self.encoding_stride = bits(16)
        """Index groups from one encoding to the next."""


class Rows:
    """Finished accumulator rows, at the head of a FIFO."""

    def __init__(self, config: CoreConfig) -> None:
        self.valid = flag()
        self.pop = flag()
        self.data = bits(config.lanes * config.acc_bits)
        self.channel = bits(width_for(max(config.constant_rows, config.codebook_rows)))
        self.dest = bits(16)
        """Index group without the record's base; wraps."""
        self.pool_first = flag()
        """The pool starts with this row."""
        self.pool_last = flag()
        """The pool is complete with this row."""
        self.ending = flag()
        """The last row of its record."""
        self.closing = flag()
        """The last row of the run."""


class Counted:
    """What a step read: banks looked up, and banks that added 0 for zero padding."""

    def __init__(self, config: CoreConfig) -> None:
        self.event = flag()
        self.lookups = bits(config.banks.bit_length())
        self.padding = bits(config.banks.bit_length())
