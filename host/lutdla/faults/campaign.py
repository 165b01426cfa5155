"""One random fault after the other on an emulated board, and what became of each."""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

import numpy as np
import numpy.typing as npt

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.protocol import CoreModel
from lutdla.backends.pynq import PynqBackend
from lutdla.errors import LutdlaError
from lutdla.faults import core, dma, memory, stream  # noqa: F401  # they enter their kinds in FAULTS
from lutdla.faults.device import FaultyDevice
from lutdla.faults.fault import FAULTS
from lutdla.faults.opening import OPENINGS, open_with
from lutdla.runtime import Accelerator
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.packets import load_packets, result_bytes, run_packets
from lutdla.verify import reference_results

ABANDONED = "process_killed"
"""Name of the fault of a process that ends in the middle of a load or a run: it closes nothing."""

OUTCOMES = ("named", "right", "wrong", "unnamed", "hang")
"""An error of ours; the right results all the same; wrong results; any other exception; no answer in time."""

LIMIT_S = 20.0
"""A call that takes longer hangs: many times the deadlines it is given."""


class HangError(BaseException):
    """A call did not answer; no handler of errors may catch it."""


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer. Main thread only.

    Raises:
        HangError: it did.
    """

    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Batch:
    """Inputs of a network and the results that are right."""

    x: npt.NDArray[np.int8]
    expected: npt.NDArray[np.int32]

    @classmethod
    def of(cls, artefact: Artefact, seed: int) -> Batch:
        """Three passes of it."""
        shape = 3 * artefact.image.program.images, *artefact.input_shape
        x = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
        return cls(x, reference_results(artefact, x))


BATCHES = 4
"""Batches of each network: what is left from an earlier run must not be right by chance."""


@dataclass
class Tally:
    """What became of the faults.

    Attributes:
        outcomes: (kind of fault, outcome) -> how often.
        errors: (kind, class of the exception) -> how often.
        recovered: (kind) -> how often a load and a run were exact afterwards.
        worst: descriptions of what must not happen.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    worst: list[str] = field(default_factory=list)

    def total(self, outcome: str) -> int:
        """How often it came, over all kinds."""
        return sum(n for (_, found), n in self.outcomes.items() if found == outcome)

    @property
    def injected(self) -> int:
        """Faults that happened."""
        return sum(self.outcomes.values())


class Campaign:
    """Faults on an emulated board whose core is a model.

    Args:
        artefacts: models for one configuration; at least two.
        make_model: makes the core.
        timeout_s: deadline of an exchange, in which the model is done when nothing is wrong.
        seed: of everything that is drawn.
    """

    def __init__(self, artefacts: tuple[Artefact, ...], make_model: Callable[[CoreConfig], CoreModel] = EmulatorModel,
                 timeout_s: float = 0.05, seed: int = 0) -> None:  # fmt: skip
        self.random, self.artefacts, self.make_model = Random(seed), artefacts, make_model
        self.config, self.timeout_s, self.seed = artefacts[0].config, timeout_s, seed
        self._batches = {id(a): [Batch.of(a, seed + i) for i in range(BATCHES)] for a in artefacts}
        self.tally = Tally()
        self._folder = tempfile.TemporaryDirectory(prefix="lutdla-faults-")
        self._board: tuple[FaultyDevice, Accelerator] | None = None

    # -- the board -------------------------------------------------------------------------------------------------
    def _bitfile(self, name: str, board: str) -> Path:
        from lutdla_overlay.boards import load_board
        from lutdla_overlay.hwh import write_overlay

        folder = Path(self._folder.name) / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        return write_overlay(folder, self.config, load_board(board))

    def board(self) -> tuple[FaultyDevice, Accelerator]:
        """An opened board in good health; the same one while it stays so."""
        if self._board is None:
            name = self.random.choice(("pynq-z2", "kv260"))
            device = FaultyDevice(self.make_model, self.artefacts, arch="armv7l" if name == "pynq-z2" else "aarch64")
            self._board = device, self._open(device, self._bitfile("board", name))
        return self._board

    def _open(self, device: FaultyDevice, bitfile: Path | None = None) -> Accelerator:
        backend = PynqBackend(bitfile, device=device, reset_timeout_s=self.timeout_s)
        return Accelerator("pynq", backend, timeout_s=60 * self.timeout_s)

    def _drop_board(self) -> None:
        if self._board is not None:
            device, accelerator = self._board
            device.calm()
            accelerator.close()
            device.close()
            self._board = None

    # -- faults ----------------------------------------------------------------------------------------------------
    def run(self, count: int) -> Iterator[str]:
        """Let `count` faults happen; yields the kind of each. What became of them is in `tally`."""
        kinds = [*FAULTS, *OPENINGS, ABANDONED]
        while self.tally.injected < count:
            name = self.random.choice(kinds)
            if self.one(name):
                yield name

    def one(self, name: str) -> bool:
        """Let one fault of a kind happen; False if it had no chance to."""
        if name in OPENINGS:
            return self._opening(name)
        if name == ABANDONED:
            return self._abandoned()
        fault = FAULTS[name](self.random)
        if fault.fresh:
            self._drop_board()
        device, accelerator = self.board()
        accelerator.policy.retries = self.random.choice((0, 1))
        artefact = self.random.choice(self.artefacts)
        if not fault.fresh and self.random.random() < 0.5:  # often the network is on the core, and has run, already
            accelerator.load(artefact).raw(self._batch(artefact).x)
        device.strike(fault)
        batch = self._batch(artefact)
        # what is harmless must not fail because this computer is busy
        patience = self.timeout_s * (60 if fault.harmless else 1)
        outcome = self._attempt(name, lambda: self._use(accelerator, artefact, batch, patience), batch)
        happened = fault.fired
        device.calm()
        if happened:
            self._count(name, outcome)
            if fault.harmless and outcome != "right":
                self.tally.worst.append(f"{name} (seed {self.seed}): it is harmless, but the outcome was {outcome}")
        elif outcome != "right":
            self.tally.worst.append(f"{name} (seed {self.seed}): nothing had happened, but the outcome was {outcome}")
        if not self._recovers(name, accelerator, artefact, happened):
            self._drop_board()
        return happened

    def _batch(self, artefact: Artefact) -> Batch:
        return self.random.choice(self._batches[id(artefact)])

    @staticmethod
    def _use(accelerator: Accelerator, artefact: Artefact, batch: Batch, timeout_s: float) -> npt.NDArray[np.int32]:
        """Load a network where another one is on the core, and run it."""
        network = accelerator.network
        if network is None or network.artefact is not artefact:
            network = accelerator.load(artefact, timeout_s=timeout_s)
        return network.raw(batch.x, timeout_s=timeout_s)

    def _attempt(self, name: str, action: Callable[[], npt.NDArray[np.int32]], batch: Batch) -> str:
        """What comes of an action: one of `OUTCOMES`."""
        try:
            with no_longer_than(LIMIT_S):
                result = action()
        except LutdlaError as error:
            self.tally.errors[name, type(error).__name__] += 1
            return "named"
        except HangError:
            self.tally.worst.append(f"{name} (seed {self.seed}): no answer in {LIMIT_S:g} s")
            return "hang"
        except Exception as error:  # noqa: BLE001  # this is what is counted
            self.tally.errors[name, type(error).__name__] += 1
            self.tally.worst.append(f"{name} (seed {self.seed}): {error!r}")
            return "unnamed"
        if np.array_equal(result, batch.expected):
            return "right"
        self.tally.worst.append(f"{name} (seed {self.seed}): wrong results")
        return "wrong"

    def _count(self, name: str, outcome: str) -> None:
        self.tally.outcomes[name, outcome] += 1

    def _recovers(self, name: str, accelerator: Accelerator, artefact: Artefact, happened: bool) -> bool:
        """Whether the device, with nothing wrong any more, loads and runs as before."""
        batch = self._batch(artefact)

        def again() -> npt.NDArray[np.int32]:
            accelerator.policy.retries = 0
            accelerator.recover()
            return accelerator.load(artefact).raw(batch.x)

        try:
            with no_longer_than(LIMIT_S):
                exact = np.array_equal(again(), batch.expected)
        except (LutdlaError, HangError) as error:
            self.tally.worst.append(f"{name} (seed {self.seed}): no recovery: {error!r}")
            return False
        if not exact:
            self.tally.worst.append(f"{name} (seed {self.seed}): wrong results after recovery")
        elif happened:
            self.tally.recovered[name] += 1
        return exact

    def _opening(self, name: str) -> bool:
        """An overlay that is not what it says, then a right one."""
        bitfile = self._bitfile("opening", "pynq-z2")
        artefact = self.random.choice(self.artefacts)
        batch = self._batch(artefact)

        def used() -> npt.NDArray[np.int32]:
            backend = open_with(name, bitfile, self.config, self.random)
            try:
                with Accelerator("pynq", backend, timeout_s=60 * self.timeout_s) as accelerator:
                    return accelerator.load(artefact).raw(batch.x)
            finally:
                backend.close()

        self._count(name, self._attempt(name, used, batch))
        device = FaultyDevice(self.make_model, self.artefacts)
        with self._open(device, self._bitfile("opening", "pynq-z2")) as accelerator:
            self._recovers(name, accelerator, artefact, happened=True)
        device.close()
        return True

    def _abandoned(self) -> bool:
        """A process ends in the middle of a load or a run, and closes nothing; the next one opens the board."""
        device, accelerator = self.board()
        artefact, other = self.random.choice(self.artefacts), self.random.choice(self.artefacts)
        accelerator.load(artefact)
        backend = accelerator.core().backend
        if self.random.random() < 0.5:
            packets = load_packets(other.image, self.config, other.model_id)
            frame, room = b"".join(packets[: self.random.randint(1, len(packets))]), None
        else:
            frames = artefact.frames(self._batch(artefact).x)
            frame = run_packets(frames, artefact.image, self.config)
            room = backend.allocate(result_bytes(len(frames), artefact.image.program.output_rows, self.config))
        buffer = backend.allocate(len(frame))
        buffer[:] = np.frombuffer(frame, np.uint8)
        backend.start(buffer, room)
        for _ in range(self.random.randint(0, 2)):
            backend.poll()
        for held in backend._buffers.values():  # type: ignore[attr-defined]  # Linux takes memory back by itself
            held.freebuffer()

        batch = self._batch(other)

        def used() -> npt.NDArray[np.int32]:
            opened = self._open(device)
            self._board = device, opened
            return opened.load(other).raw(batch.x)

        outcome = self._attempt(ABANDONED, used, batch)
        self._count(ABANDONED, outcome)
        if not self._recovers(ABANDONED, self._board[1], artefact, happened=True):  # type: ignore[index]
            self._drop_board()
        return True

    def close(self) -> None:
        """Free the board; may be called twice."""
        self._drop_board()
        self._folder.cleanup()
