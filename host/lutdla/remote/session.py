"""`Session`: the virtual board, and the one client that has it at a time."""

from __future__ import annotations

import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.emulation.device import EmulatedDevice, MakeModel
from lutdla.emulation.registers import WordRegisters
from lutdla.errors import ConfigError, DeviceError, LutdlaError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import Board, load_board
from lutdla_overlay.hwh import write_overlay
from lutdla_overlay.placeholder import read_placeholder

MOST_BUFFERS, MOST_BUFFER_BYTES = 64, 96 << 20
"""Of a client, together."""
MOST_FIRMWARE_BYTES = 64 << 20
"""Of files that a client has sent: the largest bitstream of a supported board has some 20 MiB."""
MOST_WINDOWS = 256
"""Register windows of a client."""
MOST_TABLE_BYTES = 256 << 20
"""Of the table memory of an emulated core."""
IDLE_S = 20.0
"""After which a client's board goes to another one that asks for it."""
WAIT_S = 10.0
"""How long a call waits for the one before it."""

_WIDTH_REGISTERS = (*(0xFD36_0000 + (i << 16) for i in range(6)), 0xFF9B_0000, 0xFD61_5000, 0xFF41_9000)
"""Of Zynq UltraScale+: pynq writes the widths of the ports between processor and logic there."""


class Refused(LutdlaError):
    """A request that the board does not carry out: the message goes to the client."""


class Session:
    """An emulated board, and what its client has on it.

    Args:
        board: which one.
        make_model: makes its core; None: the fast emulator.
        idle_s: after which another client may take the board.

    Attributes:
        device: the board.
        firmware: name -> bytes of the files that the client has sent.
        buffers, windows: by the names that the client knows: bytes as the program sees them and their address; base
            address and size.
    """

    def __init__(self, board: Board, make_model: MakeModel | None = None, idle_s: float = IDLE_S) -> None:
        self.board, self._make_model, self._idle_s = board, make_model, idle_s
        self._lock = threading.Lock()
        self._client, self._used = "", 0.0
        self.device: EmulatedDevice
        self.firmware: dict[str, bytes] = {}
        self.buffers: dict[str, Any] = {}
        self.windows: dict[str, tuple[int, int]] = {}
        self._renew()

    def _renew(self) -> None:
        """A board as after power-on; nothing of an earlier client is left."""
        if hasattr(self, "device"):
            self.device.close()
        for kept in (self.firmware, self.buffers, self.windows):
            kept.clear()
        self.device = EmulatedDevice(
            self._make_model, arch=self.board.ps.arch, name=self.board.name, ddr_mib=min(self.board.ddr_mib, 2048)
        )
        if self.board.ps.kind == "zynq_ultra_ps_e":
            for i, base in enumerate(_WIDTH_REGISTERS):
                self.device.bus.attach(f"width{i}", base, 0x1000, WordRegisters())

    @contextmanager
    def used_by(self, client: str) -> Iterator[None]:
        """Let a client use the board alone, until the end of the `with` statement.

        Raises:
            Refused: another client has it, or a call before this one does not end.
        """
        if not self._lock.acquire(timeout=WAIT_S):
            raise Refused(f"the board is busy with another request for more than {WAIT_S:g} s")
        try:
            now = time.monotonic()
            if client != self._client:
                idle = now - self._used
                if self._client and idle < self._idle_s:
                    raise Refused(f"the board {self.board.name} is in use by {self._client}, which was idle for "
                                  f"{idle:.0f} s: it is free after {self._idle_s:g} s, or when that program closes it")
                self._renew()
                self._client = client
            yield
            self._used = time.monotonic()
        finally:
            self._lock.release()

    def admit(self, client: str) -> None:
        """Refuse a client that may not use the board, before the server keeps anything that it sends.

        Raises:
            Refused: as `used_by`.
        """
        with self.used_by(client):
            pass

    def leave(self) -> None:
        """Let another client have the board at once; called by the one that has it."""
        self._client = ""

    # -- overlays --------------------------------------------------------------------------------------------------
    def keep_firmware(self, name: str, content: bytes) -> None:
        """Remember a file that was sent."""
        self.firmware[name] = content
        if sum(map(len, self.firmware.values())) > MOST_FIRMWARE_BYTES:
            del self.firmware[name]
            raise Refused(f"firmware {name} of {len(content)} bytes: files of a client have at most "
                          f"{MOST_FIRMWARE_BYTES} bytes together")

    def program(self, name: str) -> None:
        """Configure the logic with a file that was sent before.

        Raises:
            Refused: there is no such file, or it is no overlay that can be emulated.
        """
        if name not in self.firmware:
            raise Refused(f"firmware {name!r} was not sent to this board")
        try:
            key, config, clock_mhz = read_placeholder(self.firmware[name])
            if key != self.board.key:
                raise Refused(f"this overlay is for the board {key}, this is a {self.board.key}: serve that board, or "
                              "write the overlay for this one")
            _check_size(config)
            with tempfile.TemporaryDirectory(prefix="lutdla-serve-") as folder:
                self._download(write_overlay(folder, config, load_board(key), clock_mhz))
        except (ConfigError, DeviceError) as error:
            raise Refused(f"the bitstream cannot be emulated: {error}") from error

    def _download(self, bitfile: Path) -> None:
        """What pynq's Overlay does with an emulated device; clocks are set by the client."""
        self.device.close()
        self.device.set_bitfile_name(str(bitfile))
        self.device.attach_overlay()

    # -- buffers ---------------------------------------------------------------------------------------------------
    def allocate(self, nbytes: int) -> str:
        """A new buffer of the client; returns its name."""
        held = sum(buffer.nbytes for buffer in self.buffers.values())
        if nbytes < 1 or held + nbytes > MOST_BUFFER_BYTES or len(self.buffers) >= MOST_BUFFERS:
            raise Refused(f"buffer of {nbytes} bytes: a client has at most {MOST_BUFFER_BYTES} bytes in {MOST_BUFFERS} "
                          f"buffers, it has {held} in {len(self.buffers)}")
        name = secrets.token_hex(8)
        self.buffers[name] = self.device.default_memory.allocate((nbytes,), np.uint8)
        return name

    def buffer(self, name: str) -> npt.NDArray[np.uint8]:
        """A buffer of the client."""
        if name not in self.buffers:
            raise Refused(f"there is no buffer {name[:32]!r}: it was freed, or the board was given to another client")
        found: npt.NDArray[np.uint8] = self.buffers[name]
        return found

    def free(self, name: str) -> None:
        """Free a buffer of the client."""
        self.buffer(name)
        self.buffers.pop(name).freebuffer()

    # -- registers -------------------------------------------------------------------------------------------------
    def window(self, base: int, nbytes: int) -> str:
        """A window of registers; returns its name."""
        if len(self.windows) >= MOST_WINDOWS:
            raise Refused(f"a client has at most {MOST_WINDOWS} register windows")
        self.device.bus.find(base)
        name = secrets.token_hex(8)
        self.windows[name] = base, nbytes
        return name

    def address(self, name: str, offset: int, nbytes: int) -> int:
        """Address of registers in a window."""
        if name not in self.windows:
            raise Refused(f"there is no register window {name[:32]!r}: the board was given to another client")
        base, size = self.windows[name]
        if offset < 0 or offset % 4 or offset + nbytes > size:
            raise Refused(f"{nbytes} bytes at offset {offset} are not inside the window of {size} bytes at 0x{base:X}")
        return base + offset

    def close(self) -> None:
        """Free the board."""
        self.device.close()


def _check_size(config: CoreConfig) -> None:
    nbytes = config.banks * config.table_rows * config.lanes
    if nbytes > MOST_TABLE_BYTES:
        raise Refused(f"table memory of {nbytes} bytes: a virtual board emulates at most {MOST_TABLE_BYTES}")


