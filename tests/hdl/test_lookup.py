from dataclasses import replace

import numpy as np
import pytest
from myhdl import block

from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import tree_stages
from lutdla_hdl.interfaces import LoadBus, bits, flag, named
from lutdla_hdl.lookup import lookup
from tests.hdl.bench import load_words, pack, unpack
from tests.hdl.replay import RecordedBench, assert_verilog_agrees, cut, ports, relay

BASE = CoreConfig(v=2, c=4, ports=1, blocks=1, lanes=2, encoders=1, table_rows=16, index_words=16, accumulator_rows=4)
SHAPES = [
    {}, {"ports": 3}, {"ports": 2, "blocks": 2, "encoders": 1},
    {"ports": 3, "blocks": 4, "encoders": 2, "lanes": 12, "acc_bits": 18},
    {"ports": 2, "blocks": 2, "encoders": 2, "lanes": 20, "stream_bits": 128, "table_rows": 20},
    {"ports": 3, "lanes": 12, "table_rows": 24}, {"ports": 3, "blocks": 2, "table_rows": 24, "deep_banks": 2},
]  # fmt: skip


@block
def flat(clk, load, indices, masks, base, valid, first, row, totals, config):
    """Lists of signals cannot be ports of a converted block: here they are slices."""
    size, blocks = config.encoders * config.index_bits, config.blocks
    columns = [indices(size * (k + 1), size * k) for k in range(config.ports * config.groups_per_word)]
    port_masks = [bits(config.blocks) for _ in range(config.ports)]
    cuts = [named(cut(masks(blocks * (p + 1), blocks * p), port_masks[p]), f"cut{p}") for p in range(config.ports)]
    bus = LoadBus(config)
    link = named(relay(load, bus), "link")
    unit = named(lookup(clk, bus, columns, port_masks, base, valid, first, row, totals, config), "lookup")
    return cuts, link, unit


def make(config):
    clk, load = flag(), LoadBus(config)
    inputs = {
        "indices": bits(config.banks * config.index_bits), "masks": bits(config.banks),
        "base": bits((config.table_rows // config.c - 1).bit_length()), "valid": flag(), "first": flag(),
        "row": bits(2),
    }  # fmt: skip
    totals = bits(config.lanes * config.acc_bits)
    made = flat(clk, load, *inputs.values(), totals, config)
    return made, clk, load, inputs | ports("load", load), {"totals": totals}


def random_steps(config, rng, count):
    """Steps: index and mask of every bank, table address, and what to do with the sum."""
    rows = config.table_rows // config.c
    steps = [
        {"indices": rng.integers(0, config.c, config.banks),
         "masks": rng.random(config.banks) < rng.choice((0.0, 0.3, 1.0)), "base": int(rng.integers(rows)),
         "valid": bool(rng.random() < 0.8), "row": int(rng.integers(4)), "first": bool(rng.random() < 0.3) or i < 8}
        for i in range(count)
    ]  # fmt: skip
    for i in range(4):
        steps[i] |= {"row": i, "valid": True}
    return steps


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_are_looked_up_added_and_accumulated(shape, tmp_path):
    config = replace(BASE, **shape)
    rng, late = np.random.default_rng(config.banks), 1 + tree_stages(config)
    tables = rng.integers(-128, 128, (config.banks, config.table_rows, config.lanes)).astype(np.int8)
    made, clk, load, inputs, outputs = make(config)
    steps = random_steps(config, rng, 150)
    accumulators, limit = np.zeros((4, config.lanes), np.int64), 1 << (config.acc_bits - 1)
    with RecordedBench(clk, made, inputs, outputs) as bench:
        pad = config.beats_per_word("table") * config.stream_bytes - config.lanes
        load_words(bench, load, config, "table", np.pad(tables.view(np.uint8), ((0, 0), (0, 0), (0, pad))))
        bench.undefined = len(bench.rows) + late
        for now in range(len(steps) + late):
            if now < len(steps):
                step = steps[now]
                inputs["base"].next = step["base"]
                inputs["indices"].next = pack(step["indices"], config.index_bits)
                inputs["masks"].next = pack(step["masks"], 1)
            if now >= late:
                step = steps[now - late]
                for name in ("valid", "first", "row"):
                    inputs[name].next = step[name]
                bench.settle()
                fresh = tables[np.arange(config.banks), step["base"] * config.c + step["indices"]].astype(np.int64)
                fresh = fresh[~step["masks"]].sum(axis=0)
                total = fresh + (0 if step["first"] else accumulators[step["row"]])
                total = (total + limit) % (2 * limit) - limit
                assert unpack(outputs["totals"], config.acc_bits, config.lanes) == total.tolist()
                if step["valid"]:
                    accumulators[step["row"]] = total
            bench.step()
    assert_verilog_agrees(bench, make(config)[0], tmp_path, lambda row: outputs)


def test_addresses_behind_the_tables_are_harmless():
    config = replace(BASE, table_rows=24)  # 6 groups of 4 rows: base has room for 8
    made, clk, load, inputs, outputs = make(config)
    with RecordedBench(clk, made, inputs, outputs) as bench:
        load_words(bench, load, config, "table", np.full((1, 24, 8), 3, np.uint8))
        inputs["first"].next = True
        for base in (6, 7):
            inputs["base"].next = base
            bench.step(3)
            assert unpack(outputs["totals"], config.acc_bits, config.lanes) == [3, 3]
