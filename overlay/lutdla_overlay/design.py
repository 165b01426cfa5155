"""`Design`: what a block design is made of, as plain data. Tcl, the predicted hwh and a picture are rendered from it.

Names are Vivado's: a pin is `cell/pin`, an address segment `cell/interface/segment`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import Board
from lutdla_overlay.clocks import PlClock

CLOCK, RESET, INTERRUPT = "clk", "rst", "intr"
"""Kinds of nets, as a hwh names them (SIGIS)."""

AXI = "xilinx.com:interface:aximm:1.0"
STREAM = "xilinx.com:interface:axis:1.0"


@dataclass(frozen=True)
class Cell:
    """An IP in the design.

    Attributes:
        name: of the instance.
        ip: vendor:library:name; Vivado takes the version its catalogue has.
        version: the version that the prediction names.
        role: what it does, in a few words: for people.
        place, rows: column and row in the picture, and how many rows it fills there.
        parameters: set by the Tcl, read back from the hwh.
        predicted: further parameters that the hwh shows; Vivado derives them.
        instead: an IP that stands in where the catalogue has no `ip`, with the same pins.
    """

    name: str
    ip: str
    version: str
    role: str
    place: tuple[float, float]
    parameters: dict[str, str] = field(default_factory=dict)
    predicted: dict[str, str] = field(default_factory=dict)
    instead: str = ""
    rows: float = 1

    @property
    def vlnv(self) -> str:
        """Vendor, library, name, predicted version."""
        return f"{self.ip}:{self.version}"


@dataclass(frozen=True)
class Net:
    """A wire or a bundle of wires: one driver, some sinks, all `cell/pin`."""

    driver: str
    sinks: tuple[str, ...]
    kind: str
    width: int = 1


@dataclass(frozen=True)
class Link:
    """A bus between two interfaces, both `cell/interface`; `vlnv` is its kind, `width` that of its data in bits."""

    master: str
    slave: str
    vlnv: str
    width: int


@dataclass(frozen=True)
class External:
    """An interface that leaves the device, with the name it gets there."""

    name: str
    interface: str
    vlnv: str


@dataclass(frozen=True)
class Address:
    """Where a master finds a slave.

    Attributes:
        space: the master's address space, `cell/space`.
        segment: the slave's, `cell/interface/segment`.
        master: interface of the master's cell through which it goes.
        slave: interface of the slave's cell.
        base, size: in bytes; `size` is the most, Vivado may know that a memory is smaller.
        memory: DDR, not registers.
        optional: the segment may be absent: not every preset has it.
    """

    space: str
    segment: str
    master: str
    slave: str
    base: int
    size: int
    memory: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Design:
    """The block design of a core on a board."""

    name: str
    board: Board
    config: CoreConfig
    clock_mhz: float
    """Most that the clock may be."""
    clock: PlClock
    """What the board makes of it."""
    preset_rule: str
    """Block automation that applies the processor's settings of a board file."""
    preset_config: str
    cells: tuple[Cell, ...]
    links: tuple[Link, ...]
    nets: tuple[Net, ...]
    externals: tuple[External, ...]
    addresses: tuple[Address, ...]
    hidden: tuple[tuple[str, str], ...] = ()
    """(address space, pattern of segments) that the space must not reach, though it could."""

    def cell(self, name: str) -> Cell:
        """The cell called `name`."""
        return next(cell for cell in self.cells if cell.name == name)

    def without(self) -> Iterator[tuple[str, Design]]:
        """The design with one thing missing, in every way: a link, a pin of a net, an address, an external interface.

        What is missing in words, and the design. A test that accepts one of them proves nothing.
        """
        for i, link in enumerate(self.links):
            yield f"link {link.master} -> {link.slave}", replace(self, links=_cut(self.links, i))
        for i, net in enumerate(self.nets):
            for pin in net.sinks:
                rest = tuple(sink for sink in net.sinks if sink != pin)
                left = (replace(net, sinks=rest),) if rest else ()
                yield f"wire {net.driver} -> {pin}", replace(self, nets=(*self.nets[:i], *left, *self.nets[i + 1:]))
        for i, address in enumerate(self.addresses):
            if not address.optional:
                what = f"address of {address.segment} in {address.space}"
                yield what, replace(self, addresses=_cut(self.addresses, i))
        for i, external in enumerate(self.externals):
            yield f"external {external.name}", replace(self, externals=_cut(self.externals, i))


def _cut(items: tuple, i: int) -> tuple:  # type: ignore[type-arg]
    return (*items[:i], *items[i + 1:])
