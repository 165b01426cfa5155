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
        target: None: the board if there is one, else the emulator. `"emulator"`, `"rtl"` (Verilated hardware),
            `"myhdl"` (MyHDL simulation), `"pynq"` (the pynq package; on an emulated board where there is none), or a
            path that ends with `.bit`.
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
        name = _local_bitstream()
    if name.endswith(".bit"):
        return _open_bitstream(Path(name), config, timeout_s)
    name = name or "emulator"
    if name not in BACKENDS:
        raise DeviceError(f"unknown target {name!r}: use one of {', '.join(BACKENDS)}, or a path that ends with .bit")
    if config is not None:
        return Accelerator(name, open_backend(name, config), timeout_s=timeout_s)
    return Accelerator(name, None, build=lambda wanted: open_backend(name, wanted), timeout_s=timeout_s)


def _open_bitstream(path: Path, config: CoreConfig | None, timeout_s: float | None) -> Accelerator:
    if config is not None:
        raise InputError(f"{path}: a bitstream has its own configuration: open it without config")
    for needed in (path, path.with_suffix(".hwh")):
        if not needed.is_file():
            raise DeviceError(f"{needed}: no such file: an overlay is a .bit and a .hwh of the same name in one folder")
    if not has_board():
        raise DeviceError(f"{path}: this machine has no board that pynq can program: run it on the board, or use "
                          'lutdla.open("pynq") for an emulated one')
    from lutdla.backends.pynq import PynqBackend

    return Accelerator("pynq", PynqBackend(path), timeout_s=timeout_s)


def _local_bitstream() -> str:
    found = sorted(Path.cwd().glob("lutdla*.bit"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DeviceError(f"a board, but not one overlay lutdla*.bit in {Path.cwd()} (found: {names}): "
                          'name it, as in lutdla.open("lutdla_pynq-z2.bit")')
    return str(found[0])
