import random
from dataclasses import replace

import numpy as np
import pytest

from lutdla.spec.config import CoreConfig
from lutdla_hdl.interfaces import LoadBus, bits, flag, signed_bits
from lutdla_hdl.lookup import adder_tree, lookup, tree_stages
from tests.hdl.bench import Bench, load_words, pack, unpack

BASE = CoreConfig(v=2, c=4, ports=1, blocks=1, lanes=2, encoders=1, table_rows=16, index_words=16, accumulator_rows=4)
SHAPES = [
    {}, {"ports": 3}, {"ports": 2, "blocks": 2, "encoders": 1},
    {"ports": 3, "blocks": 4, "encoders": 2, "lanes": 12, "acc_bits": 18},
    {"ports": 2, "blocks": 2, "encoders": 2, "lanes": 20, "stream_bits": 128},
]  # fmt: skip


@pytest.mark.parametrize("entries", [1, 2, 3, 5, 8, 9])
def test_adder_tree_sums_a_set_of_entries_each_cycle(entries):
    rng = random.Random(entries)
    stages = max(1, (entries - 1).bit_length())
    clk, inputs, total = flag(), [bits(8) for _ in range(entries)], signed_bits(8 + stages)
    sets = [[-128] * entries, [127] * entries, *([rng.randrange(-128, 128) for _ in range(entries)] for _ in range(20))]
    seen = []
    with Bench(clk, adder_tree(clk, inputs, total)) as bench:
        for values in sets + [[0] * entries] * stages:
            for signal, value in zip(inputs, values):
                signal.next = value & 0xFF
            bench.step()
            seen.append(int(total))
    assert seen[stages - 1 : stages - 1 + len(sets)] == [sum(values) for values in sets]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s.get('ports', 1)}x{s.get('blocks', 1)}")
def test_rows_are_looked_up_added_and_accumulated(shape):
    config = replace(BASE, **shape)
    rng = np.random.default_rng(config.banks)
    rows, width, late = config.table_rows // config.c, config.index_bits, 1 + tree_stages(config)
    tables = rng.integers(-128, 128, (config.banks, config.table_rows, config.lanes)).astype(np.int8)
    clk, load, base, valid, first = flag(), LoadBus(config), bits(2), flag(), flag()
    row, totals = bits(2), bits(config.lanes * config.acc_bits)
    words = [bits(config.blocks * width) for _ in range(config.ports)]
    masks = [bits(config.blocks) for _ in range(config.ports)]
    size = config.encoders * width
    columns = [word(size * (k + 1), size * k) for word in words for k in range(config.groups_per_word)]
    dut = lookup(clk, load, columns, masks, base, valid, first, row, totals, config)
    steps = [
        {"index": rng.integers(0, config.c, (config.ports, config.blocks)),
         "mask": rng.random((config.ports, config.blocks)) < rng.choice((0.0, 0.3, 1.0)),
         "base": int(rng.integers(rows)), "valid": bool(rng.random() < 0.8), "row": int(rng.integers(4)),
         "first": bool(rng.random() < 0.3) or i < 8}
        for i in range(150)
    ]  # fmt: skip
    for i in range(4):
        steps[i] |= {"row": i, "valid": True}
    accumulators, limit = np.zeros((4, config.lanes), np.int64), 1 << (config.acc_bits - 1)
    with Bench(clk, dut) as bench:
        pad = config.beats_per_word("table") * config.stream_bytes - config.lanes
        load_words(bench, load, config, "table", np.pad(tables.view(np.uint8), ((0, 0), (0, 0), (0, pad))))
        for now in range(len(steps) + late):
            if now < len(steps):
                step = steps[now]
                base.next = step["base"]
                for p in range(config.ports):
                    words[p].next = pack(step["index"][p], width)
                    masks[p].next = pack(step["mask"][p], 1)
            if now >= late:
                step = steps[now - late]
                valid.next, first.next, row.next = step["valid"], step["first"], step["row"]
                bench.settle()
                at = step["base"] * config.c + step["index"].reshape(-1)
                fresh = tables[np.arange(config.banks), at].astype(np.int64)
                fresh = fresh[~step["mask"].reshape(-1)].sum(axis=0)
                total = fresh + (0 if step["first"] else accumulators[step["row"]])
                total = (total + limit) % (2 * limit) - limit
                assert unpack(totals, config.acc_bits, config.lanes) == total.tolist()
                if step["valid"]:
                    accumulators[step["row"]] = total
            bench.step()
