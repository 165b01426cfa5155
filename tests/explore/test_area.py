"""The estimate of an area against what yosys made of the core: cells of synthesized cores, written down here."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.area_fit import measured
from lutdla.errors import ConfigError
from lutdla.explore.area import Area, estimate, estimate_all
from lutdla.explore.columns import Columns
from lutdla.explore.memories import Memory, memories, place
from lutdla.spec.config import CoreConfig
from lutdla_overlay.cores import load_core

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
def near(found, measured, tolerance):
    """Block RAM, UltraRAM and DSP are equal; lookup tables and flip-flops are near."""
    for name in ("ramb36", "uram", "dsp"):
        assert getattr(found, name) == measured[name], name
    for name in ("lut", "lutram", "ff"):
        assert getattr(found, name) == pytest.approx(measured[name], rel=tolerance), name


@pytest.mark.parametrize("point", measured("cores"), ids=lambda point: f"{point.config} {point.family}")
def test_the_estimate_is_near_what_yosys_made(point):
    near(estimate(point.config, point.family, point.ultra_ram), point.amounts, 0.06)


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
    cores = [point.config for point in measured()]
    for family, ultra_ram in (("xc7", False), ("xcup", True)):
        together = estimate_all(Columns.of(cores), family, ultra_ram)
        for i, core in enumerate(cores):
            alone = estimate(core, family, ultra_ram)
            assert alone == Area(**{name: getattr(together, name)[i] for name in asdict(alone)})
