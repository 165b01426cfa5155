"""`emulated_board`: a `PynqBackend` over an emulated device, in one call."""

from __future__ import annotations

import tempfile

from lutdla.backends.protocol import CoreModel
from lutdla.backends.pynq import PynqBackend
from lutdla.emulation.device import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.spec.config import CoreConfig


def emulated_board(model: CoreModel | None, config: CoreConfig, board: str | None = None, clock_mhz: float = 100.0
                   ) -> PynqBackend:  # fmt: skip
    """The pynq back end on an emulated board.

    The hwh is made from our register table, then the same code runs as on a board: Overlay, DMA, allocate.

    Args:
        model: the core, closed with the back end; None for the fast emulator.
        config: what the core was built for; goes into the hwh.
        board: key of a board file (`lutdla_overlay.boards`); None: pynq-z2, or zcu104 for streams of 128 bits.
        clock_mhz: clock that the hwh states.

    Raises:
        ConfigError: unknown board, or a configuration or clock it cannot have.
        DeviceError: the model is not what the hwh says.
    """
    from lutdla_overlay.boards import load_board
    from lutdla_overlay.hwh import write_overlay

    facts = load_board(board or ("pynq-z2" if config.stream_bits <= 64 else "zcu104"))
    given = [model] if model is not None else []

    def make_model(of_overlay: CoreConfig) -> CoreModel:
        if not given:
            raise DeviceError("a second overlay was downloaded to the emulated board, whose model is already used up: "
                              "make a new emulated_board")
        return given.pop()

    device = EmulatedDevice(
        None if model is None else make_model, arch=facts.ps.arch, name=facts.name,
        ddr_mib=min(facts.ddr_mib, 2048),  # Zynq UltraScale+ has the rest elsewhere in its address map
        tag=f"emulated {facts.name}",
    )  # fmt: skip
    folder = tempfile.TemporaryDirectory(prefix="lutdla-overlay-")

    def close() -> None:
        device.close()
        folder.cleanup()

    try:
        bitfile = write_overlay(folder.name, config, facts, clock_mhz)
        return PynqBackend(bitfile, device=device, on_close=close)
    except BaseException:
        close()
        for unused in given:
            unused.close()
        raise
