"""The small blocks that the core is wired up with, one by one."""

import random
import zlib

from myhdl import ResetSignal, Signal, intbv

from lutdla_hdl.core import merge_groups, reset_control, result_crc, table_address
from lutdla_hdl.crc import START
from lutdla_hdl.interfaces import AxiStream, Groups, bits, counter_bits, flag
from tests.hdl.bench import Bench
from tests.strategies import TINY

FIELDS = ("data", "codebook", "dest", "encode")


def reset():
    return ResetSignal(1, active=0, isasync=False)


def test_either_reset_stops_the_engine():
    clk, aresetn, soft, core = flag(), reset(), flag(), ResetSignal(0, active=0, isasync=False)
    with Bench(clk, reset_control(clk, aresetn, soft, core)) as bench:
        for hard, soft_now in ((1, 0), (1, 1), (0, 1), (0, 0), (1, 0)):
            aresetn.next, soft.next = hard, soft_now
            bench.step()
            assert bool(core) == (hard and not soft_now)


def test_groups_of_rows_and_of_the_frame_share_the_encoders():
    rng = random.Random(4)
    clk, rst, frame, hidden, groups = flag(), reset(), Groups(TINY), Groups(TINY), Groups(TINY)
    with Bench(clk, merge_groups(clk, rst, frame, hidden, groups), reset=rst) as bench:
        for _ in range(60):
            source = rng.choice((None, frame, hidden))
            for bundle in (frame, hidden):
                bundle.valid.next = bundle is source
                for name in FIELDS:
                    signal = getattr(bundle, name)
                    signal.next = rng.getrandbits(len(signal) or 1)
            frame.encode.next = True
            bench.step()
            assert bool(groups.valid) == (source is not None)
            if source is not None:
                for name in FIELDS:
                    assert int(getattr(groups, name)) == int(getattr(source, name)), name
                assert bool(groups.from_input) == (source is frame)


def test_the_result_crc_is_that_of_the_beats_that_left():
    rng = random.Random(6)
    clk, rst, restart, stream, crc = flag(), reset(), flag(), AxiStream(64), Signal(intbv(START)[32:])
    with Bench(clk, result_crc(clk, rst, restart, stream, crc), reset=rst) as bench:
        for beats in (0, 1, 7):
            restart.next, stream.tvalid.next = True, False
            bench.step()
            restart.next, sent = False, b""
            for _ in range(beats):
                beat = rng.getrandbits(64)
                stream.tdata.next = beat
                for valid, ready in ((False, True), (True, False), (True, False), (True, True)):
                    stream.tvalid.next, stream.tready.next = valid, ready
                    bench.step()
                sent += beat.to_bytes(8, "little")
            stream.tvalid.next = False
            bench.step()
            assert int(crc) ^ START == zlib.crc32(sent)
        rst.next = 0
        bench.step()
        assert int(crc) == START


def test_a_table_address_joins_a_base_and_the_offset_that_comes_a_cycle_later():
    rng = random.Random(9)
    clk, base, offset, at = flag(), bits(6), bits(6), counter_bits(6)
    steps = [(rng.getrandbits(6), rng.getrandbits(6)) for _ in range(40)]
    with Bench(clk, table_address(clk, base, offset, at)) as bench:
        for now in range(len(steps) + 1):
            base.next = steps[now][0] if now < len(steps) else 0
            offset.next = steps[now - 1][1] if now else 0
            bench.step()
            if now:
                assert int(at) == sum(steps[now - 1]) % 64
