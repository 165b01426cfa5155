"""The index memory with its windows: what each port reads, masks and counts, against what windows say."""

import random
from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from lutdla.spec.config import CoreConfig
from lutdla.spec.program import Lookup, Loop, encode_record
from lutdla.spec.window import Port, Window, encode_window
from lutdla_hdl.index_memory import LATENCY, index_memory
from lutdla_hdl.interfaces import LoadBus, bits, flag
from lutdla_hdl.loop_nest import Step
from lutdla_hdl.record import Record
from tests.hdl.bench import Bench, load_words, set_record

BASE = CoreConfig(v=2, c=4, ports=3, blocks=4, lanes=4, encoders=2, table_rows=64, index_words=24, window_rows=16,
                  codebook_rows=8, constant_rows=8, program_rows=2)  # fmt: skip
SHAPES = {"2 groups a word": {}, "a group a word": {"encoders": 4, "lanes": 8, "index_words": 16}}
HEIGHT, WIDTH = 5, 7
FAR = 10
"""Words that a window reaches to either side."""


def random_windows(config, rng):
    def port():
        return Port(rng.randrange(-FAR, FAR), rng.randrange(-2, 3), rng.randrange(-2, 3),
                    rng.getrandbits(config.blocks), rng.random() < 0.3)  # fmt: skip

    return [Window(tuple(port() for _ in range(config.ports)), rng.randrange(config.table_rows // config.c))
            for _ in range(config.window_rows)]  # fmt: skip


def window_words(windows, config):
    """Windows as the load bus carries them."""
    size = config.beats_per_word("window") * config.stream_bytes
    return np.array([[list(encode_window(window).ljust(size, b"\0")) for window in windows]], np.uint8)


def expected(step, window, words, config):
    """What each port gives: indices, mask, active, inside. `words`: None where an address reaches no word."""
    every, found = (1 << config.blocks) - 1, []
    for port in window.ports:
        at = (step["shortcut" if port.shortcut else "index"] + port.offset) % len(words)
        inside = 0 <= step["y"] + port.dy < HEIGHT and 0 <= step["x"] + port.dx < WIDTH
        found.append((words[at], every & ~port.blocks if inside else every,
                      port.blocks, inside))  # fmt: skip
    return found


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_ports_read_what_the_window_says(shape):
    config, rng = replace(BASE, **shape), random.Random(8)
    columns, size = config.groups_per_word, config.encoders * config.index_bits
    clk, load, step, record = flag(), LoadBus(config), Step(config), Record(config)
    we, dest, written = flag(), bits((config.index_words * columns - 1).bit_length()), bits(size)
    indices = [bits(size) for _ in range(config.ports * columns)]
    masks, active = ([bits(config.blocks) for _ in range(config.ports)] for _ in range(2))
    inside, table = [flag() for _ in range(config.ports)], bits(len(step.table))
    dut = index_memory(clk, load, we, dest, written, step, record, indices, masks, active, inside, table, config)
    windows, words = random_windows(config, rng), [[0] * columns for _ in range(config.index_words)]
    nowhere, pads = [None] * ((1 << len(step.index)) - len(words)), 0
    with Bench(clk, dut) as bench:
        load_words(bench, load, config, "window", window_words(windows, config))
        set_record(record, config, encode_record(Lookup((Loop(),), height=HEIGHT, width=WIDTH), True, config))
        line = deque()
        for now in range(400):
            filling = now < config.index_words * columns
            write = filling or rng.random() < 0.3  # words change while others are read
            to, group = now if filling else rng.randrange(config.index_words * columns), rng.getrandbits(size)
            we.next, dest.next, written.next = write, to, group
            made = {"index": rng.randrange(config.index_words), "shortcut": rng.randrange(config.index_words),
                    "y": rng.randrange(-1, HEIGHT + 1), "x": rng.randrange(-1, WIDTH + 1),
                    "window": rng.randrange(len(windows))}  # fmt: skip
            for name, value in made.items():
                signal = getattr(step, name)
                signal.next = value % (1 << len(signal))
            line.append(made)
            # the word is read in the last of the cycles, before what is written in it
            wanted = None
            if len(line) == LATENCY:
                oldest = line.popleft()
                held = [*(list(word) for word in words), *nowhere]
                wanted = expected(oldest, windows[oldest["window"]], held, config)
            bench.step()
            if write:
                words[to // columns][to % columns] = group
            assert int(table) == windows[made["window"]].table
            if wanted is None or filling:
                continue
            for port, (groups, mask, blocks, is_inside) in enumerate(wanted):
                assert (int(masks[port]), int(active[port]), bool(inside[port])) == (mask, blocks, is_inside)
                pads += not is_inside
                if groups is not None:
                    assert [int(signal) for signal in indices[port * columns : (port + 1) * columns]] == groups
    assert 100 < pads < 900  # of some 1000
