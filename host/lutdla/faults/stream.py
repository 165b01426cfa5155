"""Faults of the streams: bits, beats and packets between DMA and core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from lutdla.faults.fault import Fault, kind
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import HEADER, LAST_OF_PIECE, Kind

FIELDS = {"magic": (0, 4), "kind": (4, 5), "memory": (5, 6), "bank": (6, 8), "address": (8, 12), "length": (12, 16)}
"""Field of a header -> its first byte, and the one behind its last."""


def split_packets(frame: bytes, config: CoreConfig) -> list[bytes]:
    """The packets of a frame that is right."""
    packets, at = [], 0
    while at < len(frame):
        _, what, memory, _, address, length = HEADER.unpack(frame[at : at + HEADER.size])
        beats = 0
        if what in (Kind.LOAD, Kind.TABLES):
            beats = length * config.beats_per_word(LOADABLE[memory & ~LAST_OF_PIECE])
        elif what == Kind.INPUT:
            beats = address * length
        end = at + HEADER.size + (beats + 1) * config.stream_bytes
        packets.append(frame[at:end])
        at = end
    return packets


class StreamFault(Fault, ABC):
    """A frame is changed on its way to the core."""

    group = "stream"
    events = 1  # a load, then a run

    def send(self, frame: bytes) -> list[bytes]:
        return self.change(frame) if self.due() else [frame]

    @abstractmethod
    def change(self, frame: bytes) -> list[bytes]:
        """The frames that arrive instead."""

    @property
    def config(self) -> CoreConfig:
        """Of the core."""
        assert self.device is not None, "armed"
        return self.device.config

    def beats(self, frame: bytes) -> list[bytes]:
        """The beats of a frame."""
        size = self.config.stream_bytes
        return [frame[i : i + size] for i in range(0, len(frame), size)]

    def flipped(self, data: bytes, start: int, end: int) -> bytes:
        """With one bit of bytes start..end - 1 flipped."""
        changed = bytearray(data)
        changed[self.random.randrange(start, end)] ^= 1 << self.random.randrange(8)
        return bytes(changed)


class FieldFlip(StreamFault):
    """A bit of one field of a packet flips."""

    field: ClassVar[str]

    def change(self, frame: bytes) -> list[bytes]:
        packets = split_packets(frame, self.config)
        beat = self.config.stream_bytes
        choices = [i for i, packet in enumerate(packets)
                   if self.field != "payload" or len(packet) > HEADER.size + beat]
        if not choices:  # a frame without payload
            self.fired = False
            return [frame]
        i = self.random.choice(choices)
        end = len(packets[i]) - beat
        start, stop = {**FIELDS, "payload": (HEADER.size, end), "crc": (end, end + 4)}[self.field]
        packets[i] = self.flipped(packets[i], start, stop)
        return [b"".join(packets)]


for _field in (*FIELDS, "payload", "crc"):
    kind(type(f"Flip{_field.title()}", (FieldFlip,), {
        "field": _field, "name": f"flip_{_field}", "what": f"a bit flips in the {_field} of a packet",
        "__doc__": f"A bit flips in the {_field} of a packet.",
    }))  # fmt: skip


@kind
class FlipResult(Fault):
    """A bit flips in a result."""

    name, group, what = "flip_result", "stream", "a bit flips in a result"

    def receive(self, frame: bytes | None) -> bytes | None:
        if frame is None or not self.due():
            return frame
        changed = bytearray(frame)
        changed[self.random.randrange(len(frame))] ^= 1 << self.random.randrange(8)
        return bytes(changed)


class PacketsChange(StreamFault, ABC):
    """Whole packets are lost, doubled or change places."""

    def change(self, frame: bytes) -> list[bytes]:
        packets = split_packets(frame, self.config)
        self.rearrange(packets)
        return [b"".join(packets)] if packets else []

    @abstractmethod
    def rearrange(self, packets: list[bytes]) -> None:
        """Change the list; at least two packets."""


@kind
class PacketLost(PacketsChange):
    """A packet is lost."""

    name, what = "packet_lost", "a packet is lost"

    def rearrange(self, packets: list[bytes]) -> None:
        del packets[self.random.randrange(len(packets))]


@kind
class PacketTwice(PacketsChange):
    """A packet comes twice."""

    name, what = "packet_twice", "a packet comes twice"

    def rearrange(self, packets: list[bytes]) -> None:
        i = self.random.randrange(len(packets))
        packets.insert(i, packets[i])


@kind
class PacketsSwapped(PacketsChange):
    """Two packets come in the wrong order."""

    name, what = "packets_swapped", "two packets come in the wrong order"

    def rearrange(self, packets: list[bytes]) -> None:
        i, j = self.random.sample(range(len(packets)), 2)
        packets[i], packets[j] = packets[j], packets[i]


@kind
class BeatLost(StreamFault):
    """A beat is lost."""

    name, what = "beat_lost", "a beat is lost"

    def change(self, frame: bytes) -> list[bytes]:
        beats = self.beats(frame)
        del beats[self.random.randrange(len(beats))]
        return [b"".join(beats)]


@kind
class BeatTwice(StreamFault):
    """A beat comes twice."""

    name, what = "beat_twice", "a beat comes twice"

    def change(self, frame: bytes) -> list[bytes]:
        beats = self.beats(frame)
        i = self.random.randrange(len(beats))
        beats.insert(i, beats[i])
        return [b"".join(beats)]


@kind
class TlastEarly(StreamFault):
    """TLAST comes in the middle of a frame."""

    name, what = "tlast_early", "TLAST comes in the middle of a frame"

    def change(self, frame: bytes) -> list[bytes]:
        at = self.random.randrange(1, len(frame) // self.config.stream_bytes) * self.config.stream_bytes
        return [frame[:at], frame[at:]]


@kind
class Truncated(StreamFault):
    """A frame ends early, and its rest is lost."""

    name, what = "truncated", "a frame ends early, its rest is lost"

    def change(self, frame: bytes) -> list[bytes]:
        size = self.config.stream_bytes
        return [frame[: self.random.randrange(1, len(frame) // size) * size]]


@kind
class TlastMissing(StreamFault):
    """A frame does not end: TLAST is missing, and what follows belongs to it."""

    name, what = "tlast_missing", "TLAST is missing: what follows belongs to the frame"

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.held = b""

    def send(self, frame: bytes) -> list[bytes]:
        if self.held:
            frame, self.held = self.held + frame, b""
            return [frame]
        return super().send(frame)

    def change(self, frame: bytes) -> list[bytes]:
        self.held = frame
        return []

    def disarm(self) -> None:
        super().disarm()
        self.held = b""


@kind
class Starved(StreamFault):
    """The stream starves: nothing arrives, and the DMA cannot send."""

    name, what = "starved", "the stream starves: nothing goes on"

    def change(self, frame: bytes) -> list[bytes]:
        return []

    def sent(self, done: bool) -> bool:
        return done and not (self.fired and self.armed)


class ResultFault(Fault, ABC):
    """A result frame is changed on its way."""

    group = "stream"

    def receive(self, frame: bytes | None) -> bytes | None:
        return self.change(frame) if frame is not None and self.due() else frame

    @abstractmethod
    def change(self, frame: bytes) -> bytes | None:
        """The frame that arrives instead."""

    def beat(self, frame: bytes) -> int:
        """Where some beat begins."""
        assert self.device is not None, "armed"
        size = self.device.config.stream_bytes
        return self.random.randrange(len(frame) // size) * size


@kind
class ResultLost(ResultFault):
    """No result frame comes: it has no TLAST."""

    name, what = "result_lost", "a result frame does not come, or has no TLAST"

    def change(self, frame: bytes) -> bytes | None:
        return None


@kind
class ResultShort(ResultFault):
    """A result frame ends early."""

    name, what = "result_short", "a result frame ends early"

    def change(self, frame: bytes) -> bytes | None:
        return frame[: self.beat(frame)] or None


@kind
class ResultLong(ResultFault):
    """A beat of a result comes twice."""

    name, what = "result_long", "a beat of a result comes twice"

    def change(self, frame: bytes) -> bytes | None:
        assert self.device is not None, "armed"
        at, size = self.beat(frame), self.device.config.stream_bytes
        return frame[: at + size] + frame[at:]


@kind
class ResultShifted(ResultFault):
    """A beat of a result is lost, and another one comes behind: the size is right."""

    name, what = "result_shifted", "a beat of a result is lost, one too many comes at its end"

    def change(self, frame: bytes) -> bytes | None:
        assert self.device is not None, "armed"
        at, size = self.beat(frame), self.device.config.stream_bytes
        return frame[:at] + frame[at + size :] + self.random.randbytes(size)


@kind
class ResultOld(Fault):
    """The result of an earlier run comes instead."""

    name, group, what = "result_old", "stream", "the result of an earlier run comes instead"

    def receive(self, frame: bytes | None) -> bytes | None:
        assert self.device is not None, "armed"
        old = self.device.last_result
        return old if frame is not None and old is not None and self.due() else frame
