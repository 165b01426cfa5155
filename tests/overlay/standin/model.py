"""The design as the commands have made it: cells, nets, addresses; and whether it is whole."""

import fnmatch
from dataclasses import dataclass, field

from tests.overlay.standin.arguments import VivadoError
from tests.overlay.standin.catalogue import STREAM
from tests.overlay.standin.processors import ZYNQ, ZYNQMP, derived


@dataclass
class Cell:
    name: str
    ip: str
    definition: object
    parameters: dict

    @property
    def shape(self):
        return self.definition.shape(self.parameters)


@dataclass
class Placed:
    """A slave's segment in a master's space."""

    space: str  # cell/space
    segment: str  # cell/interface/segment
    base: int
    size: int


@dataclass
class Design:
    name: str
    cells: dict = field(default_factory=dict)
    ports: dict = field(default_factory=dict)  # external interface -> vlnv
    nets: list = field(default_factory=list)  # sets of cell/pin
    links: list = field(default_factory=list)  # (master, slave), cell/interface or the name of a port
    placed: list = field(default_factory=list)
    excluded: set = field(default_factory=set)
    validated: bool = False
    saved: bool = False

    def names(self, what):
        """All pins, interfaces, segments or spaces: name with its cell -> what it is."""
        return {f"{cell.name}/{name}": entry for cell in self.cells.values()
                for name, entry in getattr(cell.shape, what).items()}

    def find(self, what, pattern):
        """Names that match a pattern; a leading slash is the top level."""
        return [name for name in self.names(what) if fnmatch.fnmatchcase(name, pattern.lstrip("/"))]

    # -- joining ---------------------------------------------------------------------------------------------------
    def wire(self, pins):
        known = self.names("pins")
        for pin in pins:
            if pin not in known:
                raise VivadoError(f"[BD 5-106] Arguments to the connect_bd_net command cannot be empty: {pin}")
        joined = set(pins)
        for net in [net for net in self.nets if net & joined]:
            self.nets.remove(net)
            joined |= net
        drivers = [pin for pin in joined if known[pin].direction == "O"]
        if len(drivers) > 1:
            raise VivadoError(f"[BD 41-237] Bus or net has several drivers: {' '.join(sorted(drivers))}")
        self.nets.append(joined)
        self.validated = False

    def link(self, one, other):
        known = self.names("interfaces")
        ends = []
        for end in (one, other):
            if any(end in pair for pair in self.links):
                raise VivadoError(f"[BD 41-171] The interface pin {end} is already connected")
            ends.append(end)
        kinds = {known[end].vlnv if end in known else self.ports.get(end, "") for end in ends}
        kinds = {kind.rpartition(":")[0].removesuffix("_rtl") for kind in kinds}
        if len(kinds) != 1:
            raise VivadoError(f"[BD 41-1732] {one} and {other} are not of one kind: {' and '.join(sorted(kinds))}")
        inside = [end for end in ends if end in known]
        if len(inside) == 2:
            modes = {known[end].mode: end for end in inside}
            if set(modes) != {"Master", "Slave"}:
                raise VivadoError(f"[BD 41-1733] {one} and {other} are both {known[one].mode.lower()}s")
            self.links.append((modes["Master"], modes["Slave"]))
        else:
            port = next(end for end in ends if end not in known)
            self.links.append((inside[0], port))
        self.validated = False

    # -- addresses -------------------------------------------------------------------------------------------------
    def reached(self, space):
        """Segments that a space reaches through interconnects: name -> (segment, master's window or None)."""
        cell, _, name = space.partition("/")
        ways = self.cells[cell].shape.spaces[name]
        found = {}
        for interface, low, size in [(ways, 0, 1 << 64)] if isinstance(ways, str) else ways:
            for slave in self._slaves(f"{cell}/{interface}", set()):
                owner, _, port = slave.partition("/")
                for segment, entry in self.cells[owner].shape.segments.items():
                    if entry.interface == port:
                        found[f"{owner}/{segment}"] = (entry, low, size, interface)
        return found

    def _slaves(self, master, seen):
        for a, b in self.links:
            if a != master or b in self.ports or b in seen:
                continue
            seen.add(b)
            cell = self.cells[b.partition("/")[0]]
            if cell.ip == "xilinx.com:ip:smartconnect":
                for name, interface in cell.shape.interfaces.items():
                    if interface.mode == "Master":
                        yield from self._slaves(f"{cell.name}/{name}", seen)
            else:
                yield b

    def place(self, space, segment, base, size):
        reached = self.reached(space)
        if segment not in reached:
            raise VivadoError(f"[BD 41-1075] Cannot assign {segment} into {space}: there is no path to it")
        entry, low, window, _ = reached[segment]
        if size <= 0 or size & (size - 1) or base % size:
            raise VivadoError(f"[BD 41-1051] {segment} cannot be assigned at 0x{base:X} with range 0x{size:X}: "
                              "the range must be a power of two, and the offset a multiple of it")
        if size > entry.size and entry.usage == "memory":
            raise VivadoError(f"[BD 41-1051] {segment}: range 0x{size:X} is larger than the segment, 0x{entry.size:X}")
        if entry.base is not None and not entry.base <= base < entry.base + entry.size:
            raise VivadoError(f"[BD 41-1051] {segment} is at 0x{entry.base:X}, not at 0x{base:X}")
        if not low <= base or base + size > low + window:
            raise VivadoError(f"[BD 41-1051] {segment} at 0x{base:X} is outside the aperture of {space}, 0x{low:X} and "
                              f"0x{window:X} bytes")
        for other in self.placed:
            if other.space == space and base < other.base + other.size and other.base < base + size:
                raise VivadoError(f"[BD 41-971] {segment} at 0x{base:X} overlaps {other.segment} in {space}")
        self.placed.append(Placed(space, segment, base, size))
        self.validated = False

    # -- is it whole ------------------------------------------------------------------------------------------------
    def problems(self):
        """Errors, and critical warnings."""
        pins, interfaces = self.names("pins"), self.names("interfaces")
        driven = {pin for net in self.nets for pin in net if any(pins[p].direction == "O" for p in net)}
        errors = [f"[BD 41-758] The following clock pins are not connected to a valid clock source: /{name}"
                  for name, pin in pins.items() if pin.needed and pin.kind == "clk" and name not in driven]
        errors += [f"[BD 41-759] The reset pin /{name} is not connected"
                   for name, pin in pins.items() if pin.needed and pin.kind == "rst" and name not in driven]
        joined = {end for pair in self.links for end in pair}
        errors += [f"[BD 41-1356] Interface /{name} is not connected" for name, entry in interfaces.items()
                   if entry.needed and name not in joined]
        errors += self._clocks(pins, interfaces) + self._widths(interfaces)
        warnings = []
        for space in self.names("spaces"):
            there = {entry.segment for entry in self.placed if entry.space == space}
            warnings += [f"[BD 41-1356] Slave segment </{segment}> is not assigned into address space </{space}>."
                         for segment in self.reached(space)
                         if segment not in there and (space, segment) not in self.excluded]
        return errors, warnings

    def _clocks(self, pins, interfaces):
        """Both ends of a bus run on one clock."""
        net_of = {pin: i for i, net in enumerate(self.nets) for pin in net}
        found = []
        for master, slave in self.links:
            if slave in self.ports:
                continue
            nets = [net_of.get(f"{end.partition('/')[0]}/{interfaces[end].clock}") for end in (master, slave)]
            if None not in nets and nets[0] != nets[1]:
                found.append(f"[BD 41-237] /{master} and /{slave} do not have the same clock")
        return found

    def _widths(self, interfaces):
        return [f"[BD 41-237] TDATA_NUM_BYTES of /{a} and /{b} do not match: {interfaces[a].width} and "
                f"{interfaces[b].width} bits" for a, b in self.links
                if b in interfaces and interfaces[a].vlnv == STREAM and interfaces[a].width != interfaces[b].width]

    # -- what a hwh shows -------------------------------------------------------------------------------------------
    def shown(self, cell):
        """All parameters of a cell, with those that follow from others."""
        found = {name: value for name, value in cell.parameters.items() if name not in ("high_mib", "io_pll")}
        if cell.ip in (ZYNQ, ZYNQMP):
            found |= derived(cell.ip, cell.parameters)
        for a, b in self.links:  # the DMA takes the width of the stream it receives
            if cell.ip == "xilinx.com:ip:axi_dma" and b == f"{cell.name}/S_AXIS_S2MM":
                master = self.names("interfaces")[a]
                found["c_s_axis_s2mm_tdata_width"] = str(master.width)
        return found


def propagate(design):
    """What validation passes on: the width of a received stream."""
    for cell in design.cells.values():
        cell.parameters.update({name: value for name, value in design.shown(cell).items()
                                if name == "c_s_axis_s2mm_tdata_width"})

