"""Calibration: factors of reports, what they change of a board and of a search, files. All figures are invented."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.compiler.topologies import topology
from lutdla.errors import InputError
from lutdla.explore.area import Area, estimate, estimate_all
from lutdla.explore.calibration import AREAS, Calibration
from lutdla.explore.choice import choose
from lutdla.explore.columns import Columns
from lutdla.explore.limits import RESOURCES, SPARE, Limits
from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.vivado_reports import Utilization, read_report
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.limits import limits_of

REPORTS = Path(__file__).parent / "reports"
CORE = CoreConfig(metric="l1")
AREA = estimate(CORE, "xc7")
PART = "xc7z020clg400-1"
FEW = {"v": (4,), "c": (16,), "metric": ("l1",), "ports": (1, 3, 5), "blocks": (2, 4), "lanes": (8, 16),
       "encoders": (1, 2)}  # fmt: skip


def measured(area=AREA, times=1.0, of_core=True, tool="Vivado 2022.1", device=PART, **more):
    """A report of a core that is so many times as large as estimated."""
    amounts = {name: times * getattr(area, name) for name in AREAS}
    return Utilization("x.rpt", tool, device, **{**amounts, **more}, of_core=of_core, implemented=True)


def timing(**changes):
    return replace(read_report(REPORTS / "pynq-z2" / "timing.rpt"), tool="Vivado 2022.1", **changes)


def calibration(times=1.0, of_core=True, timings=(), **more):
    return Calibration.of([(AREA, measured(times=times, of_core=of_core, **more))], timings, PART, "xc7")


# -- factors -----------------------------------------------------------------------------------------------------------
def test_reports_that_equal_the_estimate_change_nothing():
    found = calibration()
    assert set(found.factors.values()) == {1.0}
    assert found.beside == {}
    assert found.apply(AREA) == AREA
    before = limits_of(load_board("pynq-z2"))
    after = found.apply_limits(before, PART)
    assert (after.spare, after.clock_mhz) == (before.spare, before.clock_mhz)
    assert after.shares(AREA) == before.shares(AREA)


def test_a_factor_is_measured_by_estimated():
    found = calibration(lut=1.5 * AREA.lut, ramb36=AREA.ramb36 + 4)
    assert found.factors["lut"] == 1.5
    assert found.factors["ramb36"] == pytest.approx(1 + 4 / AREA.ramb36)
    assert found.apply(AREA).ramb36 == AREA.ramb36 + 4
    assert found.factors["ff"] == 1


def test_of_several_reports_the_mean_has_the_least_squares_of_relative_errors():
    ratios = (1.1, 1.3, 1.8)
    other = estimate(replace(CORE, lanes=32), "xc7")
    built = [(area, measured(area, ratio)) for area, ratio in zip((AREA, other, other), ratios)]
    found = Calibration.of(built, [], PART, "xc7")
    best = min(np.linspace(1, 2, 1001), key=lambda factor: sum((ratio - factor) ** 2 for ratio in ratios))
    assert found.factors["lut"] == pytest.approx(best, abs=1e-9)


def test_where_nothing_was_estimated_the_amount_is_left_to_the_surroundings():
    assert AREA.uram == 0
    board = limits_of(load_board("zcu104"))
    found = Calibration.of([(AREA, measured(uram=3, device="xczu7ev"))], [], "xczu7ev-ffvc1156-2-e", "xcup")
    assert (found.factors["uram"], found.beside) == (1.0, {"uram": 3.0})
    after = found.apply_limits(board, "")
    assert after.spare["uram"] == 3 / board.amounts["uram"]
    full = replace(AREA, uram=board.amounts["uram"] - 3)
    assert after.holds(full)
    assert not after.holds(replace(full, uram=full.uram + 1))


def test_columns_of_cores_are_corrected_as_each_alone():
    cores = [replace(CORE, lanes=lanes) for lanes in (16, 32, 64)]
    found = calibration(lut=1.234 * AREA.lut, ramb36=1.07 * AREA.ramb36, dsp=3)
    together = found.apply(estimate_all(Columns.of(cores), "xc7"))
    for at, core in enumerate(cores):
        alone = found.apply(estimate(core, "xc7"))
        assert alone == Area(**{name: getattr(together, name)[at] for name in AREAS})
        assert alone.ramb36 * 2 == round(alone.ramb36 * 2)
        assert alone.lut == round(alone.lut)


# -- limits ------------------------------------------------------------------------------------------------------------
def test_surroundings_are_left_room_once():
    board = limits_of(load_board("pynq-z2"))
    alone, whole = (calibration(of_core=of_core).apply_limits(board, PART) for of_core in (True, False))
    assert alone.spare == SPARE
    assert set(whole.spare.values()) == {0.0}
    full = replace(AREA, lut=board.amounts["lut"] - AREA.lutram)
    assert whole.holds(full)
    assert not alone.holds(full)


def test_areas_are_those_of_the_family_and_the_clock_that_of_the_part():
    found = calibration(times=1.2, timings=[timing(reachable_mhz=112.0)])
    for name in board_names():
        board = load_board(name)
        before, after = limits_of(board), limits_of(board, found)
        assert bool(after.factors) == found.suits(before) == (before.family == "xc7")
        assert (after.clock_mhz != before.clock_mhz) == found.reaches(board.part) == (board.part == PART)
        if not found.suits(before):
            assert after == before


def test_the_clock_is_one_that_the_board_makes_and_the_slowest_report_counts():
    board = load_board("pynq-z2")
    found = calibration(timings=[timing(reachable_mhz=140.0), timing(reachable_mhz=112.0)])
    assert found.clock_mhz == 112
    assert limits_of(board, found).clock_mhz == pytest.approx(1000 / 9)
    assert limits_of(board, replace(found, clock_mhz=900.0)).clock_mhz == board.ps.io_pll_mhz / 2


def test_timing_alone_leaves_areas_as_they_are():
    found = Calibration.of([], [timing()], PART, "xc7")
    assert (found.factors, found.of_core) == ({}, True)
    after = limits_of(load_board("pynq-z2"), found)
    assert (after.spare, after.expected(AREA)) == (SPARE, AREA)


def test_limits_are_keys_as_equal_ones_are():
    board = limits_of(load_board("pynq-z2"))
    one, other = (calibration(times=times).apply_limits(board, PART) for times in (1.5, 1.6))
    names = ("amounts", "spare", "factors")
    turned = replace(one, **{name: dict(reversed(getattr(one, name).items())) for name in names})
    assert turned == one
    assert hash(turned) == hash(one)
    assert len({board, one, turned, other}) == 3
    assert from_plain(json.loads(json.dumps(to_plain(one))), Limits) == one


@given(st.floats(0.1, 10), st.sampled_from(RESOURCES))
def test_a_larger_factor_never_lets_more_in(times, name):
    board = replace(limits_of(load_board("pynq-z2")), amounts={**dict.fromkeys(RESOURCES, 10**6), name: 20000})
    cores = estimate_all(Columns.of([replace(CORE, lanes=lanes) for lanes in (8, 16, 32, 64)]), "xc7")
    less, more = (replace(board, factors={name: factor}).holds(cores) for factor in (times, 1.1 * times))
    assert (less | ~more).all()


# -- the search --------------------------------------------------------------------------------------------------------
def test_a_search_picks_a_smaller_core_where_lookup_tables_are_more():
    shape = NetworkShape.of(topology("lenet5", CoreConfig()), "lenet5")
    board = limits_of(load_board("pynq-z2"))
    before = replace(board, amounts={**board.amounts, "lut": 17600})  # so few that they decide
    after = calibration(lut=1.5 * AREA.lut, lutram=1.5 * AREA.lutram).apply_limits(before, "")
    large, small = (choose(shape, rate(shape, limits, streams=False, **FEW), limits) for limits in (before, after))
    sizes = [estimate(choice.config, "xc7") for choice in (large, small)]
    assert sizes[1].lut + sizes[1].lutram < sizes[0].lut + sizes[0].lutram
    assert 1.5 * (sizes[1].lut + sizes[1].lutram) <= (1 - SPARE["lut"]) * before.amounts["lut"]
    assert small.cycles_per_image > large.cycles_per_image
    assert small.area.lut == pytest.approx(1.5 * sizes[1].lut, abs=0.5)
    assert small.shares["lut"] == (small.area.lut + small.area.lutram) / before.amounts["lut"]
    assert large.area == sizes[0]


# -- what is refused ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("built", "timings", "message"), [
    ([], [], "there are no reports: name one"),
    ([measured(device="xc7z010clg400-1")], [], r"x\.rpt is of device xc7z010clg400-1, the board has xc7z020clg400-1"),
    ([], [timing(device="7z020-clg400-3")], r"timing\.rpt is of device 7z020-clg400-3, the board has xc7z020clg400-1"),
    ([measured()], [replace(timing(), tool="Vivado 2018.3")],
     r"timing\.rpt is of Vivado 2018\.3, x\.rpt of Vivado 2022\.1: calibrate one at a time"),
    ([measured(), measured(of_core=False)], [], r"x\.rpt is of the core alone, x\.rpt of the whole design"),
    ([measured(lut=0)], [], r"x\.rpt: lut is 0, and every core takes some"),
])  # fmt: skip
def test_reports_that_do_not_go_together_are_refused(built, timings, message):
    with pytest.raises(InputError, match=message):
        Calibration.of([(AREA, each) for each in built], timings, PART, "xc7")


@pytest.mark.parametrize("device", ["xc7z020", "7z020clg400-1", "7z020-clg400-1", "XC7Z020CLG400-1", "7z020-clg400"])
def test_versions_write_a_device_in_several_ways(device):
    assert Calibration.of([(AREA, measured(device=device))], [], PART, "xc7").part == PART


# -- files -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("found", [calibration(1.3, timings=[timing()]), calibration(of_core=False, uram=2),
                                   Calibration.of([], [timing()], PART, "xc7")])  # fmt: skip
def test_a_file_brings_back_what_was_saved(tmp_path, found):
    found.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == found
    named = json.loads((tmp_path / "calibration.json").read_text())
    assert set(named) == {"version", *(each.name for each in fields(Calibration))}


@pytest.mark.parametrize(("change", "message"), [
    ({"version": 2}, r"version is 2, this lutdla reads 1"),
    ({"clock": 3}, r"unknown entry 'clock', known are tool, family"),
    ({"tool": None}, r"tool is None: it must be text"),
    ({"of_core": 1}, r"of_core is 1: it must be true or false"),
    ({"clock_mhz": True}, r"clock_mhz is True: it must be a number or null"),
    ({"clock_mhz": -1}, r"clock_mhz is -1: it must be more than 0"),
    ({"clock_mhz": 10**400}, r"too large"),
    ({"factors": []}, r"factors is \[\]: it must be a table of numbers"),
    ({"factors": {"lut": "much"}}, r"factors\.lut is 'much': it must be a number"),
    ({"factors": {"lut": float("nan")}}, r"factors\.lut is nan: it must be 0 or more"),
    ({"factors": {"luts": 1}}, r"factors names 'luts': use some of lut, lutram"),
    ({"beside": {"uram": -2}}, r"beside\.uram is -2: it must be 0 or more"),
    ({"family": "xc6"}, r"family is 'xc6': use one of xc7, xcup"),
    ({"reports": [3]}, r"reports has 3: it must be a list of texts"),
])  # fmt: skip
def test_a_file_with_something_else_is_refused(tmp_path, change, message):
    path = tmp_path / "calibration.json"
    values = {"version": 1, **asdict(calibration()), **change}
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match=rf"calibration\.json: .*{message}"):
        Calibration.load(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "lut = 3"])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.json: no calibration.*: make it with lutdla explore --calibrate"):
        Calibration.load(tmp_path / "x.json")


def test_a_missing_entry_and_a_missing_file_are_named(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match=r"x\.json: no calibration \(.*No such file"):
        Calibration.load(path)
    path.write_text(json.dumps({"version": 1, "tool": "Vivado 2022.1"}))
    with pytest.raises(InputError, match=r"x\.json: entry 'family' is missing"):
        Calibration.load(path)
