"""What the conformance suite runs on: back ends by name, streams that can be made to stall, a model and its packets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.protocol import Backend, CoreModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import Kind, input_packet, load_packets, packet, result_bytes
from lutdla.verify import make_vectors, reference_results
from tests.networks import random_artefact, two_layers
from tests.programs import Shape
from tests.strategies import TINY

NETWORK = two_layers()
STREAMED = random_artefact(TINY, Shape(5, images=2, pieces=3))
"""Two images in a pass, and three table pieces."""
GROUPS = NETWORK.image.program.input_groups
BEATS = TINY.frame_beats(GROUPS)
VALUES = make_vectors(NETWORK, 8)
EXPECTED = reference_results(NETWORK, VALUES)
BEGIN = packet(TINY, Kind.BEGIN, address=1)
LOAD = b"".join(load_packets(NETWORK.image, TINY, NETWORK.model_id))
START, INPUT = packet(TINY, Kind.RUN, address=2), input_packet(VALUES[:2], GROUPS, TINY)
RUN = START + INPUT
RESULT = result_bytes(2, NETWORK.image.program.output_rows, TINY)

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


def load_and_run(accelerator):
    np.testing.assert_array_equal(accelerator.load(NETWORK).raw(VALUES), EXPECTED)
