"""Hostile streams: packets changed in every way, sent to the Verilated core and to its emulator, which must agree."""

from __future__ import annotations

import zlib
from random import Random
from typing import Any

import numpy as np

from benchmarks.faults import CONFIG, artefacts
from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.protocol import CoreModel
from lutdla.backends.rtl import RtlModel
from lutdla.errors import ProgramError
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import HEADER, PACKET_MAGIC, ErrorCode, Kind, load_packets, run_parts, unpack_results
from lutdla.spec.registers import BY_NAME, MEMORY_CRCS
from lutdla.verify import reference_results

SEEN = ("ERROR", "MODEL", "IRQ_STATUS", "CRC_RUN", *MEMORY_CRCS.values())
"""Registers that must be equal after every frame; of STATUS the flags."""

STEP, QUIET, MOST = 100, 4, 400
"""Clock cycles of a step; steps without progress after which the core waits for something; most steps of a frame."""

_RUN_MEMORIES = (LOADABLE.index("program"), LOADABLE.index("window"))
"""What these hold must be valid where it is run: nothing else says what the core does then."""


_NUMBERS = (LOADABLE.index("table"), LOADABLE.index("codebook"))
"""What these hold may be any numbers."""


class Pair:
    """The core and its emulator, side by side."""

    def __init__(self, stall: float, seed: int) -> None:
        self.rtl, self.emulator = RtlModel(CONFIG, stall, seed, STEP), EmulatorModel(CONFIG)
        self.late = False
        """Whether CRC_RUN is open: tables came behind the end of a run, and how many were taken is a matter of time."""

    @property
    def both(self) -> tuple[CoreModel, CoreModel]:
        """Both models."""
        return self.rtl, self.emulator

    def send(self, frame: bytes) -> list[str]:
        """Send a frame to both and let them take it; returns what differs.

        Raises:
            ProgramError: the emulator does not know what the core does with this model.
        """
        self.emulator.send(frame)
        self.emulator.step()
        self.rtl.send(frame)
        results: list[bytes] = []
        quiet = 0
        for _ in range(MOST):
            before = self._state()
            self.rtl.step()
            result = self.rtl.receive()
            results += [result] if result is not None else []
            quiet = 0 if result is not None or self._state() != before else quiet + 1
            if quiet > QUIET:
                break
        return self._compare(results)

    def _state(self) -> tuple[Any, ...]:
        """What moves while the core is at work."""
        names = ("STATUS", "LOOKUPS", "IMAGES", "PADDING")
        return self.rtl.unsent, *(self.rtl.read_register(BY_NAME[name].offset) for name in names)

    def _compare(self, results: list[bytes]) -> list[str]:
        found = []
        for name in (*SEEN, "STATUS", "CRC_RESULT"):
            words = [model.read_register(BY_NAME[name].offset) for model in self.both]
            if name == "ERROR" and words[0] & 0xFF == ErrorCode.ORDER:
                self.late = True
                words = [word & 0xFF for word in words]
            elif name == "STATUS":
                words = [word & 7 for word in words]
                busy = words[0] >> 1 & 1
            # half of a run may have left the core
            open_question = (name == "CRC_RESULT" and busy) or (name == "CRC_RUN" and self.late)
            if words[0] != words[1] and not open_question:
                found.append(f"{name}: core 0x{words[0]:08X}, emulator 0x{words[1]:08X}")
        expected = []
        while (frame := self.emulator.receive()) is not None:
            expected.append(frame)
        if results != expected:
            found.append(f"results: core {[len(frame) for frame in results]}, emulator "
                         f"{[len(frame) for frame in expected]} bytes, or other values")
        if self.rtl.sent() != self.emulator.sent():
            found.append(f"all taken: core {self.rtl.sent()}, emulator {self.emulator.sent()}")
        return found

    def reset(self) -> None:
        """What a driver does after an error."""
        control = BY_NAME["CONTROL"]
        for model in self.both:
            for _ in range(2):
                model.write_register(control.offset, control.encode(SOFT_RESET=1, CLEAR_ERROR=1))
                model.reset_streams()
            model.write_register(BY_NAME["IRQ_STATUS"].offset, 3)
            while model.receive() is not None:
                pass

    def close(self) -> None:
        """Free both."""
        self.rtl.close()
        self.emulator.close()


class StreamFuzzer:
    """Makes hostile streams and compares what becomes of them.

    Args:
        seed: of everything that is drawn.

    Attributes:
        cases: streams. differences: descriptions of what must not happen.
        errors: error codes of the core that came up.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self._artefacts = [artefacts()[i] for i in (0, 2)]
        self._inputs = [np.random.default_rng(i).integers(-128, 128, (2 * a.image.program.images, *a.input_shape))
                        .astype(np.int8) for i, a in enumerate(self._artefacts)]  # fmt: skip
        self._expected = [reference_results(a, x) for a, x in zip(self._artefacts, self._inputs)]
        self._loads = [load_packets(a.image, CONFIG, a.model_id) for a in self._artefacts]
        self._runs = [run_parts(a.frames(x), a.image, CONFIG) for a, x in zip(self._artefacts, self._inputs)]
        self.cases = 0
        self.differences: list[str] = []
        self.errors: set[int] = set()

    def one(self) -> None:
        """One stream of some frames, then a good load and a good run."""
        seed = self.random.getrandbits(30)
        pair = Pair(self.random.choice((0.0, 0.3)), seed)
        number = self.random.randrange(2)
        try:
            for frame in self._frames(number):
                if self.random.random() < 0.1:
                    pair.reset()
                if self._runs_nonsense(pair, frame):
                    break
                self._note(pair.send(frame), "after a frame")
                self.errors.add(pair.rtl.read_register(BY_NAME["ERROR"].offset) & 0xFF)
        except ProgramError:
            pair.late = True  # a committed model that no compiler makes: the core was not given this frame
        pair.reset()
        self._good(pair, number)
        pair.close()
        self.cases += 1

    def _note(self, found: list[str], when: str) -> None:
        self.differences += [f"stream {self.cases}, {when}: {text}" for text in found]

    def _good(self, pair: Pair, number: int) -> None:
        self._note(pair.send(b"".join(self._loads[number])), "after a good load")
        artefact, frame = self._artefacts[number], b"".join(self._runs[number])
        pair.emulator.send(frame)
        pair.emulator.step()
        pair.rtl.send(frame)
        result = None
        for _ in range(MOST):
            pair.rtl.step()
            result = pair.rtl.receive()
            if result is not None:
                break
        for name, found in (("core", result), ("emulator", pair.emulator.receive())):
            images = len(artefact.frames(self._inputs[number]))
            if found is None or not np.array_equal(
                    artefact.select(unpack_results(found, images, CONFIG))[: len(self._inputs[number])],
                    self._expected[number]):  # fmt: skip
                self._note([f"the {name} is not exact"], "after a reset")

    def _runs_nonsense(self, pair: Pair, frame: bytes) -> bool:
        """Whether a run may start on a program or windows that no network has."""
        memories = pair.emulator._memories
        good = any(all(self._holds(memories[LOADABLE[m]], load, m) for m in _RUN_MEMORIES) for load in self._loads)
        return not good and PACKET_MAGIC.to_bytes(4, "little") + bytes([Kind.RUN]) in frame

    @staticmethod
    def _holds(memory: Any, load: list[bytes], number: int) -> bool:
        flat = memory.reshape(memory.shape[0], memory.shape[1], -1)
        for packet in load:
            _, kind, which, bank, address, length = HEADER.unpack(packet[: HEADER.size])
            if kind == Kind.LOAD and which == number:
                payload = np.frombuffer(packet[HEADER.size : -CONFIG.stream_bytes], np.uint8).reshape(length, -1)
                if not np.array_equal(flat[bank, address : address + length], payload):
                    return False
        return True

    # -- frames ------------------------------------------------------------------------------------------------------
    def _frames(self, number: int) -> list[bytes]:
        """A load and some runs, changed; a RUN begins its frame, so that it can be seen coming."""
        load, frames = list(self._loads[number]), []
        if self.random.random() < 0.5:
            frames.append(b"".join(load))
        else:
            frames += self._changed(load)
        for _ in range(self.random.randint(1, 3)):
            run = list(self._runs[number])
            frames += [b"".join(run)] if self.random.random() < 0.3 else self._changed(run)
        return [frame for frame in frames if frame]

    def _changed(self, packets: list[bytes]) -> list[bytes]:
        """Packets as frames, with some changes.

        Tables keep their order: the core counts pieces and does not name them, so that others than a record waits for
        are read while they are written, and nothing says what comes of that. (A host notices it by CRC_RUN.)
        """
        for _ in range(self.random.randint(1, 3)):
            i, action = self.random.randrange(len(packets)), self.random.randrange(6)
            if action in (0, 1, 2, 4) and self._is_tables(packets[i]):
                action = 3
            if action == 0 and len(packets) > 1:
                del packets[i]
            elif action == 1:
                packets.insert(i, packets[i])
            elif action == 2:
                j = self.random.randrange(len(packets))
                packets.insert(j, packets.pop(i))
            elif action == 3:
                packets[i] = self._flipped(packets[i])
            elif action == 4:
                packets[i] = self._another_field(packets[i])
            else:
                packets[i] = self._another_payload(packets[i])
        frame, size = b"".join(packets), CONFIG.stream_bytes
        action = self.random.randrange(6)
        if action == 0:
            return [frame[: self.random.randrange(len(frame) // size + 1) * size]]
        if action == 1:
            at = self.random.randrange(len(frame) // size + 1) * size
            return [frame[:at], frame[at:]]
        if action == 2:
            at = self.random.randrange(len(packets) + 1)
            return [b"".join(packets[:at]), b"".join(packets[at:])]
        if action == 3:
            return [frame + self.random.randbytes(self.random.randint(1, 5) * size)]
        return [frame]

    @staticmethod
    def _is_tables(packet: bytes) -> bool:
        return packet[4] == Kind.TABLES

    def _flipped(self, packet: bytes) -> bytes:
        data = bytearray(packet)
        data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return bytes(data)

    def _another_field(self, packet: bytes) -> bytes:
        """Another header with a right CRC."""
        fields = list(HEADER.unpack(packet[: HEADER.size]))
        i = self.random.randrange(len(fields))
        bits = (32, 8, 8, 16, 32, 32)[i]
        fields[i] = self.random.choice((0, 1, 2, 5, 6, fields[i] ^ 1, fields[i] + 1, self.random.getrandbits(bits),
                                        (1 << bits) - 1, 1 << (bits - 1))) & ((1 << bits) - 1)  # fmt: skip
        return self._summed(HEADER.pack(*fields), packet[HEADER.size : -CONFIG.stream_bytes])

    def _another_payload(self, packet: bytes) -> bytes:
        """Other tables, codebooks, constants or images with a right CRC."""
        header, payload = packet[: HEADER.size], packet[HEADER.size : -CONFIG.stream_bytes]
        _, kind, memory, *_ = HEADER.unpack(header)
        if not payload or (kind == Kind.LOAD and memory not in _NUMBERS):
            return packet
        return self._summed(header, self.random.randbytes(len(payload)))

    @staticmethod
    def _summed(header: bytes, payload: bytes) -> bytes:
        return header + payload + zlib.crc32(payload, zlib.crc32(header)).to_bytes(CONFIG.stream_bytes, "little")
