"""`lutdla explore` as users meet it."""

import json

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.errors import CompileError, ConfigError, InputError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import board_names

FIXED = ("--metric", "l1")


def call(*arguments, columns=80):
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(cli.application(), ["explore", *map(str, arguments)], catch_exceptions=False)


def test_a_board_in_detail_with_files(tmp_path):
    figures, config = tmp_path / "figures.json", tmp_path / "new" / "config.json"
    done = call("resnet8", "--board", "pynq-z2", *FIXED, "--json", figures, "-o", config, columns=200)
    assert done.exit_code == 0
    assert "12.5 million multiplications" in done.output
    assert "block RAMs" in done.output
    assert "predictions" in done.output
    (found,) = json.loads(figures.read_text())
    assert (found["board"], found["fits"], found["streamed_bytes"]) == ("pynq-z2", True, 0)
    assert found["cycles_per_image"] < 6961  # a core of 9 ports, chosen by hand
    assert CoreConfig.from_dict(json.loads(config.read_text())) == CoreConfig.from_dict(found["config"])
    assert f"{found['cycles_per_image']:,.0f} cycles an image" in done.output
    compiled = CliRunner().invoke(cli.application(), ["compile", "resnet8", "--config", str(config)])
    assert f"{found['cycles_per_image']:,.0f} cycles an image predicted" in " ".join(compiled.output.split())


def test_all_boards_are_listed_in_80_columns():
    done = call("kws", *FIXED, "--objective", "area")
    assert done.exit_code == 0
    rows = {line.split()[0]: line.split() for line in done.output.splitlines() if line.split()[:1]}
    assert set(board_names()) <= set(rows)
    assert all(len(line) <= 80 for line in done.output.splitlines())
    assert rows["pynq-z1"][1:] == rows["pynq-z2"][1:]  # the same part


def test_what_fits_nowhere_is_said(tmp_path):
    done = call("vgg-small", "--board", "zybo-z7-10", *FIXED, "--json", tmp_path / "figures.json")
    assert done.exit_code == cli.EXIT_DIFFERENT
    assert "zybo-z7-10: no core holds this network" in done.output
    assert json.loads((tmp_path / "figures.json").read_text()) == [{"board": "zybo-z7-10", "fits": False}]


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (("resnet7",), CompileError, "unknown topology 'resnet7'"),
    (("resnet8", "--objective", "beauty", "--board", "pynq-z2"), ConfigError, "objective is 'beauty'"),
    (("resnet8", "--metric", "l3"), ConfigError, "metric is 'l3': use one of l2, l1, chebyshev"),
    (("resnet8", "--board", "pynq-z9"), ConfigError, "board 'pynq-z9' is unknown"),
    (("resnet8", "-o", "config.json"), InputError, "--output config.json is for one board: add --board"),
    (("resnet8", "--c", "5", "--board", "pynq-z2"), ConfigError, "c is 5: it must be a power of two"),
    (("resnet8", "--v", "99", "--board", "pynq-z2"), ConfigError, "v is 99: it must be 1..16"),
])  # fmt: skip
def test_what_cannot_be_searched_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        call(*arguments)
