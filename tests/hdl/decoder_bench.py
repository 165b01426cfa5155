"""The packet decoder alone, with a source with random pauses and an engine that is busy when told."""

import random
import zlib
from dataclasses import replace

import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import HEADER, LAST_OF_PIECE, TABLE, ErrorCode, Kind, packet
from lutdla_hdl.decoder import HEADER as HEADER_STATE
from lutdla_hdl.decoder import LoadState, decoder
from lutdla_hdl.interfaces import AxiStream, LoadBus, bits, flag
from lutdla_hdl.sequencer import Run
from tests.hdl.bench import Bench

NARROW = CoreConfig(v=2, c=4, ports=2, blocks=2, lanes=12, encoders=1, table_rows=16, index_words=16,
                    constant_rows=64, codebook_rows=8, program_rows=2, packet_beats=32)  # fmt: skip
CONFIGS = {64: NARROW, 128: replace(NARROW, stream_bits=128)}
WIDTHS = pytest.mark.parametrize("width", [64, 128])


class Decoder:
    """The block, a source with random pauses, an engine that is busy when told, and what was seen."""

    def __init__(self, width, pause=0.3):
        self.config, self.random, self.pause = CONFIGS[width], random.Random(width), pause
        self.clk, self.aresetn = flag(), ResetSignal(0, active=0, isasync=False)
        self.rst = ResetSignal(1, active=0, isasync=False)
        self.stream, self.load, self.frames = AxiStream(width), LoadBus(self.config), AxiStream(width)
        self.engine = Run()
        self.clear_error, self.failed, self.status, self.state = flag(), flag(), LoadState(), bits(4)
        self.writes, self.payload, self.runs, self.failures = [], [], [], 0
        dut = decoder(
            self.clk, self.aresetn, self.rst, self.stream, self.load, self.frames, self.engine,
            self.clear_error, self.failed, self.status, self.state, self.config,
        )  # fmt: skip
        self.bench = Bench(self.clk, dut, reset=self.aresetn)

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.bench.__exit__(*arguments)

    def cycle(self):
        self.frames.tready.next = self.random.random() >= self.pause
        self.bench.settle()
        load = self.load
        if load.valid:
            self.writes.append(tuple(int(x) for x in (load.memory, load.bank, load.address, load.chunk, load.data)))
        if self.frames.tvalid and self.frames.tready:
            self.payload.append(int(self.frames.tdata))
        if self.engine.start:
            self.runs.append(int(self.engine.images))
        self.failures += bool(self.failed)
        taken = bool(self.stream.tvalid and self.stream.tready)
        self.bench.step()
        return taken

    def send(self, frame):
        """Send a frame and wait until the decoder has dealt with it."""
        size = self.config.stream_bytes
        beats = [int.from_bytes(frame[i : i + size], "little") for i in range(0, len(frame), size)]
        for i, beat in enumerate(beats):
            while self.random.random() < self.pause:
                self.cycle()
            self.stream.tvalid.next, self.stream.tdata.next, self.stream.tlast.next = True, beat, i == len(beats) - 1
            assert any(self.cycle() for _ in range(200)), f"beat {i} of {len(beats)} is not taken"
            self.stream.tvalid.next = False
        for _ in range(200):
            self.cycle()
            if self.state == HEADER_STATE:
                break
        self.cycle()
        assert self.state == HEADER_STATE

    def clear(self):
        self.clear_error.next = True
        self.cycle()
        self.clear_error.next = False
        self.cycle()

    @property
    def error(self):
        return ErrorCode(int(self.status.error))

    def words(self, memory, words):
        """Random payload of a load packet, and the writes it must cause."""
        return self.random.randbytes(words * self.config.beats_per_word(memory) * self.config.stream_bytes)

    def expected(self, memory, bank, address, payload):
        per_word, size = self.config.beats_per_word(memory), self.config.stream_bytes
        return [
            (LOADABLE.index(memory), bank, address + i // per_word, i % per_word,
             int.from_bytes(payload[i * size : (i + 1) * size], "little"))
            for i in range(len(payload) // size)
        ]  # fmt: skip

    def begin(self, model=1):
        return packet(self.config, Kind.BEGIN, address=model)

    def loading(self, memory="table", bank=0, address=0, words=1):
        """A good load packet."""
        return packet(self.config, Kind.LOAD, memory=LOADABLE.index(memory), bank=bank, address=address,
                      length=words, payload=self.words(memory, words))  # fmt: skip

    def commit(self, loads, beats=3):
        return packet(self.config, Kind.COMMIT, address=loads, length=beats)

    def start(self, images=1):
        """A RUN packet: it starts a run, whose frames are still to come."""
        return packet(self.config, Kind.RUN, address=images)

    def input(self, images=1, beats=3, payload=None):
        """An INPUT packet."""
        body = self.random.randbytes(images * beats * self.config.stream_bytes) if payload is None else payload
        return packet(self.config, Kind.INPUT, address=images, length=beats, payload=body)

    def run(self, images=1, beats=3, payload=None):
        """A run with its frames in one packet."""
        return self.start(images) + self.input(images, beats, payload)

    def tables(self, rows=1, bank=0, address=0, last=False, payload=None):
        """A TABLES packet."""
        body = self.words("table", rows) if payload is None else payload
        return packet(self.config, Kind.TABLES, memory=TABLE | (LAST_OF_PIECE if last else 0), bank=bank,
                      address=address, length=rows, payload=body)  # fmt: skip


def header(dut, **changes):
    """A load packet whose header is changed, with a right CRC."""
    fields = {"magic": int.from_bytes(b"LUTP", "little"), "kind": Kind.LOAD, "memory": 2, "bank": 0, "address": 0,
              "length": 1} | changes  # fmt: skip
    head = HEADER.pack(*fields.values())
    body = dut.words("table", 1)
    return head + body + zlib.crc32(head + body).to_bytes(dut.config.stream_bytes, "little")


def flip(frame, bit):
    """The frame with one bit wrong."""
    return (int.from_bytes(frame, "little") ^ 1 << bit).to_bytes(len(frame), "little")
