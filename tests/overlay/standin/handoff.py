"""The archive of a finished build: a bitstream with a real header, and a hwh of what the commands have made."""

import xml.etree.ElementTree as ET
import zipfile

from tests.overlay.standin.processors import ZYNQ, ZYNQMP


def write_archive(path, project, session):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{project.design.name}.bit", bit(project, session))
        archive.writestr(f"{project.design.name}.hwh", hwh(project, session))
        archive.writestr("sysdef.xml", "<Project/>")


def bit(project, session):
    """A bit file's header, with next to no bits behind it."""

    def entry(key, text):
        data = text.encode() + b"\0"
        return key + len(data).to_bytes(2, "big") + data

    head = bytes.fromhex("0009 0ff0 0ff0 0ff0 0ff0 00 0001".replace(" ", ""))
    part = project.part.removeprefix("xc").rsplit("-", 1)[0]
    words = entry(b"a", f"{project.top};UserID=0XFFFFFFFF;Version={session.version}") + entry(b"b", part)
    bits = b"\xff" * 4
    words += entry(b"c", "2026/01/01") + entry(b"d", "00:00:00")
    return head + words + b"e" + len(bits).to_bytes(4, "big") + bits


def hwh(project, session):
    design = project.design
    root = ET.Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="stand-in", VIVADOVERSION=session.version)
    first, second, *rest = project.part.split("-")
    if project.part.startswith("xc7z"):
        device, package, speed = first[2:7], first[7:], second
    else:
        device, package, speed = first, second, rest[0]
    arch = "zynq" if project.part.startswith("xc7z") else "zynquplus"
    system = ET.SubElement(root, "SYSTEMINFO", ARCH=arch, DEVICE=device, NAME=design.name, PACKAGE=package,
                           SPEEDGRADE=f"-{speed}")  # fmt: skip
    if project.board_part:
        system.set("BOARD", project.board_part)
    ET.SubElement(root, "EXTERNALPORTS")
    outside = ET.SubElement(root, "EXTERNALINTERFACES")
    for interface, port in design.links:
        if port in design.ports:
            ET.SubElement(outside, "BUSINTERFACE", BUSNAME=interface.replace("/", "_"), NAME=port, TYPE="INITIATOR")
    modules = ET.SubElement(root, "MODULES")
    for cell in sorted(design.cells.values(), key=lambda cell: cell.name):
        _module(modules, design, cell)
    return ET.tostring(root, encoding="unicode")


def _module(modules, design, cell):
    version = cell.definition.version
    module = ET.SubElement(
        modules, "MODULE", FULLNAME=f"/{cell.name}", HWVERSION=version, INSTANCE=cell.name, IPTYPE="PERIPHERAL",
        IS_ENABLE="1", MODTYPE=cell.ip.split(":")[2], VLNV=f"{cell.ip}:{version}",
    )  # fmt: skip
    if cell.ip in (ZYNQ, ZYNQMP):
        module.set("IS_PL", "FALSE")
    for segment, entry in cell.shape.segments.items():
        if cell.definition.registers is not None:
            blocks = ET.SubElement(module, "ADDRESSBLOCKS")
            block = ET.SubElement(blocks, "ADDRESSBLOCK", ACCESS="", INTERFACE=entry.interface,
                                  NAME=segment.rpartition("/")[2], RANGE=str(entry.size), USAGE="register")
            _registers(ET.SubElement(block, "REGISTERS"), cell.definition.registers)
    parameters = ET.SubElement(module, "PARAMETERS")
    for name, value in {**design.shown(cell), "Component_Name": f"{design.name}_{cell.name}_0",
                        "EDK_IPTYPE": "PERIPHERAL"}.items():
        ET.SubElement(parameters, "PARAMETER", NAME=name, VALUE=value)
    _ports(ET.SubElement(module, "PORTS"), design, cell)
    _interfaces(ET.SubElement(module, "BUSINTERFACES"), design, cell)
    _memory(module, design, cell)


def _ports(ports, design, cell):
    known = design.names("pins")
    for name, pin in cell.shape.pins.items():
        port = ET.SubElement(ports, "PORT", DIR=pin.direction, NAME=name,
                             SIGIS={"intr": "INTERRUPT"}.get(pin.kind, pin.kind))  # fmt: skip
        full = f"{cell.name}/{name}"
        net = next((net for net in design.nets if full in net), set())
        driver = next((other for other in net if known[other].direction == "O"), None)
        if driver is None:
            continue
        width = known[driver].width
        if width > 1:
            port.set("LEFT", str(width - 1))
            port.set("RIGHT", "0")
        port.set("SIGNAME", driver.replace("/", "_"))
        connections = ET.SubElement(port, "CONNECTIONS")
        for other in sorted(net - {full}):
            if full == driver or other == driver:
                instance, _, far = other.partition("/")
                ET.SubElement(connections, "CONNECTION", INSTANCE=instance, PORT=far)


def _interfaces(interfaces, design, cell):
    for name, entry in cell.shape.interfaces.items():
        full = f"{cell.name}/{name}"
        bus = next((pair[0] for pair in design.links if full in pair), None)
        ET.SubElement(
            interfaces, "BUSINTERFACE", BUSNAME="__NOC__" if bus is None else bus.replace("/", "_"), NAME=name,
            DATAWIDTH=str(entry.width), TYPE="INITIATOR" if entry.mode == "Master" else "TARGET",
            VLNV=entry.vlnv.replace("_rtl:", ":"),
        )  # fmt: skip


def _memory(module, design, cell):
    placed = [entry for entry in design.placed if entry.space.partition("/")[0] == cell.name]
    memory = ET.SubElement(module, "MEMORYMAP") if placed else None
    for entry in placed:
        segment, _, _, master = design.reached(entry.space)[entry.segment]
        ET.SubElement(
            memory, "MEMRANGE", ADDRESSBLOCK=entry.segment.rpartition("/")[2], BASENAME="C_BASEADDR",
            BASEVALUE=f"0x{entry.base:08X}", HIGHNAME="C_HIGHADDR", HIGHVALUE=f"0x{entry.base + entry.size - 1:08X}",
            INSTANCE=entry.segment.partition("/")[0], IS_DATA="TRUE", IS_INSTRUCTION="TRUE",
            MASTERBUSINTERFACE=master, MEMTYPE=segment.usage.upper(), SLAVEBUSINTERFACE=segment.interface,
        )  # fmt: skip


def _registers(registers, table):
    for name, description, offset, size, access, reset, fields in table:
        register = ET.SubElement(registers, "REGISTER", NAME=name)
        for key, value in (("DESCRIPTION", description), ("ADDRESS_OFFSET", f"0x{offset:X}"), ("SIZE", size),
                           ("ACCESS", access), ("IS_ENABLED", "true"), ("RESET_VALUE", reset)):  # fmt: skip
            ET.SubElement(register, "PROPERTY", NAME=key, VALUE=str(value))
        inside = ET.SubElement(register, "FIELDS")
        for field, words, low, width, field_access in fields:
            element = ET.SubElement(inside, "FIELD", NAME=field)
            for key, value in (("DESCRIPTION", words), ("ADDRESS_OFFSET", f"0x{offset:X}"), ("ACCESS", field_access),
                               ("BIT_OFFSET", low), ("BIT_WIDTH", width)):  # fmt: skip
                ET.SubElement(element, "PROPERTY", NAME=key, VALUE=str(value))
