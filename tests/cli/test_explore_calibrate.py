"""`lutdla explore --calibrate` and `--calibration` as users meet them. The reports are ours, with invented figures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.errors import InputError
from lutdla.explore.answer import Answer
from lutdla.explore.area import estimate
from lutdla.explore.calibration import Calibration
from lutdla.spec.config import CoreConfig
from lutdla_overlay.cores import load_core

REPORTS = Path(__file__).parents[1] / "explore" / "reports"
BUILD = REPORTS / "pynq-z2"


def call(*arguments, columns=200):
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(cli.application(), ["explore", *map(str, arguments)], catch_exceptions=False)


def test_a_build_is_compared_and_the_calibration_written(tmp_path):
    file = tmp_path / "new" / "calibration.json"
    done = call("--calibrate", BUILD, "--board", "pynq-z2", "-o", file, columns=80)
    assert done.exit_code == 0
    found, core = Calibration.load(file), load_core("xc7z020")
    area = estimate(core.config, core.family)
    assert found.factors["lut"] == 20480 / area.lut
    assert found.factors["ramb36"] == 129.5 / area.ramb36
    assert (found.tool, found.part, found.of_core) == ("Vivado 2018.3", "xc7z020clg400-1", False)
    assert found.reports == (str(BUILD / "utilization.rpt"), str(BUILD / "timing.rpt"))
    rows = {line.split("│")[1].strip(): line.split("│")[2:5] for line in done.output.splitlines() if "│" in line}
    assert [cell.strip() for cell in rows["LUTs as logic"]] == [f"{area.lut:,}", "20,480", f"{20480 / area.lut:.3f}"]
    assert [cell.strip() for cell in rows["UltraRAMs"]] == ["0", "0", "-"]
    assert "the whole design, implemented by Vivado 2018.3 for 7z020clg400-1" in done.output
    assert "clk_fpga_0 at 100 MHz is met, the worst slack is 0.812 ns: 108.8 MHz would just be met" in done.output
    assert "clock of pynq-z2 (part xc7z020clg400-1): 100 MHz assumed, 100 MHz from now on" in done.output
    assert f"search with lutdla explore MODEL --calibration {file}" in done.output


def test_a_clock_that_was_missed_is_replaced():
    done = call("--calibrate", REPORTS / "zcu104" / "timing.rpt", "--board", "zcu104")
    assert "clk_pl_0 at 200 MHz is missed on 1,875 paths, the worst slack is -0.467 ns: 182.9 MHz" in done.output
    assert "187.498 MHz assumed, 166.665 MHz from now on" in done.output


def test_another_core_is_named_and_a_strange_factor_is_said(tmp_path):
    said = []
    for lanes, table_rows in ((8, 512), (16, 576)):
        core = CoreConfig(metric="l1", ports=9, lanes=lanes, encoders=lanes // 4, table_rows=table_rows,
                          index_words=2048)
        (tmp_path / "core.json").write_text(json.dumps(core.to_dict()))
        done = call("--calibrate", REPORTS / "hierarchical.rpt", "--board", "pynq-z2", "--config",
                    tmp_path / "core.json")
        assert "the core alone" in done.output
        said.append("Some differ by more than two times: is this the core that was built?" in done.output)
    assert said == [True, False]


def test_several_builds_give_one_calibration(tmp_path):
    config, file = tmp_path / "core.json", tmp_path / "calibration.json"
    config.write_text(json.dumps(load_core("xc7z020").config.to_dict()))
    builds = ("--calibrate", BUILD / "utilization.rpt", "--calibrate", BUILD / "synthesis_utilization.rpt")
    done = call(*builds, "--board", "pynq-z2", "--config", config, "--config", config, "-o", file)
    area = estimate(load_core("xc7z020").config, "xc7")
    assert Calibration.load(file).factors["lut"] == pytest.approx((20480 + 21800) / 2 / area.lut)
    assert f"factors of all reports: LUTs as logic {(20480 + 21800) / 2 / area.lut:.3f}" in done.output


def test_a_search_uses_a_calibration_and_says_for_which_boards(tmp_path, monkeypatch):
    searched = []

    def run(search, others):
        searched.extend([search.boards, list(others)])
        return [Answer(board, (), None, ("not searched",)) for board in search.boards]

    monkeypatch.setattr("lutdla.explore.search.Search.run", run)
    file, found = tmp_path / "calibration.json", {"lut": 1.5, "lutram": 1.5}
    Calibration("Vivado 2022.1", "xc7", "xc7z020clg400-1", True, found, {}, 126.0).save(file)
    done = call("lenet5", "--board", "pynq-z2", "--board", "zcu104", "--calibration", file)
    assert " ".join(done.output.split()).endswith(
        "Cycles, rate and energy are predictions; areas are as expected of Vivado 2022.1, room is left to what "
        "surrounds the core: pynq-z2; clock of at most 126 MHz, which it reached: pynq-z2; not calibrated, because "
        "their parts are of another family: zcu104.")
    (boards, others), names = searched, ("pynq-z2", "zcu104")
    assert [(board.name, board.factors, board.clock_mhz) for board in boards] == [(names[0], found, 125.0),
                                                                                  (names[1], {}, 187.498125)]
    assert {board.name for board in others if board.factors} == {"pynq-z1", "pynq-z2", "zybo-z7-10", "zybo-z7-20"}


@pytest.mark.parametrize(("arguments", "message"), [
    ((), "MODEL is missing: name what to search for, or give --calibrate"),
    (("lenet5", "--config", "x.json"), r"--config x\.json is for --calibrate: a search finds the core itself"),
    (("lenet5", "--calibrate", BUILD), "--calibrate searches nothing, and MODEL is lenet5: leave it out"),
    (("--calibrate", BUILD, "--json", "x.json"), r"--json x\.json is for a search: .* name it by -o"),
    (("--calibrate", BUILD), "--calibrate is for one board, --board names 0: give it once"),
    (("--calibrate", BUILD, "--board", "pynq-z2", "--board", "zcu104"), "for one board, --board names 2: give it once"),
    (("--calibrate", BUILD, "--board", "zcu104"), r"utilization\.rpt is of device 7z020clg400-1, the board has xczu7"),
    (("--calibrate", BUILD / "drc.rpt", "--board", "pynq-z2"), r"drc\.rpt: no utilization or timing report of Vivado"),
    (("lenet5", "--calibration", BUILD / "drc.rpt"), r"drc\.rpt: no calibration"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        call(*arguments)


def test_cores_that_do_not_pair_with_reports_are_refused(tmp_path):
    config = tmp_path / "core.json"
    config.write_text(json.dumps(CoreConfig().to_dict()))
    configs = ("--config", config) * 3
    with pytest.raises(InputError, match=r"--config is given 3 times, --calibrate 2 times: give one core for all"):
        call("--calibrate", BUILD, "--calibrate", BUILD, "--board", "pynq-z2", *configs)
