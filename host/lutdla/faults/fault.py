"""`Fault`: one thing that goes wrong. The base class does nothing; each kind changes what a hook of it passes on."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from lutdla.faults.device import FaultyDevice

FAULTS: dict[str, type[Fault]] = {}
"""Name -> kind of fault, of all that can happen to an opened device."""


class Fault:
    """What can go wrong, from `arm` to `disarm`.

    Args:
        random: what it draws from.

    Attributes:
        name: of its kind, snake_case.
        what: happens, in plain words.
        group: part of the device: stream, core, dma or memory.
        fresh: whether it can only happen to a device that was just opened.
        harmless: whether results must be right all the same.
        events: how many chances it may let pass, at most, before it happens; which, is drawn.
        fired: whether it has happened.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    group: ClassVar[str]
    fresh: ClassVar[bool] = False
    harmless: ClassVar[bool] = False
    events: ClassVar[int] = 0

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fired, self.armed = False, False
        self._pass = random.randint(0, self.events)
        self.device: FaultyDevice | None = None

    def arm(self, device: FaultyDevice) -> None:
        """From now on it can happen."""
        self.device, self.armed = device, True

    def disarm(self) -> None:
        """It is over; what it broke in the device's hardware is whole again."""
        self.armed = False

    def due(self) -> bool:
        """Whether to happen now: true once, in the drawn chance."""
        if not self.armed or self.fired:
            return False
        if self._pass:
            self._pass -= 1
            return False
        self.fired = True
        return True

    def lasts(self) -> bool:
        """Whether to go on happening: from the drawn chance until it is disarmed."""
        return self.armed and (self.fired or self.due())

    # -- hooks: each returns what goes on --------------------------------------------------------------------------
    def send(self, frame: bytes) -> list[bytes]:
        """A frame on its way to the core; each frame of the result arrives with a TLAST of its own."""
        return [frame]

    def sent(self, done: bool) -> bool:
        """Whether the core has taken everything."""
        return done

    def receive(self, frame: bytes | None) -> bytes | None:
        """A result frame on its way to the DMA; None: there is none yet."""
        return frame

    def step(self) -> None:
        """Time passes."""

    def read(self, target: str, offset: int, value: int) -> int:
        """A register that is read. `target`: core or dma."""
        return value

    def write(self, target: str, offset: int, value: int) -> int | None:
        """A register that is written; None: the write is lost."""
        return value

    def flush(self, nbytes: int) -> int:
        """How many of the first bytes of a buffer a cache flush really writes to DDR."""
        return nbytes

    def invalidate(self, nbytes: int) -> int:
        """How many of the first bytes of a buffer a cache invalidate really makes visible."""
        return nbytes

    def address(self, address: int) -> int:
        """The physical address of a new buffer, as the program sees it.

        Raises:
            OSError, RuntimeError: there is no memory.
        """
        return address


Kind = TypeVar("Kind", bound=type[Fault])


def kind(fault: Kind) -> Kind:
    """Enter a kind of fault in `FAULTS`."""
    if fault.name in FAULTS:
        raise ValueError(f"two kinds of fault are called {fault.name}")
    FAULTS[fault.name] = fault
    return fault
