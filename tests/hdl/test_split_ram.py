import random

import pytest

from lutdla_hdl.interfaces import bits, flag
from lutdla_hdl.split_ram import split_ram
from tests.hdl.bench import Bench


@pytest.mark.parametrize("depth", [2, 3, 16, 24, 18, 17])
def test_it_reads_what_was_written(depth):
    rng, words = random.Random(depth), {}
    width = (depth - 1).bit_length()
    clk, we, waddr, raddr, wdata, rdata = flag(), flag(), bits(width), bits(width), bits(9), bits(9)
    with Bench(clk, split_ram(clk, we, waddr, wdata, raddr, rdata, depth)) as bench:
        expected = None
        for _ in range(40 * depth):
            if expected is not None:
                assert int(rdata) == expected
            write, at, value, read = rng.random() < 0.5, rng.randrange(depth), rng.randrange(512), rng.randrange(depth)
            we.next, waddr.next, wdata.next, raddr.next = write, at, value, read
            expected = words.get(read)  # as it was before a write in the same cycle
            bench.step()
            if write:
                words[at] = value
        assert len(words) == depth


def test_addresses_behind_the_end_break_nothing():
    clk, we, waddr, raddr, wdata, rdata = flag(), flag(), bits(5), bits(5), bits(4), bits(4)
    with Bench(clk, split_ram(clk, we, waddr, wdata, raddr, rdata, 20)) as bench:
        for address in range(20):
            we.next, waddr.next, wdata.next = True, address, address % 16
            bench.step()
        we.next = False
        for address in range(20, 32):
            raddr.next = address
            bench.step()
            assert int(rdata) == (16 + (address & 3)) % 16
