"""The packet decoder alone: what one run leaves behind for the next, and for who asks how it went."""

import zlib

from lutdla.spec.packets import ErrorCode
from lutdla_hdl.crc import START
from lutdla_hdl.decoder import WRITE
from tests.hdl.decoder_bench import WIDTHS, Decoder
from tests.packets import trailers_crc


def ready(dut):
    """Load a model."""
    dut.send(dut.begin() + dut.loading() + dut.commit(1))


@WIDTHS
def test_the_crc_of_a_run_is_that_of_its_own_trailers(width):
    with Decoder(width) as dut:
        ready(dut)
        for images in (2, 1):  # the second run starts anew
            parts = [dut.start(images)] + [dut.input(1) for _ in range(images)]
            dut.send(parts[0] + parts[1])
            dut.engine.busy.next = True
            parts.append(dut.tables(last=True))
            for part in parts[2:]:
                dut.send(part)
            dut.engine.busy.next = False
            assert int(dut.status.run_crc) ^ START == trailers_crc(parts, dut.config)
            assert zlib.crc32(parts[0][-dut.config.stream_bytes :]) != int(dut.status.run_crc) ^ START
        assert dut.error is ErrorCode.NONE


@WIDTHS
def test_a_piece_that_no_record_took_does_not_count_for_the_next_run(width):
    with Decoder(width) as dut:
        ready(dut)
        dut.send(dut.run(1))
        dut.engine.busy.next = True
        dut.send(dut.tables(last=True))
        assert dut.engine.piece_ready
        dut.engine.busy.next = False
        dut.send(dut.run(1))
        assert not dut.engine.piece_ready
        assert dut.error is ErrorCode.NONE


@WIDTHS
def test_a_load_that_a_soft_reset_cuts_short_does_not_count(width):
    with Decoder(width) as dut:
        dut.send(dut.begin())
        frame, size = dut.loading("table", words=4), dut.config.stream_bytes
        for i in range(0, len(frame), size):
            dut.stream.tvalid.next, dut.stream.tlast.next = True, i + size == len(frame)
            dut.stream.tdata.next = int.from_bytes(frame[i : i + size], "little")
            assert any(dut.cycle() for _ in range(50))
        dut.stream.tvalid.next = False
        dut.cycle()
        assert dut.state == WRITE
        dut.rst.next = 0
        dut.cycle()
        dut.rst.next = 1
        dut.cycle()
        dut.send(dut.loading() + dut.commit(2))
        assert dut.error is ErrorCode.INCOMPLETE
        assert not dut.status.loaded
        dut.clear()
        dut.send(dut.loading() + dut.commit(2))
        assert dut.status.loaded
