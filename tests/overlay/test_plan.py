"""A build is a value: the same arguments give the same plan, and writing it is safe."""

import json
from dataclasses import replace

import pytest

from lutdla.backends.core_verilog import core_verilog
from lutdla.errors import ConfigError
from lutdla_overlay.block_design import block_design
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.plan import make_plan, planned_design
from tests.overlay.designs import small_plan
from tests.strategies import TINY


@pytest.fixture(scope="module")
def plan():
    return small_plan("pynq-z2")


@pytest.mark.parametrize("board", board_names())
def test_every_board_has_a_plan(board):
    plan = small_plan(board)
    assert plan.board.key == board
    assert {"ip/lutdla_core_1_0/component.xml", "tcl/1_project.tcl", "predicted/lutdla.hwh"} <= set(plan.files)
    assert plan == small_plan(board)
    assert plan.digest == small_plan(board).digest


def test_every_step_depends_on_what_it_is_made_of(plan):
    board, verilog = load_board("pynq-z2"), core_verilog(TINY).read_text()
    slower = make_plan(TINY, board, 50.0, verilog)
    longer = make_plan(TINY, board, 100.0, verilog + "\n")
    for other in (slower, longer):
        for one, two in zip(plan.steps, other.steps, strict=True):
            assert one.digest != two.digest
    assert all(step.digest in plan.files[step.script] for step in plan.steps)


def test_writing_again_writes_nothing(plan, tmp_path):
    assert set(plan.write(tmp_path)) == {*plan.files, "plan.json"}
    assert plan.write(tmp_path) == []
    (tmp_path / "tcl" / "common.tcl").write_text("edited")
    assert plan.write(tmp_path) == ["tcl/common.tcl"]


def test_files_of_an_older_plan_go_and_others_stay(plan, tmp_path):
    plan.write(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path.parent / "outside.txt").write_text("mine")
    listed = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "tcl" / "5_old.tcl").write_text("old")
    listed["files"] += ["tcl/5_old.tcl", "notes.txt", "tcl/../../outside.txt", 7]
    (tmp_path / "plan.json").write_text(json.dumps(listed))
    assert set(plan.write(tmp_path)) == {"tcl/5_old.tcl", "plan.json"}
    assert not (tmp_path / "tcl" / "5_old.tcl").exists()
    assert (tmp_path / "notes.txt").exists()
    assert (tmp_path.parent / "outside.txt").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(plan, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file: is a file: name a folder"):
        plan.write(tmp_path / "file")


def test_the_design_is_found_again(plan, tmp_path):
    plan.write(tmp_path)
    assert planned_design(tmp_path) == plan.design
    assert plan.design == block_design(TINY, load_board("pynq-z2"), 100.0)
    with pytest.raises(ConfigError, match=r"plan.json: no plan .* name the folder of a build"):
        planned_design(tmp_path / "nowhere")


def test_verilog_of_another_core_is_refused():
    with pytest.raises(Exception, match="the Verilog is not of configuration"):
        make_plan(replace(TINY, lanes=8), load_board("pynq-z2"), 100.0, core_verilog(TINY).read_text())
