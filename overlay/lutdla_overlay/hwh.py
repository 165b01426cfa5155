"""The hardware hand-off (hwh): what pynq reads to find IP, registers, DMA widths, clocks and interrupts.

Predicted from the block design, so that the driver can be tested against it before any tool has run, and the hwh of a
real build can be compared with it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import REGISTERS, Register, constant_registers
from lutdla_overlay.block_design import CORE, NAME, PS, block_design
from lutdla_overlay.boards import CORE_BYTES, Board, board_names, load_board
from lutdla_overlay.cores import load_core
from lutdla_overlay.design import Cell, Design
from lutdla_overlay.ip.component import ACCESS
from lutdla_overlay.placeholder import placeholder


def hwh(design: Design) -> str:
    """The predicted hand-off of a block design as XML; the same design gives the same text."""
    board = design.board
    root = ET.Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="predicted by lutdla", VIVADOVERSION="none")
    device, package, speed = split_part(board.part)
    ET.SubElement(
        root, "SYSTEMINFO", ARCH="zynq" if board.ps.kind == "processing_system7" else "zynquplus",
        BOARD=board.board_part, DEVICE=device, NAME=design.name, PACKAGE=package, SPEEDGRADE=speed,
    )  # fmt: skip
    ET.SubElement(root, "EXTERNALPORTS")
    outside = ET.SubElement(root, "EXTERNALINTERFACES")
    for external in design.externals:
        ET.SubElement(outside, "BUSINTERFACE", BUSNAME=external.interface.replace("/", "_"), NAME=external.name,
                      TYPE="INITIATOR")  # fmt: skip
    modules = ET.SubElement(root, "MODULES")
    for cell in design.cells:
        _module(modules, design, cell)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def write_overlay(folder: str | Path, config: CoreConfig, board: Board, clock_mhz: float = 100.0,
                  name: str = NAME) -> Path:
    """Write NAME.hwh and a placeholder NAME.bit for the emulated device; returns the path of NAME.bit.

    The .bit says which overlay is meant and holds no bitstream: it is for emulation only, a board refuses it.

    Raises:
        ConfigError: see `block_design`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.hwh").write_text(hwh(block_design(config, board, clock_mhz)), encoding="utf-8")
    bitfile = folder / f"{name}.bit"
    bitfile.write_bytes(placeholder(config, board.key, board.part, clock_mhz))
    return bitfile


def write_board_overlay(folder: str | Path, name: str) -> Path:
    """`write_overlay` of the board that PYNQ calls `name`, with the core that suits it.

    Raises:
        ConfigError: there is no such board.
    """
    for key in board_names():
        board = load_board(key)
        if board.name == name:
            core = load_core(board.core)
            return write_overlay(folder, core.config, board, core.clock_mhz_assumed)
    raise ConfigError(f"no board file names a board {name!r}: give the path of its overlay")


def split_part(part: str) -> tuple[str, str, str]:
    """Device, package and speed grade as Vivado writes them into a hwh.

    xc7z020clg400-1 is 7z020, clg400, -1; xczu7ev-ffvc1156-2-e is xczu7ev, ffvc1156, -2.
    """
    first, second, *rest = part.split("-")
    for package in ("clg", "sbg", "fbg", "ffg"):  # Zynq-7000 parts name the package without a dash
        if package in first:
            at = first.index(package)
            return first[2:at], first[at:], f"-{second}"
    return first, second, f"-{rest[0]}"


def _module(modules: ET.Element, design: Design, cell: Cell) -> None:
    module = ET.SubElement(
        modules, "MODULE", FULLNAME=f"/{cell.name}", HWVERSION=cell.version, INSTANCE=cell.name, IPTYPE="PERIPHERAL",
        IS_ENABLE="1", MODCLASS="PROCESSOR" if cell.name == PS else "PERIPHERAL", MODTYPE=cell.ip.split(":")[2],
        VLNV=cell.vlnv,
    )  # fmt: skip
    if cell.name == PS:
        module.set("IS_PL", "FALSE")
    if cell.name == CORE:
        _registers(module, design.config)
    parameters = ET.SubElement(module, "PARAMETERS")
    for name, value in (cell.parameters | cell.predicted).items():
        ET.SubElement(parameters, "PARAMETER", NAME=name, VALUE=value)
    _ports(module, design, cell.name)
    _interfaces(module, design, cell.name)
    _memory_map(module, design, cell.name)


def _ports(module: ET.Element, design: Design, cell: str) -> None:
    """Pins with their nets; a pin's connections are all other pins of the net."""
    ports = ET.SubElement(module, "PORTS")
    for net in design.nets:
        for pin in (net.driver, *net.sinks):
            owner, name = pin.split("/")
            if owner != cell:
                continue
            port = ET.SubElement(ports, "PORT", DIR="O" if pin == net.driver else "I", NAME=name, SIGIS=net.kind,
                                 SIGNAME=net.driver.replace("/", "_"))  # fmt: skip
            if net.width > 1:
                port.set("LEFT", str(net.width - 1))
                port.set("RIGHT", "0")
            connections = ET.SubElement(port, "CONNECTIONS")
            others = net.sinks if pin == net.driver else (net.driver,)
            for other in others:
                instance, _, far = other.partition("/")
                ET.SubElement(connections, "CONNECTION", INSTANCE=instance, PORT=far)


def _interfaces(module: ET.Element, design: Design, cell: str) -> None:
    interfaces = ET.SubElement(module, "BUSINTERFACES")
    for link in design.links:
        for interface, kind in ((link.master, "INITIATOR"), (link.slave, "TARGET")):
            owner, name = interface.split("/")
            if owner == cell:
                ET.SubElement(interfaces, "BUSINTERFACE", BUSNAME=link.master.replace("/", "_"),
                              DATAWIDTH=str(link.width), NAME=name, TYPE=kind, VLNV=link.vlnv)  # fmt: skip
    for external in design.externals:
        owner, name = external.interface.split("/")
        if owner == cell:
            ET.SubElement(interfaces, "BUSINTERFACE", BUSNAME=external.interface.replace("/", "_"), NAME=name,
                          TYPE="INITIATOR", VLNV=external.vlnv)  # fmt: skip


def _memory_map(module: ET.Element, design: Design, cell: str) -> None:
    found = [address for address in design.addresses if address.space.split("/")[0] == cell]
    if not found:
        return
    memory_map = ET.SubElement(module, "MEMORYMAP")
    for address in found:
        instance, _, block = address.segment.rpartition("/")
        ET.SubElement(
            memory_map, "MEMRANGE", ADDRESSBLOCK=block, BASENAME="C_BASEADDR", BASEVALUE=f"0x{address.base:08X}",
            HIGHNAME="C_HIGHADDR", HIGHVALUE=f"0x{address.base + address.size - 1:08X}",
            INSTANCE=instance.split("/")[0], IS_DATA="TRUE", IS_INSTRUCTION="TRUE", MASTERBUSINTERFACE=address.master,
            MEMTYPE="MEMORY" if address.memory else "REGISTER", SLAVEBUSINTERFACE=address.slave,
        )  # fmt: skip


def _registers(module: ET.Element, config: CoreConfig) -> None:
    blocks = ET.SubElement(module, "ADDRESSBLOCKS")
    block = ET.SubElement(blocks, "ADDRESSBLOCK", ACCESS="", INTERFACE="s_axi", NAME="reg0", RANGE=str(CORE_BYTES),
                          USAGE="register")
    registers = ET.SubElement(block, "REGISTERS")
    constants = constant_registers(config)
    for register in REGISTERS:
        _register(registers, register, constants.get(register.name, register.reset))


def _properties(element: ET.Element, values: dict[str, object]) -> None:
    for name, value in values.items():
        ET.SubElement(element, "PROPERTY", NAME=name, VALUE=str(value))


def _register(registers: ET.Element, register: Register, reset: int) -> None:
    element = ET.SubElement(registers, "REGISTER", NAME=register.name)
    access = ACCESS[register.access]
    _properties(element, {"DESCRIPTION": register.description, "ADDRESS_OFFSET": f"0x{register.offset:X}", "SIZE": 32,
                          "ACCESS": access, "IS_ENABLED": "true", "RESET_VALUE": f"0x{reset:X}"})
    fields = ET.SubElement(element, "FIELDS")
    for entry in register.fields:
        field = ET.SubElement(fields, "FIELD", NAME=entry.name)
        _properties(field, {"DESCRIPTION": entry.description, "ADDRESS_OFFSET": f"0x{register.offset:X}",
                            "ACCESS": access, "BIT_OFFSET": entry.offset, "BIT_WIDTH": entry.width})
