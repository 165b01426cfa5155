"""`EmulatorModel`: a fast functional twin of the core, bit-exact in results, registers and errors, without time.

Packets are decoded as `lutdla.spec.packets` says. Load packets write raw memory words, so that order and partial
loads behave as in hardware; the words are decoded when a run needs them. Counters of cycles and stalls read 0.
"""

from __future__ import annotations

import zlib
from collections import deque

import numpy as np
import numpy.typing as npt

from lutdla.backends.vector_engine import Memories, VectorEngine
from lutdla.errors import InputError, ProgramError
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE, unpack_constants
from lutdla.spec.packets import HEADER, PACKET_MAGIC, ErrorCode, Kind, unpack_frames
from lutdla.spec.program import Program, decode_record
from lutdla.spec.registers import BY_NAME, COUNTERS, MEMORY_CRCS, REGISTERS, constant_registers

_NAMES = {register.offset: register.name for register in REGISTERS}
_WRITABLE = {"IRQ_ENABLE", "PROFILE_ROW"}


class _PacketError(Exception):
    """A check of the packet decoder failed."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class EmulatorModel:
    """Implements `lutdla.backends.protocol.CoreModel`.

    Args:
        config: the core.
    """

    cycle_exact = False

    def __init__(self, config: CoreConfig) -> None:
        self.config = config
        self._registers = dict.fromkeys(BY_NAME, 0) | constant_registers(config)
        self._memories = {
            memory: np.zeros((config.memory_banks(memory), config.depth(memory),
                              config.beats_per_word(memory) * config.stream_bytes), np.uint8)
            for memory in LOADABLE
        }  # fmt: skip
        self._incoming: deque[bytes] = deque()
        self._outgoing: deque[bytes] = deque()
        self._engine: VectorEngine | None = None
        self._loaded = False
        self._starved = False  # a run waits for images that never came
        self._error = ErrorCode.NONE
        self._packets = self._loads = self._frame_beats = self._model = 0

    # -- registers ---------------------------------------------------------------------------------------------------
    def read_register(self, offset: int) -> int:
        name = _NAMES.get(offset)
        if name is None:
            return 0
        if name == "STATUS":
            return BY_NAME[name].encode(LOADED=self._loaded, BUSY=self._starved, ERROR=self._error != ErrorCode.NONE)
        return self._registers[name]

    def write_register(self, offset: int, value: int) -> None:
        name = _NAMES.get(offset)
        if name == "CONTROL":
            self._control(**BY_NAME[name].decode(value))
        elif name == "IRQ_STATUS":
            self._registers[name] &= ~value
        elif name in _WRITABLE:
            self._registers[name] = value & sum(field.mask for field in BY_NAME[name].fields)

    def _control(self, SOFT_RESET: int, CLEAR_ERROR: int, CLEAR_COUNTERS: int) -> None:
        if SOFT_RESET:
            self.reset_streams()
            self._starved = False
        if CLEAR_ERROR:
            self._error = ErrorCode.NONE
            self._registers["ERROR"] = 0
        if CLEAR_COUNTERS:
            self._registers |= dict.fromkeys(COUNTERS, 0)

    def interrupt(self) -> bool:
        return bool(self._registers["IRQ_STATUS"] & self._registers["IRQ_ENABLE"])

    def _raise_interrupt(self, cause: str) -> None:
        self._registers["IRQ_STATUS"] |= BY_NAME["IRQ_STATUS"].field(cause).mask

    def _count(self, counter: str, amount: int) -> None:
        self._registers[counter] = (self._registers[counter] + amount) & 0xFFFFFFFF

    # -- streams -----------------------------------------------------------------------------------------------------
    def send(self, frame: bytes) -> None:
        if not frame or len(frame) % self.config.stream_bytes:
            raise InputError(f"frame of {len(frame)} bytes: it must be whole beats of {self.config.stream_bytes} bytes")
        self._incoming.append(frame)

    def sent(self) -> bool:
        return not self._incoming

    def receive(self) -> bytes | None:
        return self._outgoing.popleft() if self._outgoing else None

    def step(self) -> None:
        while self._incoming and not (self._starved and self._error == ErrorCode.NONE):
            frame = self._incoming.popleft()
            if self._error == ErrorCode.NONE:
                self._take_frame(memoryview(frame))

    def reset_streams(self) -> None:
        self._incoming.clear()
        self._outgoing.clear()

    def close(self) -> None:
        """Nothing to free."""

    # -- packet decoder ----------------------------------------------------------------------------------------------
    def _take_frame(self, frame: memoryview) -> None:
        try:
            at = 0
            while at < len(frame):
                at = self._take_packet(frame, at)
        except _PacketError as error:
            self._error = error.code
            self._registers["ERROR"] = BY_NAME["ERROR"].encode(CODE=error.code, PACKET=self._packets & 0xFFFFFF)
            self._raise_interrupt("ERROR")

    def _take_packet(self, frame: memoryview, at: int) -> int:
        """Decode the packet at byte `at`; returns where the next one begins."""
        header = frame[at : at + HEADER.size]
        if at + HEADER.size >= len(frame):
            raise _PacketError(ErrorCode.TRUNCATED)
        magic, kind, memory, bank, address, length = HEADER.unpack(header)
        if magic != PACKET_MAGIC:
            raise _PacketError(ErrorCode.MAGIC)
        if kind not in set(Kind):
            raise _PacketError(ErrorCode.KIND)
        payload_bytes = 0
        if kind == Kind.LOAD:
            payload_bytes = self._check_load(memory, bank, address, length) * self.config.stream_bytes
        elif kind == Kind.RUN:
            self._check_run(address, length)
            payload_bytes = address * length * self.config.stream_bytes
        start, end = at + HEADER.size, at + HEADER.size + payload_bytes
        payload = frame[start:end]
        if kind == Kind.RUN:  # executed while it arrives: before its CRC is known
            self._run(payload, address, length)
        trailer = frame[end : end + self.config.stream_bytes]
        if not trailer:
            raise _PacketError(ErrorCode.TRUNCATED)
        if int.from_bytes(trailer[:4], "little") != zlib.crc32(payload, zlib.crc32(header)):
            raise _PacketError(ErrorCode.CRC)
        if kind == Kind.BEGIN:
            self._begin(address)
        elif kind == Kind.LOAD:
            self._load(LOADABLE[memory], bank, address, length, payload)
        elif kind == Kind.COMMIT:
            self._commit(address, length)
        self._packets += 1
        return end + len(trailer)

    def _check_load(self, memory: int, bank: int, address: int, length: int) -> int:
        """Check the header of a LOAD; returns its payload in beats."""
        config = self.config
        if memory >= len(LOADABLE) or bank >= config.memory_banks(LOADABLE[memory]):
            raise _PacketError(ErrorCode.MEMORY)
        if address + length > config.depth(LOADABLE[memory]):
            raise _PacketError(ErrorCode.ADDRESS)
        beats = length * config.beats_per_word(LOADABLE[memory])
        if not 0 < beats <= config.packet_beats:
            raise _PacketError(ErrorCode.LENGTH)
        return beats

    def _check_run(self, images: int, beats: int) -> None:
        if not self._loaded:
            raise _PacketError(ErrorCode.NOT_LOADED)
        if not images or beats != self._frame_beats:
            raise _PacketError(ErrorCode.FRAME)

    def _begin(self, model: int) -> None:
        self._loaded, self._model, self._packets, self._loads = False, model, 0, 0
        self._registers |= dict.fromkeys((*MEMORY_CRCS.values(), "MODEL"), 0)

    def _load(self, memory: str, bank: int, address: int, length: int, payload: memoryview) -> None:
        words = np.frombuffer(payload, np.uint8).reshape(length, -1)
        self._memories[memory][bank, address : address + length] = words
        crc = MEMORY_CRCS[memory]
        self._registers[crc] = zlib.crc32(payload, self._registers[crc])
        self._loads += 1
        self._loaded, self._engine = False, None
        self._registers["MODEL"] = 0

    def _commit(self, loads: int, frame_beats: int) -> None:
        if loads != self._loads:
            raise _PacketError(ErrorCode.INCOMPLETE)
        self._loaded, self._frame_beats = True, frame_beats
        self._registers["MODEL"] = self._model

    # -- run ---------------------------------------------------------------------------------------------------------
    def _run(self, payload: memoryview, images: int, beats: int) -> None:
        """Execute the images that are whole; their results leave as a frame only if none is missing."""
        if self._engine is None:
            self._engine = VectorEngine(self.config, self._decode_memories())
        engine, config = self._engine, self.config
        groups = engine.memories.program.input_groups
        if beats != config.frame_beats(groups):
            raise ProgramError(f"emulator: the model was committed with frames of {beats} beats, its program takes "
                               f"{config.frame_beats(groups)}: hardware would hang; compile the model again")
        whole = len(payload) // (beats * config.stream_bytes)
        self._starved = whole < images
        if not whole:
            return
        frames = np.frombuffer(payload, np.uint8)[: whole * beats * config.stream_bytes]
        results = engine.run(unpack_frames(frames.reshape(whole, beats, config.stream_bytes), groups, config))
        self._count("IMAGES", whole)
        self._count("LOOKUPS", whole * engine.lookups_per_image)
        if whole == images:
            self._outgoing.append(results.astype("<i4").tobytes())
            self._raise_interrupt("DONE")

    def _decode_memories(self) -> Memories:
        config = self.config

        def content(memory: str) -> npt.NDArray[np.uint8]:
            return np.ascontiguousarray(self._memories[memory][:, :, : config.word_bytes(memory)])

        records = []
        for word in content("program")[0]:
            record, end = decode_record(word.tobytes(), config)
            records.append(record)
            if end:
                break
        else:
            raise ProgramError(f"emulator: none of the {config.program_rows} records of the loaded program is marked "
                               "as its end: hardware would never finish; compile the model again")
        codebooks = content("codebook").view(np.int8).reshape(config.encoders, -1, config.c, config.v)
        return Memories(
            Program(tuple(records)), np.ascontiguousarray(codebooks.swapaxes(0, 1)), content("table").view(np.int8),
            *unpack_constants(content("constant")[0], config),
        )
