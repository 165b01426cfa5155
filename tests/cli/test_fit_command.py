"""`lutdla fit` as users meet it."""

import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla_overlay.boards import board_names
from lutdla_overlay.cores import load_core


@pytest.fixture(scope="module")
def resnet8(tmp_path_factory):
    """ResNet-8, compiled for the XC7Z020."""
    config = load_core("xc7z020").config
    return assemble(topology("resnet8", config), config).save(tmp_path_factory.mktemp("fit") / "resnet8.lut")


def call(*arguments, columns=80):
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(cli.application(), ["fit", *map(str, arguments)], catch_exceptions=False)


def test_all_boards_are_listed_in_80_columns(resnet8):
    done = call(resnet8)
    assert done.exit_code == 0
    rows = {line.split()[0]: line.split() for line in done.output.splitlines() if line.split()[:1]}
    assert set(board_names()) <= set(rows)
    assert rows["pynq-z2"][1:10] == ["xc7z020", "yes", "100%", "75%", "50%", "62%", "92%", "7%", "6,207"]
    assert rows["zybo-z7-10"][1:6] == ["xc7z010", "no", "-", "-", "-"]
    assert "the overlay of zybo-z7-10 has ports=4: compile it for core xc7z010" in done.output
    assert "predictions" in done.output


def test_a_named_board_is_shown_in_detail(resnet8):
    done = call(resnet8, "--board", "pynq-z2")
    assert done.exit_code == 0
    assert "pynq-z2, core xc7z020: fits" in done.output
    memories = [line.split() for line in done.output.splitlines() if "_rows" in line or "index_words" in line]
    assert len(memories) == 8
    assert any("544" in words and "100%" in words for words in memories)
    assert "images/s at 100 MHz" in done.output
    assert "zybo" not in done.output


def test_every_reason_is_shown_and_the_status_is_1(resnet8):
    done = call(resnet8, "--board", "pynq-z2", "--board", "zybo-z7-10")
    assert done.exit_code == cli.EXIT_DIFFERENT
    assert "zybo-z7-10, core xc7z010: does not fit" in done.output
    for name, need, have in (("ports", 12, 4), ("encoders", 4, 2)):
        assert f"artefact has {name}={need}, the overlay of zybo-z7-10 has {name}={have}" in done.output


def test_without_a_board_that_it_fits_the_status_is_1(resnet8, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(load_core("xc7z010").config.to_dict()))
    assert call(resnet8, "--config", other).exit_code == cli.EXIT_DIFFERENT


def test_another_core_is_looked_at(resnet8, tmp_path):
    roomy = tmp_path / "roomy.json"
    roomy.write_text(json.dumps({**load_core("xc7z020").config.to_dict(), "index_words": 8192}))
    done = call(resnet8, "--board", "zcu104", "--config", roomy)
    assert done.exit_code == 0
    assert "zcu104, core roomy: fits" in done.output


def test_figures_are_written(resnet8, tmp_path):
    file = tmp_path / "new folder" / "fit.json"
    call(resnet8, "--board", "pynq-z2", "--board", "zybo-z7-10", "--json", file)
    fits, other = json.loads(file.read_text())
    assert (fits["board"], fits["fits"], fits["reasons"]) == ("pynq-z2", True, [])
    assert fits["area"]["ramb36"] == 128.5
    assert fits["memories"][0]["memory"] == "program_rows"
    assert (other["fits"], other["images_per_s"], len(other["reasons"])) == (False, None, 2)


@pytest.mark.parametrize(("arguments", "message"), [
    (["none.lut"], "none.lut: no such file"), (["--board", "pynq-z9"], "board 'pynq-z9' is unknown: use one of"),
    (["--config", "none.toml"], "none.toml: no configuration"),
])  # fmt: skip
def test_an_error_is_one_line_and_status_2(resnet8, arguments, message):
    model = [] if arguments[0].endswith(".lut") else [str(resnet8)]
    done = subprocess.run([sys.executable, "-m", "lutdla", "fit", *model, *arguments], capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == cli.EXIT_ERROR
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_it_takes_no_long_time(resnet8):
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "lutdla", "fit", str(resnet8)], capture_output=True, timeout=60, check=True)
    assert time.perf_counter() - begin < 10  # half a second on a quiet computer
