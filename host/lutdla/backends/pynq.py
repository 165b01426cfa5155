"""`PynqBackend`: the core behind the real pynq classes, on a board or over the emulated device.

pynq's own `wait()` is never called: it spins for ever when a stream starves, and hides the DMA's error bits. `poll`
reads the status registers itself, errors first.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lutdla.backends.board_lock import BoardLock
from lutdla.backends.overlay_files import check_clock, check_manifest, check_metadata
from lutdla.backends.protocol import Buffer
from lutdla.backends.pynq_dma import MM2S, S2MM, DmaChannels
from lutdla.backends.pynq_overlay import alignment, check_dma_parameters, check_identity, driver, find_ip
from lutdla.errors import CoreError, DeviceError, InputError, LutdlaError, ToolError
from lutdla.spec.registers import ADDRESS_BITS

_PYNQ_ERRORS = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, SyntaxError)
"""What pynq was seen to raise for files that are missing or broken; a SyntaxError is one of XML."""

_SMALLEST_BUFFER = 8192
"""XRT 2.17 places buffers of 4 KiB and less above 4 GiB, where a 32-bit DMA cannot reach."""


_log = logging.getLogger("lutdla")

_newest: weakref.WeakValueDictionary[str, PynqBackend] = weakref.WeakValueDictionary()
"""Board -> the back end that this process opened on it last."""


USUAL_FRAME_BYTES = 1 << 20
"""Bytes of a usual exchange: memory that a DMA can reach is scarce on a board."""


class PynqBackend:
    """Drives an overlay through pynq; implements `lutdla.backends.protocol.Backend`.

    A board belongs to one process at a time. Opening it again in the same process, as when a notebook's cell runs
    twice, ends what was opened before. A forked process must open it itself.

    Args:
        bitfile: the overlay's .bit (with its .hwh beside it); None attaches to the overlay that is already loaded.
        device: a pynq Device; None for the one pynq finds.
        download: whether to program the bit file; by default when one is given.
        reset_timeout_s: how long the DMA may take to come out of reset.
        on_close: called once, after the buffers have been freed.

    Raises:
        ToolError: pynq is not installed.
        DeviceError: no device, in use by another process, no such file, not a lutdla overlay, its files or its clock
            are not what was built, or hwh and hardware disagree.
        DeadlineError: the DMA does not come out of reset.
    """

    name = "pynq"

    def __init__(self, bitfile: str | Path | None = None, device: Any = None, *, download: bool | None = None,
                 reset_timeout_s: float = 1.0, on_close: Callable[[], None] | None = None) -> None:  # fmt: skip
        self._pynq = _import_pynq()
        self._device = device if device is not None else _active_device()
        self._is_active = device is None
        self._process, self._closed = os.getpid(), ""
        self._lock = self._take_board()
        try:
            self._open(bitfile, download, reset_timeout_s)
        except BaseException:
            self._leave_board()
            raise
        self._on_close = on_close
        if self._lock is not None:
            _newest[str(self._device.name)] = self

    def _open(self, bitfile: str | Path | None, download: bool | None, reset_timeout_s: float) -> None:
        """Load or attach to the overlay, check it, and bring its DMA to idle."""
        self._buffers: dict[int, Any] = {}  # address -> buffer as pynq made it
        self._lent: dict[int, int] = {}  # address -> bytes, of the buffers that are in use
        self._doubtful: set[int] = set()  # addresses of buffers that are not to be used again
        self._outgoing: Any = None
        self._incoming: Any = None
        self._busy, self._received = False, 0
        path = self._path(bitfile)
        wanted = bitfile is not None if download is None else download
        try:
            self.overlay = self._pynq.Overlay(path, download=False, device=self._device)
            path = str(self.overlay.bitfile_name)
            check_manifest(Path(path))
            check_metadata(self.overlay.ip_dict, Path(path))
            if wanted:
                self.overlay.download()
        except _PYNQ_ERRORS as error:
            if isinstance(error, LutdlaError):
                raise
            why = self._why_missing(path) or f"pynq cannot open this overlay: {error}"
            raise DeviceError(f"{path}: {why}") from error
        core_name, core = find_ip(self.overlay.ip_dict, "lutdla:ip:lutdla_core", path)
        dma_name, dma = find_ip(self.overlay.ip_dict, "xilinx.com:ip:axi_dma", path)
        self._check_clock(path)
        self._core = driver(self.overlay, core_name)
        stream_bits = check_identity(self._core.read, core, path)
        self._address_bits = check_dma_parameters(dma["parameters"], stream_bits, path)
        self._alignment = {name: alignment(dma["parameters"], name) for name in ("mm2s", "s2mm")}
        # Straight to the registers first: the stock driver's constructor waits without a deadline for a running DMA.
        registers = self._pynq.MMIO(dma["phys_addr"], dma["addr_range"], device=self._device)
        self._channels = DmaChannels(registers, reset_timeout_s)
        self._channels.reset()
        self._dma = driver(self.overlay, dma_name)
        self.cycle_exact = bool(getattr(self._device, "cycle_exact", True))
        self.max_frame_bytes = int(self._dma.buffer_max_size)
        """The longest frame that one exchange can carry."""
        self.usual_frame_bytes = USUAL_FRAME_BYTES

    def _take_board(self) -> BoardLock | None:
        """Keep other processes off this board, and end what this one had opened on it."""
        if not self._is_active or not getattr(self._device, "shared", True):
            return None
        board = str(self._device.name)
        earlier = _newest.get(board)
        if earlier is not None and not earlier._closed:
            earlier.close()
            earlier._closed = "this board was opened again since: use the newer accelerator"
        return BoardLock(board)

    def _leave_board(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _check_usable(self) -> None:
        if self._closed:
            raise DeviceError(self._closed)
        if os.getpid() != self._process:
            raise DeviceError(f"this board was opened by process {self._process} and is used by its child "
                              f"{os.getpid()}: open it in the process that uses it, after the other has closed it")

    def _check_clock(self, path: str) -> None:
        try:
            clock_mhz = float(self._pynq.Clocks.fclk0_mhz)
        except (RuntimeError, ValueError, AttributeError) as error:
            _log.warning("%s: pynq cannot tell the frequency of PL clock 0 (%s): it is not checked", path, error)
            return
        check_clock(self.overlay.ip_dict, clock_mhz, path)

    def _path(self, bitfile: str | Path | None) -> str:
        if bitfile is None:
            loaded = getattr(self._device, "bitfile_name", None)
            if not loaded and self._is_active:
                loaded = self._pynq.PL.bitfile_name  # what another program has loaded
            if not loaded:
                raise DeviceError("no overlay is loaded on this device: give the path of a .bit file, or "
                                  '"lutdla.bit" for the installed overlay of this board')
            return str(loaded)
        path = Path(bitfile)
        # a bare name may be an overlay that pynq finds among installed packages
        return str(path.resolve()) if path.exists() else str(bitfile)

    def _why_missing(self, path: str) -> str | None:
        """What to do about an installed overlay that is not there; None when `path` means something else."""
        from lutdla_overlay.overlays import BITFILE, how_to_install, installed

        name = str(self._device.name)
        return how_to_install(name) if path == BITFILE and name not in installed() else None

    # -- registers ---------------------------------------------------------------------------------------------------
    def read_register(self, offset: int) -> int:
        self._check_usable()
        return int(self._core.read(_register_offset(offset)))

    def write_register(self, offset: int, value: int) -> None:
        self._check_usable()
        if not 0 <= value < 1 << 32:
            raise InputError(f"register value is {value}: it must be 0..0xFFFFFFFF")
        self._core.write(_register_offset(offset), int(value))  # pynq takes int only, no numpy integers

    # -- buffers -----------------------------------------------------------------------------------------------------
    def allocate(self, nbytes: int) -> Buffer:
        """A part of a pynq buffer; buffers that were given back are used again."""
        self._check_usable()
        if nbytes < 1:
            raise InputError(f"buffer of {nbytes} bytes: it must be 1 or more")
        free = [buffer for address, buffer in self._buffers.items()
                if address not in self._lent and nbytes <= buffer.nbytes <= 4 * max(nbytes, _SMALLEST_BUFFER)]
        buffer = min(free, key=lambda b: int(b.nbytes)) if free else self._new_buffer(max(nbytes, _SMALLEST_BUFFER))
        self._lent[int(buffer.physical_address)] = nbytes
        part: Buffer = buffer[:nbytes]
        return part

    def _new_buffer(self, nbytes: int) -> Any:
        try:
            buffer = self._pynq.allocate((nbytes,), dtype=np.uint8, target=self._device)
        except (RuntimeError, OSError, MemoryError) as error:
            if isinstance(error, LutdlaError):
                raise
            held = sum(int(b.nbytes) for b in self._buffers.values())
            raise DeviceError(f"no contiguous memory for a buffer of {nbytes} bytes ({error}); this accelerator holds "
                              f"{held} bytes in {len(self._buffers)} buffers: end other programs that use buffers, or "
                              "boot with a larger cma= in the kernel's command line") from error
        address = int(buffer.physical_address)
        if (address + nbytes - 1) >> self._address_bits:
            buffer.freebuffer()
            raise DeviceError(f"buffer of {nbytes} bytes lies at 0x{address:X}, the DMA has addresses of "
                              f"{self._address_bits} bits: build the overlay with c_addr_width 64")
        self._buffers[address] = buffer
        return buffer

    def free(self, buffer: Buffer) -> None:
        address = self._address_of(buffer)
        if address not in self._lent:
            raise InputError(f"buffer at 0x{address:X} is not one that allocate() gave out, or was freed already")
        if getattr(self._device, "lost", False):
            self._outgoing = self._incoming = None  # nobody can wait for a lost board; the next reset stops its DMA
        if any(part is not None and self._owner(part) == address for part in (self._outgoing, self._incoming)):
            raise DeviceError(f"buffer at 0x{address:X} is in use by an exchange: wait for it or reset the streams")
        del self._lent[address]
        if address in self._doubtful:
            self._drop(address)

    def _drop(self, address: int) -> None:
        self._doubtful.discard(address)
        self._buffers.pop(address).freebuffer()

    @staticmethod
    def _address_of(buffer: Any) -> int:
        address = getattr(buffer, "physical_address", None)
        if address is None:
            raise InputError(f"a {type(buffer).__name__} is not memory that the DMA can reach: use allocate()")
        return int(address)

    def _owner(self, part: Any) -> int:
        """Address of the lent buffer that holds `part` (a buffer or a slice of one)."""
        address = self._address_of(part)
        for start, nbytes in self._lent.items():
            if start <= address and address + part.nbytes <= start + nbytes:
                return start
        raise InputError(f"{part.nbytes} bytes at 0x{address:X} are not inside a buffer that allocate() gave out")

    # -- exchanges ---------------------------------------------------------------------------------------------------
    def start(self, outgoing: Buffer, incoming: Buffer | None) -> None:
        self._check_usable()
        if self._busy:
            raise DeviceError(f"an exchange is still in progress: poll until it is done ({self.stream_status()})")
        self._check_frame("outgoing", outgoing, self._alignment["mm2s"])
        if incoming is not None:
            self._check_frame("incoming", incoming, self._alignment["s2mm"])
        for channel in (MM2S, S2MM) if incoming is not None else (MM2S,):
            self._channels.check_running(channel)
        self._outgoing, self._incoming, self._received, self._busy = outgoing, incoming, 0, True
        try:
            if incoming is not None:
                incoming.flush()  # type: ignore[attr-defined]  # no dirty cache line may overwrite the result later
                self._dma.recvchannel.transfer(incoming)
            self._dma.sendchannel.transfer(outgoing)  # flushes
        except RuntimeError as error:
            if isinstance(error, LutdlaError):
                raise
            raise CoreError(f"pynq cannot start a transfer ({error}; {self.stream_status()}): reset the streams",
                            "DMA") from error

    def _check_frame(self, what: str, buffer: Any, alignment: int) -> None:
        self._owner(buffer)
        if not buffer.flags.c_contiguous:
            raise InputError(f"{what} buffer is not contiguous: pass a plain slice")
        if self._address_of(buffer) % alignment:
            raise InputError(f"{what} buffer begins at 0x{self._address_of(buffer):X}: this overlay's DMA has no "
                             f"realignment for it, it must begin at a multiple of a beat, {alignment} bytes")
        if not 0 < buffer.nbytes <= self.max_frame_bytes:
            raise InputError(f"{what} frame of {buffer.nbytes} bytes: this overlay's DMA moves 1 to "
                             f"{self.max_frame_bytes} bytes at once, send fewer images or packets per frame")

    def poll(self) -> bool:
        if not self._busy:
            self._channels.look()
            return True
        if not self._channels.done(self._outgoing, self._incoming):
            return False
        if self._incoming is not None:
            self._received = self._channels.received()
            self._incoming.invalidate()
        self._outgoing, self._incoming, self._busy = None, None, False
        return True

    def received(self) -> int:
        return self._received

    def stream_status(self) -> str:
        return self._channels.describe(self._outgoing, self._incoming)

    # -- recovery ----------------------------------------------------------------------------------------------------
    def reset_streams(self) -> None:
        """Abandon the exchange and bring the DMA back to idle. Buffers are made anew: one may have been the reason.

        Raises:
            DeadlineError: the DMA does not come out of reset in `reset_timeout_s`.
        """
        self._outgoing = self._incoming = None
        self._busy, self._received = False, 0
        self._channels.reset()
        for address in [address for address in self._buffers if address not in self._lent]:
            self._drop(address)
        self._doubtful.update(self._lent)
        self._dma.set_up_tx_channel()
        self._dma.set_up_rx_channel()

    def close(self) -> None:
        """Stop the DMA, free every buffer and leave the board to others; may be called twice."""
        if self._closed:
            return
        self._closed = "this back end is closed: open the board again"
        if os.getpid() != self._process:
            return  # a forked child: board and buffers are its parent's
        if self._busy:
            with contextlib.suppress(LutdlaError):  # nothing more can be done about a DMA that hangs
                self.reset_streams()  # or it would write into memory that is no longer ours
        for buffer in self._buffers.values():
            buffer.freebuffer()
        self._buffers.clear()
        self._lent.clear()
        self._doubtful.clear()
        self._leave_board()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None


def _register_offset(offset: int) -> int:
    if offset % 4 or not 0 <= offset < 1 << ADDRESS_BITS:
        raise InputError(f"register offset is {offset:#x}: it must be a multiple of 4 below {1 << ADDRESS_BITS:#x}")
    return int(offset)


def _import_pynq() -> Any:
    try:
        importlib.import_module("pynq.lib.dma")
        importlib.import_module("lutdla.backends.pynq_driver")  # also where entry points are not installed
        return importlib.import_module("pynq")
    except ImportError as error:
        raise ToolError(f"pynq cannot be imported ({error}): on a board use the Python of its PYNQ image, elsewhere "
                        "pip install 'lutdla[board]'") from error


def _active_device() -> Any:
    try:
        found = importlib.import_module("pynq.pl_server.device").Device.active_device
        if not found.has_capability("REMOTE"):
            return found
        # pynq's own client of remote boards has no deadlines, and cannot send parts of buffers
        return importlib.import_module("lutdla.remote.client").RemoteBoard(found.ip_addr, found.port)
    except RuntimeError as error:
        if isinstance(error, LutdlaError):
            raise
        raise DeviceError(f"pynq finds no device ({error}): run as root on a board with XILINX_XRT set, or use "
                          "lutdla.emulation.emulated_board") from error
