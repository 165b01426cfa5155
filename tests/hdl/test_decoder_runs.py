"""The packet decoder alone: runs, their input and their table pieces."""

import pytest

from lutdla.spec.packets import ErrorCode, Kind
from lutdla_hdl.decoder import HEADER as HEADER_STATE
from lutdla_hdl.decoder import PIECES
from tests.hdl.decoder_bench import WIDTHS, Decoder, flip, header


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
