"""Back ends: one file each behind one protocol, opened by name.

A back end is imported only when it is opened, so that a board needs no simulator and a laptop no board.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lutdla.errors import DeviceError

if TYPE_CHECKING:
    from lutdla.backends.protocol import Backend
    from lutdla.spec.config import CoreConfig

__all__ = ["BACKENDS", "open_backend"]


def _emulator(config: CoreConfig) -> Backend:
    from lutdla.backends.emulator import EmulatorModel
    from lutdla.backends.simulated import SimulatedBackend

    return SimulatedBackend("emulator", EmulatorModel(config))


def _rtl(config: CoreConfig) -> Backend:
    from lutdla.backends.rtl import RtlModel
    from lutdla.backends.simulated import SimulatedBackend

    return SimulatedBackend("rtl", RtlModel(config))


def _myhdl(config: CoreConfig) -> Backend:
    from lutdla.backends.myhdl import MyhdlModel
    from lutdla.backends.simulated import SimulatedBackend

    return SimulatedBackend("myhdl", MyhdlModel(config))


def _pynq(config: CoreConfig) -> Backend:
    from lutdla.backends.emulator import EmulatorModel
    from lutdla.emulation import emulated_board

    return emulated_board(EmulatorModel(config), config)


BACKENDS: dict[str, Callable[[CoreConfig], Backend]] = {
    "emulator": _emulator,
    "rtl": _rtl,
    "myhdl": _myhdl,
    "pynq": _pynq,
}
"""Name -> what opens a model of a core behind that back end. `pynq` is the emulated board; a real one is opened by its
bitstream (`lutdla.open("overlay.bit")`)."""


def open_backend(name: str, config: CoreConfig) -> Backend:
    """Open a back end that stands in for a core of this configuration.

    Raises:
        DeviceError: unknown name, or a package that the back end needs is missing.
        ToolError: a simulator or compiler that it needs is missing or failed.
    """
    if name not in BACKENDS:
        raise DeviceError(f"unknown back end {name!r}: use one of {', '.join(BACKENDS)}")
    try:
        return BACKENDS[name](config)
    except ModuleNotFoundError as error:
        raise DeviceError(f"back end {name} needs the Python package {error.name!r}, which is not installed: "
                          "`lutdla doctor` names the command that installs it") from error
