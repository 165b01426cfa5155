"""`lutdla explore` as users meet it."""

import json

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.errors import CompileError, ConfigError, InputError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import board_names
from tests.explore.recipes import write, write_trained

FIXED = ("--metric", "l1")


def call(*arguments, columns=80):
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(cli.application(), ["explore", *map(str, arguments)], catch_exceptions=False)


def test_a_board_in_detail_with_files(tmp_path):
    figures, config = tmp_path / "figures.json", tmp_path / "new" / "config.json"
    done = call("resnet8", "--board", "pynq-z2", *FIXED, "--json", figures, "-o", config, columns=200)
    assert done.exit_code == 0
    assert "12.5 million multiplications" in done.output
    assert "ramb36" in done.output
    assert "predictions" in done.output
    (found,) = json.loads(figures.read_text())
    pick = found["pick"]
    assert (found["board"], found["fits"], pick["streamed_bytes"]) == ("pynq-z2", True, 0)
    assert pick["cycles_per_image"] < 6961  # a core of 9 ports, chosen by hand
    assert CoreConfig.from_dict(json.loads(config.read_text())) == CoreConfig.from_dict(pick["config"])
    assert f"{pick['cycles_per_image']:,.0f} cycles an image" in done.output
    assert f"next: lutdla compile resnet8 --config {config} -o model.lut" in done.output
    compiled = CliRunner().invoke(cli.application(), ["compile", "resnet8", "--config", str(config)])
    assert f"{pick['cycles_per_image']:,.0f} cycles an image predicted" in " ".join(compiled.output.split())


def test_two_commands_lead_from_a_model_to_an_artefact(tmp_path, monkeypatch):
    """On a network and data of this test, so that trainings take a second; `--data` names sets that take longer."""
    monkeypatch.chdir(tmp_path)
    model = write_trained(tmp_path)
    recipe = write(tmp_path)
    recipe.write_text(recipe.read_text().replace('function = "parts.py:model"', f'file = "{model.name}"')
                      .replace("epochs = 4", "epochs = 0", 1))
    done = call(recipe, "--board", "pynq-z2", "--v", 4, "--c", 8, "--c", 16, "--metric", "l1", "--runs", 2,
                "--epochs", 1, "--limit", 500, "--accuracy-floor", 0.5, "-o", "config.json",
                "--report", "report.html", "--csv", "all.csv", columns=200)
    assert done.exit_code == 0, done.output
    assert "reach 50.0%" in done.output
    assert "next: lutdla train config.recipe.toml" in done.output
    assert "<html" in (tmp_path / "report.html").read_text()
    assert len((tmp_path / "all.csv").read_text().splitlines()) >= 2
    assert (tmp_path / "lutdla-explore" / "small" / "ledger.sqlite").is_file()
    trained = CliRunner().invoke(cli.application(), ["train", "config.recipe.toml", "--limit", "500"])
    assert trained.exit_code == 0, trained.output
    artefact = Artefact.load(tmp_path / "trained" / "model.lut")
    assert artefact.config == CoreConfig.from_dict(json.loads((tmp_path / "config.json").read_text()))


def test_all_boards_are_listed_in_80_columns():
    done = call("kws", *FIXED, "--objective", "energy")
    assert done.exit_code == 0
    rows = {line.split()[0]: line.split() for line in done.output.splitlines() if line.split()[:1]}
    assert set(board_names()) <= set(rows)
    assert all(len(line) <= 80 for line in done.output.splitlines())
    assert rows["pynq-z1"][1:] == rows["pynq-z2"][1:]  # the same part


def test_what_fits_nowhere_is_said(tmp_path):
    done = call("vgg-small", "--board", "zybo-z7-10", *FIXED, "--json", tmp_path / "figures.json")
    assert done.exit_code == cli.EXIT_DIFFERENT
    assert "zybo-z7-10: no core holds this network" in done.output
    (found,) = json.loads((tmp_path / "figures.json").read_text())
    assert (found["board"], found["fits"], found["pick"], found["candidates"]) == ("zybo-z7-10", False, None, [])
    assert found["why"][0] == "no core holds this network"
    assert found["why"][1].startswith("the next board that would help is pynq-z1: up to ")


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (("resnet7",), CompileError, "unknown topology 'resnet7'"),
    (("resnet8", "--objective", "beauty", "--board", "pynq-z2"), ConfigError, "objective is 'beauty'"),
    (("resnet8", "--metric", "l3"), ConfigError, "metric is 'l3': use one of l2, l1, chebyshev"),
    (("resnet8", "--board", "pynq-z9"), ConfigError, "board 'pynq-z9' is unknown"),
    (("resnet8", "-o", "config.json"), InputError, "--output config.json is for one board: add --board"),
    (("resnet8", "--data", "digits"), InputError, "--data digits is for networks in .pt2, .onnx, .pt files"),
    (("model.pt",), InputError, "model.pt: what it was trained on is not in the file: name the data set with --data"),
    (("none.onnx", "--data", "digits"), InputError, "none.onnx: there is no such file"),
    (("resnet8", "--accuracy-floor", "0.9"), InputError, "accuracy floor is 0.9: accuracy is known of networks with"),
    (("resnet8", "--c", "5", "--board", "pynq-z2"), ConfigError, "c is 5: it must be a power of two"),
    (("resnet8", "--v", "99", "--board", "pynq-z2"), ConfigError, "v is 99: it must be 1..16"),
])  # fmt: skip
def test_what_cannot_be_searched_is_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        call(*arguments)
