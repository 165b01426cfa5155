"""`RunFrame`: what goes to the core in an exchange, kept in a DMA buffer from one exchange to the next.

Headers, table pieces and padding are the same in each exchange of so many images: they are written once. Filling the
frame writes the images where the core reads them, and their CRCs.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from lutdla.backends.protocol import Buffer
from lutdla.native.crc import crc32
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import HEADER, Kind, pack_frames, run_parts


class RunFrame:
    """The outgoing frame of an exchange.

    Args:
        buffer: holds the frame; may be longer.
        artefact: the network.
        config: of the core.
        images: of the exchange, whole passes.
    """

    def __init__(self, buffer: Buffer, artefact: Artefact, config: CoreConfig, images: int) -> None:
        self.images, self._artefact, self._config = images, artefact, config
        self._groups = artefact.image.program.input_groups
        self._frame_bytes = config.frame_beats(self._groups) * config.stream_bytes
        packets = run_parts(np.zeros((images, 0), np.int8), artefact.image, config)
        size = sum(map(len, packets))
        self.bytes = buffer[:size]
        """What is sent."""
        self._host = np.asarray(buffer)[:size]
        self._host[:] = np.frombuffer(b"".join(packets), np.uint8)
        self._trailers = np.frombuffer(b"".join(packet[-config.stream_bytes :] for packet in packets), np.uint8).copy()
        self._inputs: list[tuple[int, int, int]] = []  # packet number, where its header is, images
        at = 0
        for number, packet in enumerate(packets):
            _, kind, _, _, count, _ = HEADER.unpack_from(packet)
            if kind == Kind.INPUT:
                self._inputs.append((number, at, count))
            at += len(packet)

    def fill(self, values: npt.NDArray[np.int8]) -> None:
        """Put quantized inputs (up to `images`, values) into the frame; what is left repeats the last one."""
        done = 0
        for number, at, count in self._inputs:
            start, end = at + HEADER.size, at + HEADER.size + count * self._frame_bytes
            frames = self._host[start:end].view(np.int8).reshape(count, -1)
            self._place(values[done : done + count], frames, values[-1:])
            crc = crc32(self._host[at:end])
            for kept in (self._host[end : end + 4], self._trailers[number * self._config.stream_bytes :][:4]):
                kept[:] = np.frombuffer(crc.to_bytes(4, "little"), np.uint8)
            done += count

    def _place(self, values: npt.NDArray[np.int8], frames: npt.NDArray[np.int8], rest: npt.NDArray[np.int8]) -> None:
        """Write images into frames as the stream carries them; `rest` where there are fewer images than frames."""
        if len(values) < len(frames):
            self._place(rest, frames[len(values) :][:1], rest)
            frames[len(values) + 1 :] = frames[len(values)]
        if not len(values):
            return
        config, layout, used = self._config, self._artefact.layout, self._groups * self._config.group
        if config.groups_per_beat * config.group == config.beats_per_group * config.stream_bytes:
            layout.place(values, frames[: len(values), :used], config)  # beats are filled: no padding between groups
        else:
            packed = pack_frames(layout.arrange(values, config), self._groups, config)
            frames[: len(values)] = packed.view(np.int8).reshape(len(values), -1)

    def crc(self) -> int:
        """What register CRC_RUN holds when the core has taken the frame."""
        return zlib.crc32(self._trailers.data)
