"""The packet decoder alone: what it writes, what it refuses, and that a bad packet writes nothing."""

import struct
import zlib

import pytest

from lutdla.spec.memory import LOADABLE
from lutdla.spec.packets import LAST_OF_PIECE, TABLE, ErrorCode, Kind, load_words_limit, packet
from lutdla_hdl.crc import START
from lutdla_hdl.decoder import DROP
from tests.hdl.decoder_bench import WIDTHS, Decoder, flip, header


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
