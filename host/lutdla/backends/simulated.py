"""`SimulatedBackend`: any model of the core as a back end, with plain numpy buffers and no DMA between."""

from __future__ import annotations

import numpy as np

from lutdla.backends.protocol import Buffer, CoreModel
from lutdla.errors import CoreError

MAX_FRAME_BYTES = 1 << 26
"""As much as the longest DMA transfer."""

USUAL_FRAME_BYTES = {True: 1 << 20, False: 4 << 20}
"""Whether a model counts cycles -> bytes of a usual exchange: one without time computes many images side by side."""


class SimulatedBackend:
    """Drives a `CoreModel`; implements `lutdla.backends.protocol.Backend`.

    Args:
        name: of the back end, for messages.
        model: the core; closed with the back end.
    """

    def __init__(self, name: str, model: CoreModel) -> None:
        self.name, self.model = name, model
        self.cycle_exact = model.cycle_exact
        self.max_frame_bytes = MAX_FRAME_BYTES
        self.usual_frame_bytes = USUAL_FRAME_BYTES[model.cycle_exact]
        self._incoming: Buffer | None = None
        self._received, self._busy = 0, False

    def read_register(self, offset: int) -> int:
        return self.model.read_register(offset)

    def write_register(self, offset: int, value: int) -> None:
        self.model.write_register(offset, value)

    def allocate(self, nbytes: int) -> Buffer:
        return np.zeros(max(nbytes, 1), np.uint8)

    def free(self, buffer: Buffer) -> None:
        """Nothing to do: numpy memory."""

    def start(self, outgoing: Buffer, incoming: Buffer | None) -> None:
        self._incoming, self._received, self._busy = incoming, 0, True
        self.model.send(outgoing.tobytes())

    def poll(self) -> bool:
        self.model.step()
        if not self._busy:
            return True
        if self._incoming is not None and not self._received:
            frame = self.model.receive()
            if frame is None:
                return False
            if len(frame) > len(self._incoming):
                self._busy = False
                raise CoreError(f"{self.name}: result frame of {len(frame)} bytes, buffer of {len(self._incoming)}: "
                                "the program sends more than the artefact says, compile it again", "DMA")
            self._incoming[: len(frame)] = np.frombuffer(frame, np.uint8)
            self._received = len(frame)
        self._busy = not self.model.sent()
        return not self._busy

    def received(self) -> int:
        return self._received

    def stream_status(self) -> str:
        sent = "all sent" if self.model.sent() else "not all of the outgoing frame was taken by the core"
        waiting = self._incoming is not None and not self._received
        return f"{sent}; {'no whole result frame (TLAST) has come' if waiting else 'nothing to receive'}"

    def reset_streams(self) -> None:
        self._incoming, self._received, self._busy = None, 0, False
        self.model.reset_streams()

    def close(self) -> None:
        self.model.close()
