"""Boards: one small TOML file each in `boards/`, loaded and checked here."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields
from importlib.resources import files
from itertools import combinations
from typing import Any

from lutdla.errors import ConfigError
from lutdla.spec.registers import ADDRESS_BITS
from lutdla.toml import tomllib
from lutdla_overlay.cores import FAMILIES, core_names, load_core

PS_KINDS = ("processing_system7", "zynq_ultra_ps_e")
"""Xilinx's names of the processing systems: Zynq-7000 and Zynq UltraScale+."""

DMA_BYTES = 0x1_0000
"""Address range of the AXI DMA's registers."""

CORE_BYTES = 1 << ADDRESS_BITS
"""Address range of the lutdla core's registers."""

ADDRESS_BYTES = {"dma": DMA_BYTES, "lutdla": CORE_BYTES, "interrupts": 0x1_0000}
"""Entry of [addresses] -> its range."""

_CONTROL_WINDOWS = {  # control port -> first and last address it decodes
    "M_AXI_GP0": (0x4000_0000, 0x7FFF_FFFF),
    "M_AXI_GP1": (0x8000_0000, 0xBFFF_FFFF),
    "M_AXI_HPM0_FPD": (0xA000_0000, 0xAFFF_FFFF),
    "M_AXI_HPM1_FPD": (0xB000_0000, 0xBFFF_FFFF),
    "M_AXI_HPM0_LPD": (0x8000_0000, 0x9FFF_FFFF),
}
_MEMORY_BITS = {"processing_system7": (32, 64), "zynq_ultra_ps_e": (32, 64, 128)}


@dataclass(frozen=True)
class ProcessingSystem:
    """The hard processor: which IP it is and which of its ports the overlay uses."""

    kind: str
    version: str
    control_port: str
    """AXI master through which the processor reaches registers."""
    memory_port: str
    """AXI slave through which the DMA reaches DDR."""
    memory_bits: int
    """Data width of the memory port."""
    crystal_mhz: float
    """The processor's crystal."""
    io_pll_mhz: float
    """The IO PLL as the board's PYNQ image sets it: PL clocks are made of it, and of no other PLL."""

    @property
    def vlnv(self) -> str:
        """Vendor, library, name, version of the IP."""
        return f"xilinx.com:ip:{self.kind}:{self.version}"

    @property
    def arch(self) -> str:
        """What `platform.machine()` says on the board."""
        return "armv7l" if self.kind == "processing_system7" else "aarch64"

    @property
    def address_bits(self) -> int:
        """Width of the DMA's addresses."""
        return 32 if self.kind == "processing_system7" else 64


@dataclass(frozen=True)
class Addresses:
    """Where the processor finds the registers."""

    dma: int
    lutdla: int
    interrupts: int


@dataclass(frozen=True)
class Resources:
    """What the part holds."""

    lut: int
    ff: int
    bram36: int
    uram: int
    dsp: int


@dataclass(frozen=True)
class Board:
    """A board as the overlay build and the emulated device see it."""

    key: str
    """Name of the file, and of the board in lutdla."""
    name: str
    """The board's name in PYNQ images."""
    part: str
    board_part: str
    ddr_mib: int
    core: str
    """The configuration that suits it: a file in `cores/`."""
    ps: ProcessingSystem
    addresses: Addresses
    resources: Resources
    unverified: tuple[str, ...] = field(default=())
    """Facts that no source we read confirms."""


_TABLES: dict[str, type] = {"ps": ProcessingSystem, "addresses": Addresses, "resources": Resources}
"""Tables of a board file."""


def board_names() -> tuple[str, ...]:
    """Keys of all boards."""
    folder = files("lutdla_overlay") / "boards"
    return tuple(sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml")))


def load_board(key: str) -> Board:
    """Read a board file.

    Raises:
        ConfigError: unknown board, or a file with a missing, unknown or impossible entry.
    """
    if key not in board_names():
        raise ConfigError(f"board {key!r} is unknown: use one of {', '.join(board_names())}, or add boards/{key}.toml")
    return parse_board(key, (files("lutdla_overlay") / "boards" / f"{key}.toml").read_text())


def parse_board(key: str, text: str) -> Board:
    """A board from TOML text; `key` names it in messages. Raises like `load_board`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"boards/{key}.toml: {error}") from error
    place = f"boards/{key}.toml"
    for name, kind in _TABLES.items():
        if name in values:
            values[name] = _make(kind, values[name], f"{place}: [{name}]")
    if "unverified" in values:
        values["unverified"] = tuple(values["unverified"])
    board: Board = _make(Board, {"key": key, **values}, place)
    _check(board, place)
    return board


_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "ProcessingSystem": ProcessingSystem,
                           "Addresses": Addresses, "Resources": Resources, "tuple[str, ...]": tuple}  # fmt: skip


def _make(kind: type, values: Any, place: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{place} is {values!r}: it must be a table")
    known = {f.name: f for f in fields(kind)}
    for name in values:
        if name not in known:
            raise ConfigError(f"{place}: unknown entry {name!r}, known are {', '.join(known)}")
    for name, entry in known.items():
        if name not in values and entry.default is MISSING:
            raise ConfigError(f"{place}: entry {name!r} is missing")
        if name in values and type(values[name]) is not _TYPES[str(entry.type)]:
            raise ConfigError(f"{place}: {name} is {values[name]!r}, it must be of type {entry.type}")
    return kind(**values)


def _check(board: Board, place: str) -> None:
    ps = board.ps
    if ps.kind not in PS_KINDS:
        raise ConfigError(f"{place}: ps.kind is {ps.kind!r}, use one of {', '.join(PS_KINDS)}")
    prefix = "xc7z" if ps.kind == "processing_system7" else "xc"
    if not re.fullmatch(prefix + r"[a-z0-9]+[-a-zA-Z0-9]*", board.part):
        raise ConfigError(f"{place}: part is {board.part!r}, Vivado's names for a {ps.kind} are like {prefix}...")
    if board.board_part.count(":") != 3:
        raise ConfigError(f"{place}: board_part is {board.board_part!r}, Vivado's form is vendor:board:part0:version")
    if ps.memory_bits not in _MEMORY_BITS[ps.kind]:
        raise ConfigError(f"{place}: ps.memory_bits is {ps.memory_bits}, {ps.kind} has {_MEMORY_BITS[ps.kind]}")
    zynq7 = ps.kind == "processing_system7"
    ports = [port for port in _CONTROL_WINDOWS if port.startswith("M_AXI_GP") == zynq7]
    if ps.control_port not in ports:
        raise ConfigError(f"{place}: ps.control_port is {ps.control_port!r}, {ps.kind} has {', '.join(ports)}")
    if not re.fullmatch(r"S_AXI_HP[0-3]" if zynq7 else r"S_AXI_HP[0-3]_FPD", ps.memory_port):
        raise ConfigError(f"{place}: ps.memory_port is {ps.memory_port!r}, use S_AXI_HP0{'' if zynq7 else '_FPD'} to 3")
    for name, lowest, highest in (("crystal_mhz", 10.0, 100.0), ("io_pll_mhz", 500.0, 3000.0)):
        if not lowest <= getattr(ps, name) <= highest:
            raise ConfigError(f"{place}: ps.{name} is {getattr(ps, name)}, it must be {lowest:g} to {highest:g}")
    _check_addresses(board, place)
    if board.ddr_mib <= 0 or min(board.resources.lut, board.resources.ff, board.resources.bram36) <= 0:
        raise ConfigError(f"{place}: ddr_mib, resources.lut, .ff and .bram36 must be positive")
    if board.core not in core_names():
        raise ConfigError(f"{place}: core is {board.core!r}, use one of {', '.join(core_names())}")
    family = load_core(board.core).family
    if FAMILIES[family] != ps.kind:
        raise ConfigError(f"{place}: core {board.core} is for parts of family {family}, not for a {ps.kind}")
    known = {f.name for f in fields(Board)}
    known |= {f"{name}.{f.name}" for name, kind in _TABLES.items() for f in fields(kind)}
    for fact in board.unverified:
        if fact not in known:
            raise ConfigError(f"{place}: unverified names {fact!r}, which is no entry of the file")


def _check_addresses(board: Board, place: str) -> None:
    """Every range lies in the control port's window, on a multiple of its size, and overlaps no other."""
    low, high = _CONTROL_WINDOWS[board.ps.control_port]
    ranges = {name: (getattr(board.addresses, name), size) for name, size in ADDRESS_BYTES.items()}
    for name, (base, size) in ranges.items():
        if base % size or not low <= base <= high - size + 1:
            raise ConfigError(f"{place}: addresses.{name} is 0x{base:08X}, it must be a multiple of 0x{size:X} in "
                              f"0x{low:08X}..0x{high:08X} ({board.ps.control_port})")
    for (one, (base, size)), (other, (base2, size2)) in combinations(ranges.items(), 2):
        if base < base2 + size2 and base2 < base + size:
            raise ConfigError(f"{place}: addresses.{one} 0x{base:08X} and addresses.{other} 0x{base2:08X} overlap")
