import random

import numpy as np
import pytest

from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from lutdla_hdl.interfaces import LoadBus, bits, flag
from lutdla_hdl.memory import chunk_signals, loaded_ram, lut_ram, masked_ram, ram
from tests.hdl.bench import Bench, load_words

DEPTH, WIDTH = 8, 12
CONFIG = CoreConfig(v=3, c=4, ports=1, blocks=2, lanes=12, encoders=2, table_rows=16, codebook_rows=4,
                    constant_rows=4, program_rows=2, packet_beats=32)


@pytest.mark.parametrize("kind", ["always", "enabled", "masked", "same cycle"])
def test_memory_against_a_list(kind):
    rng = random.Random(1)
    clk, we, waddr, wdata, raddr, rdata = flag(), flag(), bits(3), bits(WIDTH), bits(3), bits(WIDTH)
    control = flag()  # read enable or mask
    if kind == "always":
        dut = ram(clk, we, waddr, wdata, None, raddr, rdata, DEPTH)
    elif kind == "enabled":
        dut = ram(clk, we, waddr, wdata, control, raddr, rdata, DEPTH)
    elif kind == "masked":
        dut = masked_ram(clk, we, waddr, wdata, control, raddr, rdata, DEPTH)
    else:
        dut = lut_ram(clk, we, waddr, wdata, raddr, rdata, DEPTH)
    content, expected = [0] * DEPTH, 0
    with Bench(clk, dut) as bench:
        for _ in range(300):
            write, at, value = rng.random() < 0.5, rng.randrange(DEPTH), rng.getrandbits(WIDTH)
            read_at = at if rng.random() < 0.3 else rng.randrange(DEPTH)  # often the word being written
            switch = rng.random() < 0.5
            we.next, waddr.next, wdata.next, raddr.next, control.next = write, at, value, read_at, switch
            if kind == "same cycle":
                bench.settle()
                assert int(rdata) == content[read_at]  # the old word, until the edge
            bench.step()
            if kind == "always" or (kind == "enabled" and switch):
                expected = content[read_at]  # read first: what was there before this write
            elif kind == "masked":
                expected = 0 if switch else content[read_at]
            if write:
                content[at] = value
            if kind == "same cycle":
                expected = content[read_at]
            assert int(rdata) == expected


def test_chunks_of_a_word_are_beats():
    assert [len(chunk) for chunk in chunk_signals(CONFIG, "codebook")] == [64, 32]  # 12 bytes
    assert [len(chunk) for chunk in chunk_signals(CONFIG, "table")] == [64, 32]
    assert [len(chunk) for chunk in chunk_signals(CONFIG, "constant")] == [64] * 6


@pytest.mark.parametrize("memory", ["program", "codebook", "table", "constant"])
def test_the_load_bus_fills_only_the_bank_it_names(memory):
    rng = np.random.default_rng(2)
    depth, banks = CONFIG.depth(memory), CONFIG.memory_banks(memory)
    clk, load, enable, raddr = flag(), LoadBus(CONFIG), flag(), bits((depth - 1).bit_length())
    reads = [chunk_signals(CONFIG, memory) for _ in range(banks)]
    if memory == "table":
        blocks = [loaded_ram(clk, load, None, raddr, reads[b], CONFIG, "table", b, enable) for b in range(banks)]
    else:
        blocks = [loaded_ram(clk, load, None, raddr, reads[b], CONFIG, memory, b) for b in range(banks)]
    size = CONFIG.beats_per_word(memory) * CONFIG.stream_bytes
    words = rng.integers(0, 256, (banks, depth, size), np.uint8)
    with Bench(clk, *blocks) as bench:
        load_words(bench, load, CONFIG, memory, words)
        for other in LOADABLE:  # words for the other memories leave this one alone
            if other != memory:
                noise = rng.integers(0, 256, (CONFIG.memory_banks(other), 2, 8 * CONFIG.beats_per_word(other)))
                load_words(bench, load, CONFIG, other, noise.astype(np.uint8))
        for at in range(depth):
            raddr.next = at
            bench.step()
            for bank in range(banks):
                found = b"".join(int(c).to_bytes(len(c) // 8, "little") for c in reads[bank])
                assert found == words[bank, at].tobytes()[: CONFIG.word_bytes(memory)]
        if memory == "table":
            enable.next = True
            bench.step()
            assert all(int(chunk) == 0 for row in reads for chunk in row)
