"""IP of an ip_repo_paths folder: read from component.xml, as far as a block design shows it."""

import xml.etree.ElementTree as ET
from pathlib import Path

from tests.overlay.standin.arguments import VivadoError
from tests.overlay.standin.catalogue import Definition, Interface, Pin, Segment, Shape

S = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"
_KINDS = {"clock": "clk", "reset": "rst", "interrupt": "intr"}


def read(folder):
    """All IP below a folder: vendor:library:name -> definition.

    Raises:
        VivadoError: a component.xml that is broken, or whose files are missing.
    """
    return dict(_component(path) for path in sorted(Path(folder).rglob("component.xml")))


def _component(path):
    try:
        root = ET.parse(path).getroot()
    except ET.ParseError as error:
        raise VivadoError(f"[IP_Flow 19-193] Failed to load IP definition '{path}': {error}") from error

    def text(element, name, default=""):
        found = element.find(f"{S}{name}")
        return default if found is None or found.text is None else found.text

    for file in root.iter(f"{S}file"):
        if not (path.parent / text(file, "name")).is_file():
            raise VivadoError(f"[IP_Flow 19-3541] {path}: file {text(file, 'name')} is missing")
    widths = {}
    for port in root.find(f"{S}model").iter(f"{S}port"):
        left, right = port.find(f".//{S}left"), port.find(f".//{S}right")
        wide = 1 if left is None else abs(int(left.text) - int(right.text)) + 1
        widths[text(port, "name")] = (text(port.find(f"{S}wire"), "direction"), wide)
    shape, clocks = Shape(), {}
    for bus in root.iter(f"{S}busInterface"):
        _bus(bus, text, widths, shape, clocks)
    for name, interface in shape.interfaces.items():
        interface.clock = clocks.get(name, "")
        if not interface.clock:
            raise VivadoError(f"[IP_Flow 19-11770] Clock interface of '{name}' is missing: no ASSOCIATED_BUSIF")
    maps = {text(m, "name"): m for m in root.iter(f"{S}memoryMap")}
    for bus in root.iter(f"{S}busInterface"):
        reference = bus.find(f".//{S}memoryMapRef")
        if reference is not None:
            for block in maps[reference.get(f"{S}memoryMapRef")].iter(f"{S}addressBlock"):
                segment = f"{text(bus, 'name')}/{text(block, 'name')}"
                shape.segments[segment] = Segment(text(bus, "name"), int(text(block, "range"), 0))
    parameters = {text(p, "name"): text(p, "value") for p in root.find(f"{S}parameters")}
    parameters.pop("Component_Name", None)
    vlnv = [text(root, name) for name in ("vendor", "library", "name", "version")]
    return ":".join(vlnv[:3]), Definition(vlnv[3], parameters, _Fixed(shape), registers=_registers(root, text))


class _Fixed:
    """A shape that no parameter changes; a class, so that it can be kept in a file."""

    def __init__(self, shape):
        self.shape = shape

    def __call__(self, parameters):
        return self.shape


def _bus(bus, text, widths, shape, clocks):
    name = text(bus, "name")
    kind = bus.find(f"{S}busType")
    kind_name = kind.get(f"{S}name")
    ports = {text(m.find(f"{S}logicalPort"), "name"): text(m.find(f"{S}physicalPort"), "name")
             for m in bus.iter(f"{S}portMap")}
    for port in ports.values():
        if port not in widths:
            raise VivadoError(f"[IP_Flow 19-1851] interface {name} maps port {port}, which does not exist")
    values = {text(p, "name"): text(p, "value") for p in bus.iter(f"{S}parameter")}
    if kind_name in _KINDS:
        (port,) = ports.values()
        direction, wide = widths[port]
        needed = kind_name in ("clock", "reset")
        shape.pins[port] = Pin("I" if direction == "in" else "O", _KINDS[kind_name], wide, needed)
        for associated in values.get("ASSOCIATED_BUSIF", "").split(":"):
            clocks[associated] = port
        return
    mode = "Slave" if bus.find(f"{S}slave") is not None else "Master"
    data = ports.get("TDATA") or ports.get("WDATA")
    vlnv = f"xilinx.com:interface:{kind_name}_rtl:1.0"
    shape.interfaces[name] = Interface(mode, vlnv, width=widths[data][1])


def _registers(root, text):
    found = []
    for register in root.iter(f"{S}register"):
        fields = [(text(f, "name"), text(f, "description"), int(text(f, "bitOffset"), 0), int(text(f, "bitWidth"), 0),
                   text(f, "access")) for f in register.iter(f"{S}field")]  # fmt: skip
        value = register.find(f"{S}reset/{S}value")
        found.append((text(register, "name"), text(register, "description"), int(text(register, "addressOffset"), 0),
                      int(text(register, "size"), 0), text(register, "access"),
                      "0x0" if value is None else value.text, fields))
    return found
