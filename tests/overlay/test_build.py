"""The scripts of every board, run by a stand-in for Vivado: built as predicted, or stopped with a reason."""

import time
from pathlib import Path

import pytest

from lutdla.backends.core_verilog import core_verilog
from lutdla.emulation.metadata import parse_hwh
from lutdla.errors import ToolError
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.compare import compare
from lutdla_overlay.hwh import hwh
from lutdla_overlay.vivado import is_finished, run_step
from tests.overlay.builds import VIVADO, build, is_caught
from tests.overlay.designs import small_plan

INTERRUPTS = {"dma/mm2s_introut": 0, "dma/s2mm_introut": 1, "lutdla/irq": 2}


@pytest.fixture(scope="module")
def plan():
    return small_plan("pynq-z2")


def run(plan, folder, name):
    step = next(step for step in plan.steps if step.name == name)
    return run_step(step, folder, VIVADO, timeout_s=60)


@pytest.mark.parametrize("board", board_names())
def test_every_board_is_built_as_predicted(board, tmp_path):
    plan = small_plan(board)
    outcomes, overlay = build(plan, tmp_path)
    assert [outcome.ran for outcome in outcomes] == [True] * 4
    assert compare(hwh(plan.design), overlay.hwh.read_text(), plan.design) == []
    metadata = parse_hwh(overlay.hwh)
    assert {pin: metadata.interrupt_pins[pin]["index"] for pin in INTERRUPTS} == INTERRUPTS
    assert metadata.ip_dict["lutdla"]["phys_addr"] == load_board(board).addresses.lutdla
    predicted = parse_hwh(tmp_path / "predicted" / "lutdla.hwh")
    assert metadata.ip_dict["lutdla"]["registers"] == predicted.ip_dict["lutdla"]["registers"]


@pytest.mark.parametrize("board", ["pynq-z2", "kv260"])
@pytest.mark.parametrize(("version", "board_files", "xlconcat"), [
    ("2020.2", "1", "1"), ("2022.1", "0", "1"), ("2025.2", "1", "0"),
])  # fmt: skip
def test_versions_with_and_without_board_files(board, version, board_files, xlconcat, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_VERSION", version)
    monkeypatch.setenv("STANDIN_BOARDS", board_files)
    monkeypatch.setenv("STANDIN_XLCONCAT", xlconcat)
    plan = small_plan(board)
    _, overlay = build(plan, tmp_path)
    differences = [found.what for found in compare(hwh(plan.design), overlay.hwh.read_text(), plan.design)]
    # without a board file Vivado may divide another PLL: the comparison says so, and only that
    assert differences in ([], ["ps clock on the board, MHz"]) if board_files == "0" else differences == []


@pytest.mark.parametrize(("where", "step", "message"), [
    ("create_project", "project", "told to fail"), ("create_bd_cell", "project", "told to fail"),
    ("apply_bd_automation", "project", "told to fail"), ("connect_bd_net", "project", "told to fail"),
    ("assign_bd_address", "project", "told to fail"), ("validate_bd_design", "project", "told to fail"),
    ("make_wrapper", "project", "told to fail"), ("generate_target", "project", "told to fail"),
    ("launch_runs:synth_1", "synthesis", "synth_1 ended as .*ERROR"),
    ("report_utilization", "synthesis", "told to fail"),
    ("launch_runs:impl_1", "implementation", "impl_1 ended as .*ERROR"),
    ("report_timing_summary", "implementation", "told to fail"),
    ("write_hw_platform", "export", "told to fail"),
])  # fmt: skip
def test_a_failure_names_itself_and_what_was_done_stays_done(where, step, message, plan, tmp_path, monkeypatch):
    plan.write(tmp_path)
    before = plan.steps[:[s.name for s in plan.steps].index(step)]
    for earlier in before:
        run_step(earlier, tmp_path, VIVADO, timeout_s=60)
    monkeypatch.setenv("STANDIN_FAIL", where)
    with pytest.raises(ToolError, match=rf"^{step}: ERROR: .*{message}") as caught:
        run(plan, tmp_path, step)
    assert str(tmp_path / "logs" / f"{step}.log") in str(caught.value)
    monkeypatch.delenv("STANDIN_FAIL")
    outcomes, overlay = build(plan, tmp_path)
    assert [outcome.ran for outcome in outcomes] == [False] * len(before) + [True] * (4 - len(before))
    assert overlay.bit.is_file()


def test_a_clock_that_is_not_met_says_which_would_be(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_WNS", "-0.5")
    with pytest.raises(ToolError, match=r"worst setup slack is -0\.5.* ns at 100\.0 MHz: build with --clock-mhz 95"):
        build(plan, tmp_path)
    assert (tmp_path / "reports" / "timing.rpt").is_file()
    assert not is_finished(plan, tmp_path)


def test_a_step_that_hangs_is_ended_with_all_it_started(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_HANG", "validate_bd_design")
    plan.write(tmp_path)
    begin = time.monotonic()
    with pytest.raises(ToolError, match=r"project: Vivado did not end within 3 s: give a longer --timeout-s"):
        run_step(plan.steps[0], tmp_path, VIVADO, timeout_s=3)
    assert time.monotonic() - begin < 15
    assert not _processes_in(tmp_path)


def _processes_in(folder):
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = (entry / "cwd").readlink()
        except OSError:  # it has ended, or is not ours
            continue
        if where.is_relative_to(folder):
            found.append(entry.name)
    return found


def test_a_harmless_critical_warning_is_shown_and_does_not_stop(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_CRITICAL", "1")
    plan.write(tmp_path)
    assert any(line.startswith("CRITICAL WARNING") for line in run(plan, tmp_path, "project").warnings)


def test_a_changed_plan_runs_again_and_an_unchanged_one_does_not(plan, tmp_path):
    build(plan, tmp_path)
    outcomes, _ = build(plan, tmp_path)
    assert [outcome.ran for outcome in outcomes] == [False] * 4
    (tmp_path / "reports" / "timing.rpt").unlink()
    outcomes, _ = build(plan, tmp_path)
    assert [outcome.ran for outcome in outcomes] == [False, False, True, False]


@pytest.mark.parametrize("board", ["pynq-z2", "kv260"])
def test_whatever_is_left_out_is_caught(board, tmp_path):
    plan = small_plan(board)
    verilog = core_verilog(plan.design.config).read_text()
    assert not is_caught(plan, plan.design, tmp_path / "whole", verilog)
    missed = [what for i, (what, design) in enumerate(plan.design.without())
              if not is_caught(plan, design, tmp_path / str(i), verilog)]
    assert missed == []
