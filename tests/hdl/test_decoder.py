"""The packet decoder alone: what it writes, what it refuses, and that a bad packet writes nothing."""

import random
import struct
import zlib
from dataclasses import replace

import pytest
from myhdl import ResetSignal

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import HEADER, LAST_OF_PIECE, TABLE, ErrorCode, Kind, load_words_limit, packet
from lutdla_hdl.crc import START
from lutdla_hdl.decoder import DROP, PIECES, LoadState, decoder
from lutdla_hdl.decoder import HEADER as HEADER_STATE
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


@WIDTHS
def test_load_packets_write_their_words_and_are_summed(width):
    with Decoder(width) as dut:
        dut.send(dut.begin())
        expected, sums, sent = [], dict.fromkeys(LOADABLE, 0), 1
        for memory in LOADABLE:
            most = min(load_words_limit(dut.config, memory), dut.config.depth(memory))
            for words, address in ((1, dut.config.depth(memory) - 1), (most, 0)):
                bank = dut.random.randrange(dut.config.memory_banks(memory))
                payload = dut.words(memory, words)
                dut.send(packet(dut.config, Kind.LOAD, memory=LOADABLE.index(memory), bank=bank, address=address,
                                length=words, payload=payload))  # fmt: skip
                expected += dut.expected(memory, bank, address, payload)
                sums[memory] = zlib.crc32(payload, sums[memory])
                sent += 1
        assert dut.error is ErrorCode.NONE
        assert dut.writes == expected
        assert [int(crc) ^ START for crc in dut.status.crcs] == list(sums.values())
        assert not dut.status.loaded
        dut.send(dut.begin())
        assert [int(crc) for crc in dut.status.crcs] == [START] * len(LOADABLE)


@WIDTHS
def test_a_model_in_one_frame_then_runs(width):
    with Decoder(width) as dut:
        dut.send(dut.begin(0xABCD1234) + dut.loading("program") + dut.loading("table", bank=3) + dut.commit(2))
        assert dut.error is ErrorCode.NONE
        assert dut.status.loaded
        assert int(dut.status.model) == 0xABCD1234
        body = dut.random.randbytes(2 * 3 * dut.config.stream_bytes)
        dut.send(dut.run(2, payload=body) + dut.run(1, payload=body[: len(body) // 2]))
        size = dut.config.stream_bytes
        beats = [int.from_bytes(body[i : i + size], "little") for i in range(0, len(body), size)]
        assert dut.runs == [2, 1]
        assert dut.payload == beats + beats[:3]
        assert dut.failures == 0


@WIDTHS
def test_packets_wait_until_the_engine_is_idle(width):
    with Decoder(width) as dut:
        dut.engine.busy.next = True
        dut.stream.tvalid.next = True
        frame = dut.begin()
        size = dut.config.stream_bytes
        for i in range(0, 16, size):
            dut.stream.tdata.next = int.from_bytes(frame[i : i + size], "little")
            assert any(dut.cycle() for _ in range(5))
        assert not any(dut.cycle() for _ in range(30))
        dut.engine.busy.next = False
        dut.stream.tdata.next, dut.stream.tlast.next = int.from_bytes(frame[16 : 16 + size], "little"), True
        assert any(dut.cycle() for _ in range(5))
        dut.stream.tvalid.next = False
        dut.cycle()
        assert dut.error is ErrorCode.NONE


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


BAD = {
    "magic": (ErrorCode.MAGIC, lambda d: header(d, magic=0x4C555450)),
    "kind 0": (ErrorCode.KIND, lambda d: header(d, kind=0)),
    "kind 7": (ErrorCode.KIND, lambda d: header(d, kind=7)),
    "memory 5": (ErrorCode.MEMORY, lambda d: header(d, memory=5)),
    "memory of a table piece": (ErrorCode.MEMORY, lambda d: header(d, memory=TABLE | LAST_OF_PIECE)),
    "memory 255": (ErrorCode.MEMORY, lambda d: header(d, memory=255)),
    "bank past the end": (ErrorCode.MEMORY, lambda d: header(d, bank=d.config.banks)),
    "bank 256": (ErrorCode.MEMORY, lambda d: header(d, bank=256)),
    "address past the end": (ErrorCode.ADDRESS, lambda d: header(d, address=d.config.table_rows)),
    "words reach past the end": (ErrorCode.ADDRESS, lambda d: header(d, address=d.config.table_rows - 1, length=2)),
    "address of 32 bits": (ErrorCode.ADDRESS, lambda d: header(d, address=1 << 31)),
    "length of 32 bits": (ErrorCode.ADDRESS, lambda d: header(d, length=(1 << 32) - 1)),
    "empty": (ErrorCode.LENGTH, lambda d: header(d, length=0)),
    "larger than the buffer": (
        ErrorCode.LENGTH, lambda d: header(d, memory=3, length=load_words_limit(d.config, "constant") + 1),
    ),
    "payload damaged": (ErrorCode.CRC, lambda d: flip(header(d), 130)),
    "CRC damaged": (ErrorCode.CRC, lambda d: flip(header(d), 8 * (len(header(d)) - d.config.stream_bytes))),
    "header damaged": (ErrorCode.CRC, lambda d: flip(header(d), 64)),  # address 1 is as good an address
    "TLAST on the last word": (ErrorCode.TRUNCATED, lambda d: header(d)[: -d.config.stream_bytes]),
    "TLAST on the first word": (ErrorCode.TRUNCATED, lambda d: header(d)[: 16 + d.config.stream_bytes]),
    "TLAST on the header": (ErrorCode.TRUNCATED, lambda d: header(d)[:16]),
    "a single beat": (ErrorCode.TRUNCATED, lambda d: header(d)[: d.config.stream_bytes]),
    "loads missing": (ErrorCode.INCOMPLETE, lambda d: d.commit(2)),
    "run of nothing": (ErrorCode.NOT_LOADED, lambda d: d.run()),
    "input without a run": (ErrorCode.ORDER, lambda d: d.input()),
    "tables without a run": (ErrorCode.ORDER, lambda d: d.tables()),
}  # fmt: skip


@WIDTHS
@pytest.mark.parametrize(("code", "make"), BAD.values(), ids=BAD)
def test_a_bad_packet_writes_nothing_and_names_its_error(width, code, make):
    with Decoder(width, pause=0.1) as dut:
        dut.send(dut.begin() + dut.loading())
        before = list(dut.writes)
        dut.send(make(dut))
        assert dut.error is code
        assert int(dut.status.error_packet) == 2  # BEGIN and one LOAD were taken
        assert dut.failures == 1
        dut.send(dut.loading())  # dropped: the first error stays
        dut.send(dut.begin(9) + dut.commit(0))
        assert dut.error is code
        assert dut.failures == 1
        assert dut.writes == before
        assert not dut.status.loaded
        assert not dut.runs
        dut.clear()
        assert dut.error is ErrorCode.NONE
        dut.send(dut.begin(5) + dut.loading() + dut.commit(1))
        assert dut.error is ErrorCode.NONE
        assert dut.status.loaded
        assert int(dut.status.model) == 5
        assert len(dut.writes) == 2 * len(before)


@WIDTHS
def test_what_follows_a_bad_packet_in_its_frame_is_dropped(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + header(dut, kind=9) + dut.loading() + dut.commit(1))
        assert dut.error is ErrorCode.KIND
        assert int(dut.status.error_packet) == 1
        assert dut.writes == []
        dut.clear()
        dut.send(dut.begin() + dut.loading() + dut.commit(1))
        assert dut.status.loaded


@WIDTHS
@pytest.mark.parametrize("bit", [0, -1], ids=["bad header", "bad CRC"])
def test_clearing_in_the_middle_of_a_dropped_frame_still_drops_its_rest(width, bit):
    with Decoder(width) as dut:
        size = dut.config.stream_bytes
        bad = dut.loading()
        bad = flip(bad, bit if bit >= 0 else 8 * (len(bad) - size))
        frame = bad + dut.begin() + dut.loading()
        sent = 0
        while dut.state != DROP:
            dut.stream.tvalid.next, dut.stream.tlast.next = True, False
            dut.stream.tdata.next = int.from_bytes(frame[sent : sent + size], "little")
            sent += size * dut.cycle()
            assert sent < len(frame)
        dut.stream.tvalid.next = False
        dut.clear()
        dut.send(frame[sent:])
        assert dut.error is ErrorCode.NONE
        assert dut.writes == []


@WIDTHS
@pytest.mark.parametrize(("images", "beats"), [(0, 3), (3, 3), (1, 2), (1, 4), (1, 0), (1 << 31, 3)])
def test_input_of_another_size_than_the_run_takes_is_refused(width, images, beats):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1, beats=3) + dut.start(2))
        dut.send(dut.input(images, beats, payload=b""))
        assert dut.error is ErrorCode.FRAME
        assert int(dut.status.error_packet) == 4
        assert not dut.payload
        assert dut.status.loaded
        dut.clear()
        dut.send(dut.input(2, 3))
        assert dut.runs == [2]
        assert len(dut.payload) == 6


@WIDTHS
def test_a_run_of_no_image_is_refused(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.start(0))
        assert dut.error is ErrorCode.FRAME
        assert not dut.runs


@WIDTHS
@pytest.mark.parametrize("what", ["begin", "loading", "start"])
def test_a_run_that_still_takes_input_is_not_waited_for(width, what):
    """It would be waited for without end: the engine waits for the input."""
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.start(2) + dut.input(1))
        dut.engine.busy.next = True
        dut.send(getattr(dut, what)())
        assert dut.error is ErrorCode.ORDER
        dut.clear()
        dut.send(dut.input(1))
        assert dut.error is ErrorCode.NONE
        dut.engine.busy.next = False
        dut.send(dut.start(1))
        assert dut.runs == [2, 1]


@WIDTHS
def test_a_run_that_waits_for_tables_is_not_waited_for(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.run(1))
        dut.engine.busy.next = dut.engine.stall_tables.next = True
        dut.send(dut.start())
        assert dut.error is ErrorCode.ORDER


@WIDTHS
def test_input_comes_in_several_packets(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.start(3))
        dut.send(dut.input(1) + dut.input(2))
        assert len(dut.payload) == 9
        dut.send(dut.input(1))
        assert dut.error is ErrorCode.ORDER


@WIDTHS
def test_table_pieces_are_written_while_the_engine_is_busy(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.run(1))
        sums, before = [int(crc) for crc in dut.status.crcs], len(dut.writes)
        dut.engine.busy.next = True
        expected = []
        for bank, last in ((0, False), (3, True)):
            payload = dut.words("table", 4)
            assert not dut.engine.piece_ready
            dut.send(dut.tables(4, bank, 8, last, payload))
            expected += dut.expected("table", bank, 8, payload)
        assert dut.writes[before:] == expected
        assert dut.engine.piece_ready
        assert [int(crc) for crc in dut.status.crcs] == sums  # of what was loaded
        assert dut.status.loaded


@WIDTHS
def test_no_more_pieces_are_taken_than_there_is_room_for(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.run(1))
        dut.engine.busy.next = True
        for _ in range(PIECES):
            dut.send(dut.tables(last=True))
        frame, size = dut.tables(last=True), dut.config.stream_bytes
        dut.stream.tvalid.next, dut.stream.tlast.next = True, False
        for i in range(0, 16, size):
            dut.stream.tdata.next = int.from_bytes(frame[i : i + size], "little")
            assert any(dut.cycle() for _ in range(9))
        dut.stream.tdata.next = int.from_bytes(frame[16 : 16 + size], "little")
        before = len(dut.writes)
        assert not any(dut.cycle() for _ in range(30))
        dut.engine.free_tables.next = True
        dut.cycle()
        dut.engine.free_tables.next = False
        assert any(dut.cycle() for _ in range(9))
        dut.stream.tvalid.next = False
        dut.cycle()
        dut.cycle()
        assert len(dut.writes) == before + 1


@WIDTHS
def test_a_damaged_piece_is_never_ready(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.run(1))
        dut.engine.busy.next = True
        dut.send(flip(dut.tables(last=True), 130))
        assert dut.error is ErrorCode.CRC
        assert not dut.engine.piece_ready
        dut.clear()
        dut.send(dut.tables(last=True))
        assert dut.engine.piece_ready


@WIDTHS
@pytest.mark.parametrize(("code", "changes"), [
    (ErrorCode.MEMORY, {"memory": 3}), (ErrorCode.MEMORY, {"bank": 4}), (ErrorCode.ADDRESS, {"address": 16}),
    (ErrorCode.ADDRESS, {"address": 15, "length": 2}), (ErrorCode.LENGTH, {"length": 0}),
])  # fmt: skip
def test_a_bad_table_packet_writes_nothing(width, code, changes):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1) + dut.run(1))
        dut.engine.busy.next = True
        before = len(dut.writes)
        dut.send(header(dut, kind=Kind.TABLES, **changes))
        assert dut.error is code
        assert len(dut.writes) == before


@WIDTHS
def test_a_load_forgets_the_model_and_begin_counts_anew(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1))
        assert dut.status.loaded
        dut.send(dut.loading())
        assert not dut.status.loaded
        dut.send(dut.run())
        assert dut.error is ErrorCode.NOT_LOADED
        dut.clear()
        dut.send(dut.commit(2))
        assert dut.status.loaded
        dut.send(dut.begin())
        assert not dut.status.loaded
        dut.send(dut.commit(1))
        assert dut.error is ErrorCode.INCOMPLETE
        assert int(dut.status.error_packet) == 1


@WIDTHS
def test_a_run_cut_short_is_an_error(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1))
        dut.send(dut.run(2)[: -2 * dut.config.stream_bytes])
        assert dut.error is ErrorCode.TRUNCATED
        assert len(dut.payload) == 5


@WIDTHS
def test_a_soft_reset_stops_a_packet_and_keeps_the_model(width):
    with Decoder(width) as dut:
        dut.send(dut.begin() + dut.loading() + dut.commit(1))
        frame, size = dut.run(2), dut.config.stream_bytes
        dut.stream.tvalid.next, dut.stream.tlast.next = True, False
        for i in range(0, len(dut.start(2)) + 16 + 2 * size, size):
            dut.stream.tdata.next = int.from_bytes(frame[i : i + size], "little")
            assert any(dut.cycle() for _ in range(50))
        dut.stream.tvalid.next = False
        assert dut.state != HEADER_STATE
        dut.rst.next = 0
        dut.cycle()
        dut.rst.next = 1
        dut.cycle()
        assert dut.state == HEADER_STATE
        assert dut.status.loaded
        dut.send(dut.run(1))
        assert dut.error is ErrorCode.NONE
        assert dut.runs == [2, 1]


@WIDTHS
def test_random_bit_flips_never_write_a_word_that_was_not_sent(width):
    """A flipped bit in a frame of packets: what comes before is written, the packet it hits is not."""
    for seed in range(6):
        with Decoder(width, pause=0.0) as dut:
            dut.random.seed(seed)
            parts = [dut.loading(m, words=w) for m, w in (("table", 2), ("codebook", 2), ("program", 1))]
            bit = dut.random.randrange(8 * sum(map(len, parts)))
            dut.send(dut.begin())
            dut.send(flip(b"".join(parts), bit))
            good, start = 0, 0
            while bit >= 8 * (start + len(parts[good])):
                start += len(parts[good])
                good += 1
            padding = bit >= 8 * (start + len(parts[good]) - dut.config.stream_bytes + 4)
            good += padding * (len(parts) - good)  # the bytes behind a CRC are not looked at
            expected = []
            for part in parts[:good]:
                memory, bank, address = struct.unpack_from("<BHI", part, 5)
                expected += dut.expected(LOADABLE[memory], bank, address, part[16 : -dut.config.stream_bytes])
            assert dut.writes == expected, bit
            assert (dut.error is ErrorCode.NONE) == padding, bit
