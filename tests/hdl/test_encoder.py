import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from myhdl import ResetSignal

from lutdla import reference
from lutdla.spec.config import METRICS, CoreConfig
from lutdla_hdl.encoder import encoders, latency, nearest
from lutdla_hdl.interfaces import Encoded, Groups, LoadBus, bits, flag
from tests.hdl.bench import Bench, load_words

ROWS = 4
BASE = CoreConfig(v=2, c=4, ports=1, blocks=2, lanes=4, encoders=1, table_rows=64, index_words=16, codebook_rows=ROWS)
SHAPES = [{"v": 1, "c": 2}, {"v": 2, "c": 4, "encoders": 2}, {"v": 3, "c": 8, "lanes": 6},
          {"v": 4, "c": 4, "stream_bits": 128}]  # fmt: skip


def codebook_words(codebooks, config):
    """Codebooks (rows, encoders, c, v) as the load bus carries them: words filled up to whole beats."""
    flat = codebooks.swapaxes(0, 1).reshape(config.encoders, ROWS, -1).view(np.uint8)
    return np.pad(flat, ((0, 0), (0, 0), (0, config.beats_per_word("codebook") * config.stream_bytes - flat.shape[2])))


def run_encoders(config, codebooks, groups, rng):
    """Encode groups (codebook row, dest, values), with pauses: [(dest, indices)], each checked to come in time."""
    clk, rst, load = flag(), ResetSignal(1, active=0, isasync=False), LoadBus(config)
    bundle, encoded = Groups(config), Encoded(config)
    found, due, now, waiting = [], [], 0, list(groups)
    with Bench(clk, encoders(clk, rst, load, bundle, encoded, config), reset=rst) as bench:
        load_words(bench, load, config, "codebook", codebook_words(codebooks, config))
        while waiting or due:
            offered = waiting and rng.random() < 0.7
            bundle.valid.next = bool(offered)
            bundle.encode.next, bundle.from_input.next = rng.random() < 0.5, rng.random() < 0.5
            if offered:
                row, to, values = waiting.pop(0)
                bundle.codebook.next, bundle.dest.next = row, to
                bundle.data.next = int.from_bytes(values.tobytes(), "little")
                due.append((now + latency(config), bool(bundle.encode.next), bool(bundle.from_input.next)))
            bench.step()
            now += 1
            arrived = bool(due) and due[0][0] == now
            assert bool(encoded.valid) == arrived
            if arrived:
                assert due.pop(0)[1:] == (bool(encoded.encode), bool(encoded.from_input))
                width = config.index_bits
                found.append((int(encoded.dest), [int(encoded.indices) >> (width * e) & (config.c - 1)
                                                  for e in range(config.encoders)]))  # fmt: skip
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: "v{v} c{c}".format(**s))
@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=3)
@given(seed=st.integers(0, 1 << 32), span=st.sampled_from((1, 3, 128)))
def test_indices_are_those_of_the_reference(metric, shape, seed, span):
    config = replace(BASE, metric=metric, **shape)
    rng = np.random.default_rng(seed)
    # a small span of values makes many equal distances, and equal centroids: the lowest index must win
    codebooks = rng.integers(-span, span, (ROWS, config.encoders, config.c, config.v)).astype(np.int8)
    values = rng.integers(-span, span, (16, config.group)).astype(np.int8)
    values[0], values[1] = -128, 127
    codebooks[0, 0, :2] = [[127] * config.v, [-128] * config.v]
    groups = [(int(rng.integers(ROWS)), int(rng.integers(16)), x) for x in values]
    groups[0], groups[1] = (0, 0, values[0]), (0, 1, values[1])  # the largest distances there are
    found = run_encoders(config, codebooks, groups, random.Random(seed))
    expected = [
        (to, [reference.encode(x.astype(np.int64), codebooks[row, e].astype(np.int64), metric)
              for e, x in enumerate(values.reshape(config.encoders, config.v))])
        for row, to, values in groups
    ]  # fmt: skip
    assert found == expected


@pytest.mark.parametrize("c", [2, 4, 16])
def test_the_lowest_index_wins_ties(c):
    rng = random.Random(c)
    clk, distances, index = flag(), [bits(6) for _ in range(c)], bits((c - 1).bit_length())
    with Bench(clk, nearest(clk, distances, index)) as bench:
        for _ in range(60):
            values = [rng.choice((5, 6, 63)) for _ in range(c)]
            for signal, value in zip(distances, values):
                signal.next = value
            bench.step((c - 1).bit_length())
            assert int(index) == values.index(min(values))
