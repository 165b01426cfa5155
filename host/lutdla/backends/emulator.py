"""`EmulatorModel`: a fast functional twin of the core, bit-exact in results, registers and errors, without time.

Packets are decoded as `lutdla.spec.packets` says. Load packets write raw memory words, so that order and partial
loads behave as in hardware; the words are decoded when a run needs them. A run takes frames and table pieces where the
core has room for them, but results are computed when whole passes can be computed together. Counters of cycles and
stalls read 0.
"""

from __future__ import annotations

import zlib
from collections import deque

import numpy as np
import numpy.typing as npt

from lutdla.backends.compiled_engine import CompiledEngine
from lutdla.backends.consumer import Consumer
from lutdla.backends.loaded import Engine, Memories, TableRows
from lutdla.backends.vector_engine import VectorEngine
from lutdla.errors import InputError, ProgramError
from lutdla.native.crc import crc32
from lutdla.native.variants import library
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE, unpack_constants
from lutdla.spec.packets import HEADER, LAST_OF_PIECE, PACKET_MAGIC, TABLE, ErrorCode, Kind, unpack_frames
from lutdla.spec.program import Program, decode_record
from lutdla.spec.registers import BY_NAME, COUNTERS, MEMORY_CRCS, REGISTERS, constant_registers
from lutdla.spec.window import decode_window, window_arrays

_NAMES = {register.offset: register.name for register in REGISTERS}
_WRITABLE = {"IRQ_ENABLE", "PROFILE_ROW"}
_KINDS = frozenset(int(kind) for kind in Kind)


class _PacketError(Exception):
    """A check of the packet decoder failed."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


class _NoRoom(Exception):
    """The stream waits for room that only what is behind it could make: until a reset."""


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
        self._table_beats = config.beats_per_word("table")
        self._incoming: deque[bytes] = deque()
        self._outgoing: deque[bytes] = deque()
        self._engine: Engine | None = None
        self._program = Program()
        self._loaded = False
        self._run: Consumer[npt.NDArray[np.uint8], tuple[TableRows, ...]] | None = None
        self._results: list[npt.NDArray[np.int32]] = []  # of the run in progress
        self._piece: list[TableRows] = []  # packets of the piece that is arriving
        self._stuck = False  # a packet waits for room that it will never get
        self._error = ErrorCode.NONE
        self._packets = self._loads = self._frame_beats = self._model = 0

    # -- registers ---------------------------------------------------------------------------------------------------
    def read_register(self, offset: int) -> int:
        name = _NAMES.get(offset)
        if name is None:
            return 0
        if name == "STATUS":
            row = 0 if self._run is None else self._run.row
            return BY_NAME[name].encode(LOADED=self._loaded, BUSY=self._run is not None, ROW=row,
                                        ERROR=self._error != ErrorCode.NONE)
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
            self._run, self._stuck = None, False
            self._registers["CRC_RESULT"] = 0
            self._results.clear()
            self._piece.clear()
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
        return not self._incoming and not self._stuck

    def receive(self) -> bytes | None:
        return self._outgoing.popleft() if self._outgoing else None

    def step(self) -> None:
        while self._incoming and not self._stuck:
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
        except _NoRoom:
            self._stuck = True
        self._compute()

    def _take_packet(self, frame: memoryview, at: int) -> int:
        """Decode the packet at byte `at`; returns where the next one begins."""
        header = frame[at : at + HEADER.size]
        if at + HEADER.size >= len(frame):
            raise _PacketError(ErrorCode.TRUNCATED)
        magic, kind, memory, bank, address, length = HEADER.unpack(header)
        if magic != PACKET_MAGIC:
            raise _PacketError(ErrorCode.MAGIC)
        if kind not in _KINDS:
            raise _PacketError(ErrorCode.KIND)
        if self._run is not None and kind not in (Kind.INPUT, Kind.TABLES):
            raise _PacketError(ErrorCode.ORDER)  # the run waits for data that can only come behind it
        beats = self._check(kind, memory, bank, address, length)
        start, end = at + HEADER.size, at + HEADER.size + beats * self.config.stream_bytes
        payload = frame[start:end]
        if kind == Kind.INPUT:  # used while it arrives: before its CRC is known
            self._take_input(payload, length)
        elif kind == Kind.TABLES:
            self._take_rows(payload, memory, bank, address)
        trailer = frame[end : end + self.config.stream_bytes]
        if not trailer:
            raise _PacketError(ErrorCode.TRUNCATED)
        if int.from_bytes(trailer[:4], "little") != crc32(payload, zlib.crc32(header)):
            raise _PacketError(ErrorCode.CRC)
        if kind in (Kind.RUN, Kind.INPUT, Kind.TABLES):
            self._registers["CRC_RUN"] = zlib.crc32(trailer, 0 if kind == Kind.RUN else self._registers["CRC_RUN"])
        self._act(kind, memory, bank, address, length, payload)
        self._packets += 1
        return end + len(trailer)

    def _check(self, kind: int, memory: int, bank: int, address: int, length: int) -> int:
        """Check a header by its kind; returns the payload in beats."""
        if kind == Kind.LOAD:
            return self._check_load(memory, bank, address, length)
        if kind == Kind.RUN:
            self._check_run(address)
        elif kind == Kind.INPUT:
            self._check_input(address, length)
            return address * length
        elif kind == Kind.TABLES:
            return self._check_tables(memory, bank, address, length)
        return 0

    def _act(self, kind: int, memory: int, bank: int, address: int, length: int, payload: memoryview) -> None:
        """Do what a packet asks for, now that its CRC is right."""
        if kind == Kind.BEGIN:
            self._begin(address)
        elif kind == Kind.LOAD:
            self._load(LOADABLE[memory], bank, address, length, payload)
        elif kind == Kind.COMMIT:
            self._commit(address, length)
        elif kind == Kind.RUN:
            self._start(address)
        elif kind == Kind.TABLES and memory & LAST_OF_PIECE:
            assert self._run is not None, "checked by _check_tables"
            piece, self._piece = tuple(self._piece), []
            self._run.take_piece(piece)
            self._compute_at_end()

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

    def _check_run(self, images: int) -> None:
        if not self._loaded:
            raise _PacketError(ErrorCode.NOT_LOADED)
        if not images:
            raise _PacketError(ErrorCode.FRAME)

    def _check_input(self, images: int, beats: int) -> None:
        if self._run is None or not self._run.missing:
            raise _PacketError(ErrorCode.ORDER)
        if not 0 < images <= self._run.missing or beats != self._frame_beats:
            raise _PacketError(ErrorCode.FRAME)

    def _check_tables(self, memory: int, bank: int, row: int, rows: int) -> int:
        """Check the header of a TABLES packet; returns its payload in beats."""
        if self._run is None:
            raise _PacketError(ErrorCode.ORDER)
        if memory & ~LAST_OF_PIECE != TABLE or bank >= self.config.banks:
            raise _PacketError(ErrorCode.MEMORY)
        if row + rows > self.config.table_rows:
            raise _PacketError(ErrorCode.ADDRESS)
        if not rows:
            raise _PacketError(ErrorCode.LENGTH)
        if not self._run.room_for_piece():
            raise _NoRoom
        return rows * self._table_beats

    def _begin(self, model: int) -> None:
        self._loaded, self._model, self._packets, self._loads = False, model, 0, 0
        self._registers |= dict.fromkeys((*MEMORY_CRCS.values(), "MODEL"), 0)

    def _load(self, memory: str, bank: int, address: int, length: int, payload: memoryview) -> None:
        words = np.frombuffer(payload, np.uint8).reshape(length, -1)
        self._memories[memory][bank, address : address + length] = words
        crc = MEMORY_CRCS[memory]
        self._registers[crc] = crc32(payload, self._registers[crc])
        self._loads += 1
        self._loaded, self._engine = False, None
        self._registers["MODEL"] = 0

    def _commit(self, loads: int, frame_beats: int) -> None:
        if loads != self._loads:
            raise _PacketError(ErrorCode.INCOMPLETE)
        self._loaded, self._frame_beats = True, frame_beats
        self._registers["MODEL"] = self._model

    # -- run ---------------------------------------------------------------------------------------------------------
    def _start(self, images: int) -> None:
        if self._engine is None:
            memories, compiled = self._decode_memories(), library()
            self._engine = (VectorEngine(self.config, memories) if compiled is None else
                            CompiledEngine(self.config, memories, compiled))
            self._program = memories.program
        program = self._program
        beats = self.config.frame_beats(program.input_groups)
        if beats != self._frame_beats:
            raise ProgramError(f"emulator: the model was committed with frames of {self._frame_beats} beats, its "
                               f"program takes {beats}: hardware would hang; compile the model again")
        self._run = Consumer(program, images)
        self._registers["CRC_RESULT"] = 0
        self._piece.clear()

    def _take_input(self, payload: memoryview, beats: int) -> None:
        """Give the run the frames that are whole."""
        assert self._run is not None, "checked by _check_input"
        size = beats * self.config.stream_bytes
        frames = np.frombuffer(payload[: len(payload) // size * size], np.uint8).reshape(-1, size)
        if self._run.frames_are_passes:
            if len(frames):
                self._run.take_passes(frames, len(frames))
        else:
            for frame in frames:
                if not self._run.room_for_frame():
                    raise _NoRoom
                self._run.take_frame(frame)
        self._compute_at_end()

    def _take_rows(self, payload: memoryview, memory: int, bank: int, row: int) -> None:
        """Write table rows; keep them until the piece is used."""
        word = self._table_beats * self.config.stream_bytes
        rows = np.frombuffer(payload[: len(payload) // word * word], np.uint8).reshape(-1, word)
        self._memories["table"][bank, row : row + len(rows)] = rows
        self._piece.append(TableRows(bank, row, rows[:, : self.config.lanes].tobytes()))

    def _compute_at_end(self) -> None:
        if self._run is not None and not self._run.left:
            self._compute()

    def _compute(self) -> None:
        """Compute the passes that are complete; the results of a run leave as one frame when it is done."""
        run, engine = self._run, self._engine
        if run is None or engine is None:
            return
        if run.ready:
            config, program = self.config, self._program
            parts = [frame.reshape(-1) for given, _ in run.ready for frame in given]
            frames = np.concatenate(parts) if len(parts) > 1 else parts[0]
            shape = -1, self._frame_beats, config.stream_bytes
            values = unpack_frames(frames.reshape(shape), program.input_groups, config)
            passes = len(values) // program.images
            pieces = [] if run.frames_are_passes else [pieces for _, pieces in run.ready]
            self._results.append(engine.run(values, pieces))
            for counter, each in (("IMAGES", program.images), ("LOOKUPS", engine.lookups_per_pass),
                                  ("PADDING", engine.padding_per_pass)):
                self._count(counter, each * passes)
            run.ready.clear()
        if not run.left:
            results = b"".join(part.astype("<i4", copy=False).tobytes() for part in self._results)
            self._registers["CRC_RESULT"] = crc32(results)
            self._outgoing.append(results)
            self._raise_interrupt("DONE")
            self._results.clear()
            self._run = None

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
        windows = window_arrays([decode_window(row.tobytes(), config) for row in content("window")[0]])
        codebooks = content("codebook").view(np.int8).reshape(config.encoders, -1, config.c, config.v)
        mult, bias, shift = unpack_constants(content("constant")[0], config)
        return Memories(Program(tuple(records)), np.ascontiguousarray(codebooks.swapaxes(0, 1)),
                        content("table").view(np.int8), mult, bias, shift, windows)
