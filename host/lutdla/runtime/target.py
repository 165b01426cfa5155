"""`open`: from what a user names to an `Accelerator`."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from lutdla.backends import BACKENDS, open_backend
from lutdla.errors import DeviceError, InputError
from lutdla.runtime.accelerator import Accelerator
from lutdla.spec.config import CoreConfig

FPGA_MANAGER = Path("/sys/class/fpga_manager")
"""Linux lists the programmable logic of a Zynq here."""


def has_board() -> bool:
    """Whether this machine is a board that pynq can program. Cheap: does not import pynq."""
    return FPGA_MANAGER.is_dir() and any(FPGA_MANAGER.iterdir()) and importlib.util.find_spec("pynq") is not None


def open(
    target: str | os.PathLike[str] | None = None, *, config: CoreConfig | None = None, timeout_s: float | None = None
) -> Accelerator:
    """Open a device.

    Args:
        target: None: the overlay that is loaded on the board, or the emulator where there is no board. `"emulator"`,
            `"rtl"` (Verilated hardware), `"myhdl"` (MyHDL simulation), `"pynq"` (the pynq package; on an emulated
            board where there is none), or a path that ends with `.bit`, which is programmed.
        config: which core a model stands in for; None: the one each artefact was compiled for. A bitstream has its own.
        timeout_s: longest wait for one exchange; None: a minute, ten for simulators.

    Raises:
        DeviceError: the target is unknown or missing, or no core that this version drives.
        InputError: arguments that contradict each other.
        ToolError: a simulator is missing or failed.
    """
    name = "" if target is None else os.fspath(target)
    if name.startswith("pynq://"):
        raise DeviceError(f"{name}: remote boards are not supported yet: run this on the board itself, "
                          'or use lutdla.open("emulator")')
    if has_board() and (target is None or name == "pynq"):
        return _open_board(None, config, timeout_s)
    if name.endswith(".bit"):
        return _open_board(name, config, timeout_s)
    name = name or "emulator"
    if name not in BACKENDS:
        raise DeviceError(f"unknown target {name!r}: use one of {', '.join(BACKENDS)}, or a path that ends with .bit")
    if config is not None:
        return Accelerator(name, open_backend(name, config), timeout_s=timeout_s)
    return Accelerator(name, None, build=lambda wanted: open_backend(name, wanted), timeout_s=timeout_s)


def _open_board(bitfile: str | None, config: CoreConfig | None, timeout_s: float | None) -> Accelerator:
    """Program a bitstream, or without one attach to the overlay that is loaded."""
    if config is not None:
        raise InputError(f"{bitfile or 'the loaded overlay'}: a bitstream has its own configuration: open it without "
                         "config")
    from lutdla.backends.pynq import PynqBackend

    return Accelerator("pynq", PynqBackend(bitfile), timeout_s=timeout_s)
