"""A core that sends every frame back: registers as the table says, and switches to make it stall."""

from collections import deque

from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import BY_NAME, constant_registers


class Loopback:
    """A `CoreModel`. `taking` False: input stalls. `answering` False: no result. `extra`: bytes added to results.
    `delay`: steps until a frame has been taken."""

    cycle_exact = True

    def __init__(self, config: CoreConfig, **constants: int) -> None:
        self.words = {BY_NAME[name].offset: value for name, value in constant_registers(config).items()}
        self.words |= {BY_NAME[name].offset: value for name, value in constants.items()}
        self.incoming: deque[bytes] = deque()
        self.outgoing: deque[bytes] = deque()
        self.taking = self.answering = True
        self.extra, self.delay, self.steps, self.resets, self.closed = b"", 0, 0, 0, 0

    def read_register(self, offset: int) -> int:
        return self.words.get(offset, 0)

    def write_register(self, offset: int, value: int) -> None:
        self.words[offset] = value

    def send(self, frame: bytes) -> None:
        self.incoming.append(frame)

    def sent(self) -> bool:
        return not self.incoming

    def receive(self) -> bytes | None:
        return self.outgoing.popleft() if self.outgoing else None

    def step(self) -> None:
        self.steps += 1
        if self.incoming and self.taking and self.steps > self.delay:
            frame = self.incoming.popleft()
            if self.answering:
                self.outgoing.append(frame + self.extra)

    def interrupt(self) -> bool:
        return False

    def reset_streams(self) -> None:
        self.resets += 1
        self.incoming.clear()
        self.outgoing.clear()

    def close(self) -> None:
        self.closed += 1
