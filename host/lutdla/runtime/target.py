"""`open`: from what a user names to an `Accelerator`."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path

from lutdla.backends import BACKENDS, open_backend
from lutdla.backends.protocol import Backend
from lutdla.errors import DeviceError, InputError, ToolError
from lutdla.runtime.accelerator import Accelerator
from lutdla.spec.config import CoreConfig

FPGA_MANAGER = Path("/sys/class/fpga_manager")
"""Linux lists the programmable logic of a Zynq here."""


def has_board() -> bool:
    """Whether this machine is a board that pynq can program. Cheap: does not import pynq."""
    return FPGA_MANAGER.is_dir() and any(FPGA_MANAGER.iterdir()) and importlib.util.find_spec("pynq") is not None


def open(
    target: str | os.PathLike[str] | None = None, *, config: CoreConfig | None = None, timeout_s: float | None = None,
    retries: int = 1,
) -> Accelerator:  # fmt: skip
    """Open a device.

    Args:
        target: None: the overlay that is loaded on the board, or the emulator where there is no board. `"emulator"`,
            `"rtl"` (Verilated hardware), `"myhdl"` (MyHDL simulation), `"pynq"` (the pynq package; on an emulated
            board where there is none), a path that ends with `.bit`, which is programmed, or
            `pynq://HOST[:PORT][/OVERLAY.bit]`, a board over the network: without an overlay, the one that is installed
            here for that board; a virtual board (`lutdla serve`) needs none.
        config: which core a model stands in for; None: the one each artefact was compiled for. A bitstream has its own.
        timeout_s: longest wait for one exchange; None: a minute, ten for simulators.
        retries: times that a load or an exchange which the core or the DMA refused is tried again; each is remembered
            in `Accelerator.policy.recoveries` and logged.

    Raises:
        DeviceError: the target is unknown or missing, or no core that this version drives.
        InputError: arguments that contradict each other.
        ToolError: a simulator is missing or failed.
    """
    name = "" if target is None else os.fspath(target)
    if name.startswith("pynq://"):
        return Accelerator("pynq", _open_remote(name, config), timeout_s=timeout_s, retries=retries)
    if has_board() and (target is None or name == "pynq"):
        return Accelerator("pynq", _open_board(None, config), timeout_s=timeout_s, retries=retries)
    if name.endswith(".bit"):
        return Accelerator("pynq", _open_board(name, config), timeout_s=timeout_s, retries=retries)
    name = name or "emulator"
    if name not in BACKENDS:
        raise DeviceError(f"unknown target {name!r}: use one of {', '.join(BACKENDS)}, or a path that ends with .bit")
    if config is not None:
        return Accelerator(name, open_backend(name, config), timeout_s=timeout_s, retries=retries)
    return Accelerator(name, None, build=lambda wanted: open_backend(name, wanted), timeout_s=timeout_s,
                       retries=retries)


def _open_board(bitfile: str | None, config: CoreConfig | None) -> Backend:
    """Program a bitstream, or without one attach to the overlay that is loaded."""
    if config is not None:
        raise InputError(f"{bitfile or 'the loaded overlay'}: a bitstream has its own configuration: open it without "
                         "config")
    from lutdla.backends.pynq import PynqBackend

    return PynqBackend(bitfile)


def _open_remote(target: str, config: CoreConfig | None) -> Backend:
    """Program a board over the network."""
    if config is not None:
        raise InputError(f"{target}: an overlay has its own configuration: open it without config")
    try:
        from lutdla.remote.client import RemoteBoard, parse_address
    except ModuleNotFoundError as error:
        raise ToolError(f"{target} needs the Python package {error.name!r}: pip install 'lutdla[board]'") from error
    from lutdla.backends.pynq import PynqBackend
    from lutdla_overlay.overlays import FOLDER, how_to_install

    host, port, path = parse_address(target)
    device = RemoteBoard(host, port)
    try:
        with tempfile.TemporaryDirectory(prefix="lutdla-overlay-") as folder:
            bitfile = Path(path) if path else FOLDER / f"lutdla.{device.name}.bit"
            if path is None and device.virtual:
                from lutdla_overlay.hwh import write_board_overlay

                bitfile = write_board_overlay(folder, device.name)
            if not bitfile.is_file():
                raise DeviceError(f"{target}: " + (f"there is no {bitfile}" if path else how_to_install(device.name)))
            return PynqBackend(bitfile, device=device, on_close=device.close)
    except BaseException:
        device.close()
        raise
