"""What the conformance suite runs on: every back end by name, and streams that can be made to stall."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.protocol import Backend, CoreModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.spec.config import CoreConfig

Wrap = Callable[[CoreModel], CoreModel]


def same(model: CoreModel) -> CoreModel:
    return model


def _emulator(config: CoreConfig, wrap: Wrap = same) -> Backend:
    return SimulatedBackend("emulator", wrap(EmulatorModel(config)))


def _pynq(config: CoreConfig, wrap: Wrap = same) -> Backend:
    from lutdla.emulation import emulated_board

    return emulated_board(wrap(EmulatorModel(config)), config)


def _rtl(config: CoreConfig, wrap: Wrap = same) -> Backend:
    from lutdla.backends.rtl import RtlModel

    return SimulatedBackend("rtl", wrap(RtlModel(config)))


def _myhdl(config: CoreConfig, wrap: Wrap = same) -> Backend:
    from lutdla.backends.myhdl import MyhdlModel

    return SimulatedBackend("myhdl", wrap(MyhdlModel(config)))


BUILDERS: dict[str, Callable[..., Backend]] = {"emulator": _emulator, "rtl": _rtl, "myhdl": _myhdl, "pynq": _pynq}
"""Back ends that the suite runs on; one more is one more entry."""


class Stalling:
    """A `CoreModel` whose streams can be stopped, as a clock that does not run or a wire that is broken would."""

    def __init__(self, model: CoreModel) -> None:
        self._model = model
        self.input_stalls = self.output_stalls = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def send(self, frame: bytes) -> None:
        if not self.input_stalls:
            self._model.send(frame)

    def sent(self) -> bool:
        return not self.input_stalls and self._model.sent()

    def receive(self) -> bytes | None:
        return None if self.output_stalls else self._model.receive()


def exchange(backend: Backend, frame: bytes, result_bytes: int = 0, polls: int = 100_000) -> bytes | None:
    """Send a frame without any check of the core's state. Returns the result frame; None if none was asked for."""
    outgoing = backend.allocate(len(frame))
    outgoing[:] = np.frombuffer(frame, np.uint8)
    incoming = backend.allocate(result_bytes) if result_bytes else None
    backend.start(outgoing, incoming)
    assert any(backend.poll() for _ in range(polls)), backend.stream_status()
    result = bytes(incoming[: backend.received()]) if incoming is not None else None
    for buffer in (outgoing, incoming):
        if buffer is not None:
            backend.free(buffer)
    return result
