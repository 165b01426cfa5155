"""The estimate of an area against what yosys made of the core: cells of synthesized cores, written down here."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from lutdla.errors import ConfigError
from lutdla.explore.area import Area, estimate, estimate_all
from lutdla.explore.columns import Columns
from lutdla.explore.memories import Memory, memories, place
from lutdla.spec.config import CoreConfig
from lutdla_overlay.cores import load_core

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
SMALL = {"ports": 2, "metric": "l1"}

SYNTHESIZED = [  # fields, family, UltraRAM; then LUTs, LUTs as memory, flip-flops, block RAM, UltraRAM, DSP
    ({}, "xc7", False, (8176, 2347, 7725, 49.0, 0, 8)),
    ({"metric": "l2"}, "xc7", False, (7579, 2347, 6765, 49.0, 0, 136)),
    ({"metric": "chebyshev"}, "xc7", False, (9431, 2347, 7765, 49.0, 0, 8)),
    ({"ports": 7}, "xc7", False, (11649, 2727, 11478, 129.0, 0, 8)),
    ({"blocks": 2}, "xc7", False, (7593, 2285, 7053, 33.0, 0, 8)),
    ({"encoders": 4}, "xc7", False, (11703, 3072, 11656, 65.0, 0, 16)),
    ({"ports": 1, "lanes": 64}, "xc7", False, (12486, 3805, 8375, 81.0, 0, 8)),
    ({"v": 2, "c": 64, "encoders": 1}, "xc7", False, (8634, 1755, 7588, 49.0, 0, 2)),
    ({"v": 8, "encoders": 1}, "xc7", False, (7969, 2385, 7582, 49.0, 0, 8)),
    ({"v": 2}, "xc7", False, (6905, 1940, 6135, 41.0, 0, 4)),
    ({"index_words": 6144}, "xc7", False, (8314, 2337, 7882, 55.0, 0, 8)),
    ({"table_rows": 576}, "xc7", False, (8770, 3755, 8749, 33.0, 0, 8)),
    ({"table_rows": 576, "deep_banks": 4}, "xc7", False, (8262, 3051, 8237, 41.0, 0, 8)),
    ({"lanes": 32, "stream_bits": 128}, "xc7", False, (10741, 2840, 8975, 82.0, 0, 8)),
    ({}, "xcup", False, (8406, 2305, 8946, 49.0, 0, 8)),
    ({"metric": "l2"}, "xcup", False, (9345, 2305, 10610, 49.0, 0, 136)),
    ({"table_rows": 4096, "stream_bits": 128}, "xcup", True, (8814, 2313, 9148, 18.0, 16, 8)),
    ({"window_rows": 128}, "xc7", False, (8189, 2295, 7679, 51.0, 0, 8)),
    ({"program_rows": 256}, "xc7", False, (8224, 1663, 6936, 68.5, 0, 8)),
    ({"ports": 1, "blocks": 1, "lanes": 4, "encoders": 1}, "xc7", False, (4536, 1408, 4629, 10.0, 0, 4)),
    ({"v": 1, "lanes": 8, "encoders": 4}, "xc7", False, (5920, 1673, 6060, 25.0, 0, 4)),
]  # fmt: skip


def near(found, measured, tolerance):
    """Block RAM, UltraRAM and DSP are equal; lookup tables and flip-flops are near."""
    for name in ("ramb36", "uram", "dsp"):
        assert getattr(found, name) == measured[name], name
    for name in ("lut", "lutram", "ff"):
        assert getattr(found, name) == pytest.approx(measured[name], rel=tolerance), name


@pytest.mark.parametrize(("fields", "family", "ultra_ram", "cells"), SYNTHESIZED)
def test_the_estimate_is_near_what_yosys_made(fields, family, ultra_ram, cells):
    measured = dict(zip(("lut", "lutram", "ff", "ramb36", "uram", "dsp"), cells, strict=True))
    near(estimate(CoreConfig(**{**SMALL, **fields}), family, ultra_ram), measured, 0.05)


@pytest.mark.parametrize(("result", "key"), [
    ("resnet8_rtl", "xc7z020"), ("resnet8_zybo_rtl", "xc7z010"), ("resnet20_rtl", "zcu104"),
    ("resnet20_stationary_rtl", "xc7z020-large"), ("area", None),
])  # fmt: skip
def test_the_estimate_is_near_the_recorded_areas(result, key):
    measured = json.loads((RESULTS / f"{result}.json").read_text())
    if key is None:
        near(estimate(CoreConfig(), measured["family"]), measured, 0.08)
    else:
        core = load_core(key)
        near(estimate(core.config, core.family, core.ultra_ram), measured, 0.08)  # recorded anew as the hardware grows


@pytest.mark.parametrize(("width", "depth", "family", "ultra_ram", "expected"), [
    (64, 64, "xc7", False, {"lutram": 88, "ff": 64}), (64, 64, "xcup", False, {"lutram": 80, "ff": 64}),
    (16, 128, "xc7", False, {"lutram": 48, "ff": 16}), (64, 128, "xc7", False, {"ramb36": 1}),
    (16, 256, "xc7", False, {"ramb36": 0.5}), (64, 1024, "xcup", False, {"ramb36": 2}),
    (128, 2048, "xc7", False, {"ramb36": 7.5}), (128, 4096, "xcup", False, {"ramb36": 15}),
    (128, 4096, "xcup", True, {"uram": 2}), (128, 2048, "xcup", True, {"ramb36": 7.5}),
    (64, 2048, "xcup", True, {"uram": 1}),
])  # fmt: skip
def test_a_memory_goes_where_yosys_puts_it(width, depth, family, ultra_ram, expected):
    placed = asdict(place(Memory("any", 1, width, depth), family, ultra_ram))
    assert {name: amount[0] for name, amount in placed.items() if amount[0]} == expected


def test_a_memory_that_is_read_at_once_is_in_lookup_tables():
    assert place(Memory("any", 1, 24, 1024, registered=False), "xc7", False).ramb36 == 0


def test_the_memories_of_a_core_hold_its_tables():
    config = load_core("xc7z020").config
    bits = sum(memory.count * memory.width * memory.depth for memory in memories(Columns.of([config])))
    assert bits[0] > 8 * config.banks * config.table_rows * config.lanes


@pytest.mark.parametrize(("family", "ultra_ram", "message"), [
    ("xc6", False, "family is 'xc6': use one of xc7, xcup"), ("xc7", True, "parts of family xc7 have no UltraRAM"),
])  # fmt: skip
def test_an_impossible_part_is_refused(family, ultra_ram, message):
    with pytest.raises(ConfigError, match=message):
        estimate(CoreConfig(), family, ultra_ram)


def test_many_cores_are_rated_as_each_alone():
    cores = [CoreConfig(**{**SMALL, **fields}) for fields, *_ in SYNTHESIZED]
    for family, ultra_ram in (("xc7", False), ("xcup", True)):
        together = estimate_all(Columns.of(cores), family, ultra_ram)
        for i, core in enumerate(cores):
            alone = estimate(core, family, ultra_ram)
            assert alone == Area(**{name: getattr(together, name)[i] for name in asdict(alone)})
