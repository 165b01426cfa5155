"""The Tcl as text: golden files, which a reviewer reads as diffs (`pytest --force-regen` writes them anew)."""

import pytest

from lutdla.errors import ConfigError
from lutdla_overlay.boards import board_names
from lutdla_overlay.rendering import braced
from lutdla_overlay.tcl import STEPS, render_all, render_common, render_step, script_name
from tests.overlay.designs import design_of


def script(board, step):
    return render_step(step, design_of(board), "DIGEST")


@pytest.mark.parametrize("board", board_names())
def test_project_script_of_every_board(board, file_regression):
    file_regression.check(script(board, "project"), extension=".tcl", basename=f"1_project_{board}")


@pytest.mark.parametrize("step", STEPS[1:])
def test_other_scripts(step, file_regression):
    file_regression.check(script("pynq-z2", step), extension=".tcl", basename=script_name(step)[:-4])


def test_common_script(file_regression):
    file_regression.check(render_common(), extension=".tcl", basename="common")


def test_all_steps_in_one_script(file_regression):
    file_regression.check(render_all(), extension=".tcl", basename="all")


@pytest.mark.parametrize("board", board_names())
def test_no_version_of_an_ip_or_of_vivado_is_pinned(board):
    text = script(board, "project") + render_common()
    for cell in design_of(board).cells:
        assert f"{cell.ip}:" not in text.replace(f"{cell.ip}:*", "")
    assert "scripts_vivado_version" not in text


@pytest.mark.parametrize("value", ["a}b", "{", "a\\b"])
def test_what_braces_cannot_quote_is_refused(value):
    with pytest.raises(ConfigError, match="cannot be written into Tcl"):
        braced(value)
    assert braced("IO PLL") == "{IO PLL}"
