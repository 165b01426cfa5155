"""The hardware hand-off (hwh): what pynq reads to find IP, registers, DMA widths and clocks.

Made from our own register table, so that the driver can be tested against the hwh before any tool has run, and
the hwh of a real build can be compared with this one.

    PS  --control port-->  dma (AXI DMA, simple mode)  <==streams==>  lutdla  <--control port--  PS
     <----memory port----   |
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from lutdla.errors import ConfigError
from lutdla.spec.config import ABI_VERSION, CoreConfig
from lutdla.spec.registers import REGISTERS, Register
from lutdla_overlay.boards import CORE_BYTES, DMA_BYTES, Board
from lutdla_overlay.clocks import PlClock, pl_clock

CORE_VLNV = "lutdla:ip:lutdla_core:1.0"
DMA_VLNV = "xilinx.com:ip:axi_dma:7.1"
CORE_INSTANCE = "lutdla"
DMA_INSTANCE = "dma"
PS_INSTANCE = "ps"

DMA_LENGTH_BITS = 26
"""Width of the DMA's length registers: frames of up to 64 MiB - 1 byte."""

_ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
_AXI, _STREAM = "xilinx.com:interface:aximm:1.0", "xilinx.com:interface:axis:1.0"


def hwh(config: CoreConfig, board: Board, clock_mhz: float = 100.0) -> str:
    """The hand-off of the lutdla overlay as XML; the same arguments give the same text.

    Args:
        config: the core; its fields become parameters of the IP, so that a driver can check the hwh against the
            capability registers of what is really loaded.
        board: where it runs.
        clock_mhz: clock the overlay is timed for; the hwh says what the board's divisors make of it.

    Raises:
        ConfigError: a stream wider than the memory port, or a clock the board cannot make.
    """
    if config.stream_bits > board.ps.memory_bits:
        raise ConfigError(f"stream_bits is {config.stream_bits}, {board.key} has a memory port of "
                          f"{board.ps.memory_bits} bits: use stream_bits={board.ps.memory_bits} or fewer")
    root = ET.Element("EDKSYSTEM", EDWVERSION="1.2", TIMESTAMP="predicted by lutdla", VIVADOVERSION="none")
    device, package, speed = _split_part(board.part)
    ET.SubElement(
        root, "SYSTEMINFO", ARCH="zynq" if board.ps.kind == "processing_system7" else "zynquplus",
        BOARD=board.board_part, DEVICE=device, NAME="lutdla", PACKAGE=package, SPEEDGRADE=speed,
    )  # fmt: skip
    ET.SubElement(root, "EXTERNALPORTS")
    ET.SubElement(root, "EXTERNALINTERFACES")
    modules = ET.SubElement(root, "MODULES")
    _processing_system(modules, board, pl_clock(board.ps.kind, clock_mhz))
    _dma(modules, config, board)
    _core(modules, config)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def write_overlay(folder: str | Path, config: CoreConfig, board: Board, clock_mhz: float = 100.0,
                  name: str = "lutdla") -> Path:
    """Write NAME.hwh and a placeholder NAME.bit for the emulated device; returns the path of NAME.bit.

    The .bit holds a sentence, no bitstream: it is for emulation only, a board refuses it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.hwh").write_text(hwh(config, board, clock_mhz), encoding="utf-8")
    bitfile = folder / f"{name}.bit"
    bitfile.write_text(f"no bitstream: emulation only ({board.key}, {config})\n", encoding="utf-8")
    return bitfile


def _split_part(part: str) -> tuple[str, str, str]:
    """xc7z020clg400-1 or xczu7ev-ffvc1156-2-e as device, package and speed grade."""
    first, *rest = part[2:].split("-")
    for package in ("clg", "sbg", "fbg", "ffg"):  # Zynq-7000 parts name the package without a dash
        if package in first:
            at = first.index(package)
            return first[:at], first[at:], "-" + "-".join(rest)
    return first, rest[0], "-" + "-".join(rest[1:])


def _module(modules: ET.Element, instance: str, vlnv: str, *, is_pl: bool = True) -> ET.Element:
    name, version = vlnv.split(":")[2:]
    module = ET.SubElement(
        modules, "MODULE", FULLNAME=f"/{instance}", HWVERSION=version, INSTANCE=instance, IPTYPE="PERIPHERAL",
        IS_ENABLE="1", MODCLASS="PERIPHERAL" if is_pl else "PROCESSOR", MODTYPE=name, VLNV=vlnv,
    )  # fmt: skip
    if not is_pl:
        module.set("IS_PL", "FALSE")
    return module


def _parameters(module: ET.Element, values: dict[str, object]) -> None:
    parameters = ET.SubElement(module, "PARAMETERS")
    for name, value in values.items():
        ET.SubElement(parameters, "PARAMETER", NAME=name, VALUE=str(value))


def _interfaces(module: ET.Element, *entries: tuple[str, str, str, str, int]) -> None:
    """Entries: name, INITIATOR or TARGET, VLNV, name of the bus, data width."""
    ET.SubElement(module, "PORTS")
    interfaces = ET.SubElement(module, "BUSINTERFACES")
    for name, kind, vlnv, bus, width in entries:
        ET.SubElement(interfaces, "BUSINTERFACE", BUSNAME=bus, DATAWIDTH=str(width), NAME=name, TYPE=kind, VLNV=vlnv)


def _processing_system(modules: ET.Element, board: Board, clock: PlClock) -> None:
    ps = board.ps
    module = _module(modules, PS_INSTANCE, ps.vlnv, is_pl=False)
    if ps.kind == "processing_system7":
        values: dict[str, object] = {}
        for i in range(4):
            values[f"PCW_FPGA_FCLK{i}_ENABLE"] = int(i == 0)
            values[f"PCW_FPGA{i}_PERIPHERAL_FREQMHZ"] = clock.mhz
            values[f"PCW_ACT_FPGA{i}_PERIPHERAL_FREQMHZ"] = clock.mhz
            values[f"PCW_FCLK{i}_PERIPHERAL_DIVISOR0"] = clock.divisor0
            values[f"PCW_FCLK{i}_PERIPHERAL_DIVISOR1"] = clock.divisor1
            values[f"PCW_FCLK{i}_PERIPHERAL_CLKSRC"] = "IO PLL"
    else:
        # pynq sets these port widths in the processor's registers when it downloads
        values = {"C_MAXIGP0_DATA_WIDTH": 32, "C_SAXIGP2_DATA_WIDTH": ps.memory_bits}
        for i in range(4):
            values[f"PSU__FPGA_PL{i}_ENABLE"] = int(i == 0)
            values[f"PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR0"] = clock.divisor0
            values[f"PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR1"] = clock.divisor1
            values[f"PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL"] = "IOPLL"
            values[f"PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ"] = clock.mhz
    _parameters(module, values)
    _interfaces(module, (ps.control_port, "INITIATOR", _AXI, "control", 32),
                (ps.memory_port, "TARGET", _AXI, "memory", ps.memory_bits))
    memory_map = ET.SubElement(module, "MEMORYMAP")
    for instance, interface, base, size in (
        (DMA_INSTANCE, "S_AXI_LITE", board.addresses.dma, DMA_BYTES),
        (CORE_INSTANCE, "s_axi", board.addresses.lutdla, CORE_BYTES),
    ):
        ET.SubElement(
            memory_map, "MEMRANGE", ADDRESSBLOCK="reg0", BASENAME="C_BASEADDR", BASEVALUE=f"0x{base:08X}",
            HIGHNAME="C_HIGHADDR", HIGHVALUE=f"0x{base + size - 1:08X}", INSTANCE=instance, IS_DATA="TRUE",
            IS_INSTRUCTION="TRUE", MASTERBUSINTERFACE=ps.control_port, MEMTYPE="REGISTER",
            SLAVEBUSINTERFACE=interface,
        )  # fmt: skip


def dma_parameters(config: CoreConfig, board: Board) -> dict[str, int]:
    """Parameters of the AXI DMA: simple mode, one beat of the core on each side, no realignment."""
    width = config.stream_bits
    return {
        "c_include_sg": 0, "c_micro_dma": 0, "c_sg_length_width": DMA_LENGTH_BITS,
        "c_addr_width": board.ps.address_bits,
        "c_include_mm2s": 1, "c_include_mm2s_dre": 0, "c_m_axi_mm2s_data_width": width,
        "c_m_axis_mm2s_tdata_width": width,
        "c_include_s2mm": 1, "c_include_s2mm_dre": 0, "c_m_axi_s2mm_data_width": width,
        "c_s_axis_s2mm_tdata_width": width,
    }  # fmt: skip


def _dma(modules: ET.Element, config: CoreConfig, board: Board) -> None:
    module, width = _module(modules, DMA_INSTANCE, DMA_VLNV), config.stream_bits
    _parameters(module, dict(dma_parameters(config, board)))
    _interfaces(module, ("S_AXI_LITE", "TARGET", _AXI, "control", 32),
                ("M_AXI_MM2S", "INITIATOR", _AXI, "memory", width), ("M_AXI_S2MM", "INITIATOR", _AXI, "memory", width),
                ("M_AXIS_MM2S", "INITIATOR", _STREAM, "to_core", width),
                ("S_AXIS_S2MM", "TARGET", _STREAM, "from_core", width))


def core_parameters(config: CoreConfig) -> dict[str, object]:
    """Parameters of the lutdla IP: every field of the configuration, its hash, the ABI."""
    fields = {name.upper(): value for name, value in config.to_dict().items()}
    return {"ABI": ABI_VERSION, "CONFIG_HASH": f"0x{config.hash:08X}", **fields}


def _core(modules: ET.Element, config: CoreConfig) -> None:
    module = _module(modules, CORE_INSTANCE, CORE_VLNV)
    blocks = ET.SubElement(module, "ADDRESSBLOCKS")
    block = ET.SubElement(blocks, "ADDRESSBLOCK", ACCESS="", INTERFACE="s_axi", NAME="reg0", RANGE=str(CORE_BYTES),
                          USAGE="register")
    registers = ET.SubElement(block, "REGISTERS")
    for register in REGISTERS:
        _register(registers, register)
    _parameters(module, core_parameters(config))
    _interfaces(module, ("s_axi", "TARGET", _AXI, "control", 32),
                ("s_axis", "TARGET", _STREAM, "to_core", config.stream_bits),
                ("m_axis", "INITIATOR", _STREAM, "from_core", config.stream_bits))


def _properties(element: ET.Element, values: dict[str, object]) -> None:
    for name, value in values.items():
        ET.SubElement(element, "PROPERTY", NAME=name, VALUE=str(value))


def _register(registers: ET.Element, register: Register) -> None:
    element = ET.SubElement(registers, "REGISTER", NAME=register.name)
    access = _ACCESS[register.access]
    _properties(element, {"DESCRIPTION": register.description, "ADDRESS_OFFSET": f"0x{register.offset:X}", "SIZE": 32,
                          "ACCESS": access, "IS_ENABLED": "true", "RESET_VALUE": f"0x{register.reset:X}"})
    fields = ET.SubElement(element, "FIELDS")
    for entry in register.fields:
        field = ET.SubElement(fields, "FIELD", NAME=entry.name)
        _properties(field, {"DESCRIPTION": entry.description, "ADDRESS_OFFSET": f"0x{register.offset:X}",
                            "ACCESS": access, "BIT_OFFSET": entry.offset, "BIT_WIDTH": entry.width})
