"""Faults of the core's registers, and strangers who use the core meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random

from lutdla.faults.fault import Fault, kind
from lutdla.spec.packets import Kind, load_packets, packet
from lutdla.spec.registers import BY_NAME

_CONTROL = BY_NAME["CONTROL"]


@kind
class RegisterFlip(Fault):
    """A bit of a register flips when it is read."""

    name, group, what, events = "register_flip", "core", "a bit flips in a register that is read", 25

    def read(self, target: str, offset: int, value: int) -> int:
        return value ^ 1 << self.random.randrange(32) if target == "core" and self.due() else value


@kind
class RegisterOnes(Fault):
    """The core's registers read as ones: its bus answers no more."""

    name, group, what, events = "registers_dead", "core", "all registers of the core read 0xFFFFFFFF from now on", 25

    def read(self, target: str, offset: int, value: int) -> int:
        return 0xFFFF_FFFF if target == "core" and self.lasts() else value


@kind
class WriteLost(Fault):
    """A write to a register of the core is lost."""

    name, group, what, events = "write_lost", "core", "a write to the core is lost, of those that follow an error", 1

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.spoiled = False

    def send(self, frame: bytes) -> list[bytes]:
        first, self.spoiled = not self.spoiled, True
        return [b"\xff" * len(frame)] if first and self.armed else [frame]

    def write(self, target: str, offset: int, value: int) -> int | None:
        return None if target == "core" and self.spoiled and self.due() else value


@kind
class SoftReset(Fault):
    """Somebody resets the core in the middle of a load or a run."""

    name, group, what, events = "core_reset", "core", "the core is reset in the middle of a load or a run", 1

    def step(self) -> None:
        if self.due():
            assert self.device is not None, "armed"
            self.device.whole.write_register(_CONTROL.offset, _CONTROL.encode(SOFT_RESET=1))


class StrangersPackets(Fault, ABC):
    """Somebody else sends packets to the core between two of ours."""

    group, events = "core", 1

    @abstractmethod
    def packets(self) -> bytes:
        """What the stranger sends."""

    def send(self, frame: bytes) -> list[bytes]:
        return [self.packets(), frame] if self.due() else [frame]


@kind
class ModelForgotten(StrangersPackets):
    """Somebody begins to load another model, and does not end it."""

    name, what = "model_forgotten", "somebody begins to load another model, and does not finish"

    def packets(self) -> bytes:
        assert self.device is not None, "armed"
        return packet(self.device.config, Kind.BEGIN, address=self.random.getrandbits(32))


@kind
class ModelReplaced(StrangersPackets):
    """Somebody loads another whole model."""

    name, what = "model_replaced", "somebody loads another model"

    def packets(self) -> bytes:
        assert self.device is not None, "armed"
        artefact = self.random.choice(self.device.strangers)
        return b"".join(load_packets(artefact.image, self.device.config, artefact.model_id))
