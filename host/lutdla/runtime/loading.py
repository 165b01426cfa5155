"""Loading a model: its packets by DMA, and what the core must hold afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lutdla.backends.protocol import Backend
from lutdla.errors import CoreError
from lutdla.runtime.core import Core
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, memory_crcs
from lutdla.spec.registers import MEMORY_CRCS


def send_model(core: Core, artefact: Artefact, config: CoreConfig, timeout_s: float) -> None:
    """Load a model and check what arrived.

    Args:
        config: of the core.
        timeout_s: longest wait for one exchange.

    Raises:
        CoreError: the core or the DMA reported an error, or the core holds something else than was sent (code CRC).
        DeadlineError: as `Core.exchange`.
    """
    expected = loaded_registers(artefact, config)
    for frame in _frames(load_packets(artefact.image, config, expected["MODEL"]), core.backend):
        _send(core, frame, timeout_s)
    core.wait_loaded(timeout_s)
    for register, value in expected.items():
        found = core.read(register)
        if found != value:
            raise CoreError(f"{core.backend.name}: after loading, register {register} is {found:#010x}, expected "
                            f"{value:#010x}: the data was damaged on its way, load it again", "CRC")


def loaded_registers(artefact: Artefact, config: CoreConfig) -> dict[str, int]:
    """Registers by which a core shows that it holds a model, and their values."""
    crcs = {MEMORY_CRCS[memory]: crc for memory, crc in memory_crcs(artefact.image, config).items()}
    return {"MODEL": artefact.model_id, **crcs}


def holds(core: Core, artefact: Artefact, config: CoreConfig) -> bool:
    """Whether a whole model is committed, and it is this one."""
    return bool(core.fields("STATUS")["LOADED"]) and all(
        core.read(register) == value for register, value in loaded_registers(artefact, config).items())


def _send(core: Core, frame: bytes, timeout_s: float) -> None:
    buffer = core.backend.allocate(len(frame))
    try:
        buffer[: len(frame)] = np.frombuffer(frame, np.uint8)
        core.exchange(f"loading {len(frame)} bytes", buffer[: len(frame)], None, timeout_s)
    finally:
        core.backend.free(buffer)


def _frames(packets: list[bytes], backend: Backend) -> Iterator[bytes]:
    """Packets joined to frames as long as the back end can carry."""
    frame: list[bytes] = []
    size = 0
    for packet in packets:
        if frame and size + len(packet) > backend.max_frame_bytes:
            yield b"".join(frame)
            frame, size = [], 0
        frame.append(packet)
        size += len(packet)
    yield b"".join(frame)
