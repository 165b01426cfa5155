"""Windows: which word of the index memory each port reads in a step, and how a row of the window memory is laid out.

A step of a `Lookup` names a window row. A port reads word `index + offset`, or `shortcut + offset` where it takes part
in the record's second feature map. It lies at coordinates (y + dy, x + dx); where they are outside height x width of
the record, the port reads zero padding: its banks are masked and contribute exactly 0. Blocks that are not set in
`blocks` never take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import ProgramError
from lutdla.spec.config import CoreConfig

PORT_FIELDS = (("offset", 16), ("dy", 8), ("dx", 8), ("blocks", 8), ("shortcut", 8))
"""Name and width of what a window row holds for each port, least significant first."""
_PORT_BYTES = sum(width for _, width in PORT_FIELDS) // 8


@dataclass(frozen=True)
class Port:
    """What one port reads.

    Attributes:
        offset: added to the word address, signed 16 bits.
        dy, dx: added to the step's coordinates, signed 8 bits.
        blocks: bit b set = block b takes part; 0 = the port rests.
        shortcut: reads from the record's second feature map.
    """

    offset: int = 0
    dy: int = 0
    dx: int = 0
    blocks: int = 0
    shortcut: bool = False


@dataclass(frozen=True)
class Window:
    """One row of the window memory: a `Port` for each port, and what is added to the table address (groups of c
    rows)."""

    ports: tuple[Port, ...]
    table: int = 0


@dataclass(frozen=True, eq=False)
class WindowArrays:
    """Windows as arrays: (rows, ports) each, `table` (rows,)."""

    offset: npt.NDArray[np.int64]
    dy: npt.NDArray[np.int64]
    dx: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int64]
    shortcut: npt.NDArray[np.int64]
    table: npt.NDArray[np.int64]


def window_arrays(windows: Sequence[Window]) -> WindowArrays:
    """Windows as arrays."""
    columns = {name: np.array([[getattr(port, name) for port in window.ports] for window in windows], np.int64)
               for name, _ in PORT_FIELDS}
    return WindowArrays(**columns, table=np.array([window.table for window in windows], np.int64))


def window_bytes(config: CoreConfig) -> int:
    """Bytes of a window row: 6 for each port, then 2 of the table offset."""
    return config.ports * _PORT_BYTES + 2


def encode_window(window: Window) -> bytes:
    """The bytes of a window row, little endian."""
    word, at = 0, 0
    for port in window.ports:
        for name, width in PORT_FIELDS:
            word |= (int(getattr(port, name)) & ((1 << width) - 1)) << at
            at += width
    word |= (window.table & 0xFFFF) << at
    return word.to_bytes((at + 16) // 8, "little")


def decode_window(data: bytes, config: CoreConfig) -> Window:
    """The window in a row of window memory: the inverse of `encode_window`."""

    def field(at: int, width: int, signed: bool) -> int:
        return int.from_bytes(data[at : at + width // 8], "little", signed=signed)

    ports, at = [], 0
    for _ in range(config.ports):
        ports.append(Port(field(at, 16, True), field(at + 2, 8, True), field(at + 3, 8, True), field(at + 4, 8, False),
                          bool(data[at + 5] & 1)))
        at += 6
    return Window(tuple(ports), field(at, 16, False))


def validate_windows(windows: Sequence[Window], config: CoreConfig) -> None:
    """Check windows against a core.

    Raises:
        ProgramError: names the row, the port, the value, the limit and the fix.
    """
    if not 1 <= len(windows) <= config.window_rows:
        raise ProgramError(f"window memory needs {len(windows)} rows, this core has window_rows={config.window_rows}: "
                           f"use a core with window_rows >= {len(windows)}")
    for row, window in enumerate(windows):
        if len(window.ports) != config.ports:
            raise ProgramError(f"window {row}: {len(window.ports)} ports, this core has ports={config.ports}")
        if not 0 <= window.table < 1 << 16:
            raise ProgramError(f"window {row}: table is {window.table}, it must be 0..65535")
        for number, port in enumerate(window.ports):
            for name, low, high in (("offset", -(1 << 15), (1 << 15) - 1), ("dy", -128, 127), ("dx", -128, 127),
                                    ("blocks", 0, (1 << config.blocks) - 1)):
                if not low <= getattr(port, name) <= high:
                    raise ProgramError(f"window {row}: {name} of port {number} is {getattr(port, name)}, it must be "
                                       f"{low}..{high}")
