import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.data import LOADERS, DatasetError, card, places
from lutdla.errors import InputError


def call(*arguments, width=160):
    return CliRunner(env={"COLUMNS": str(width)}).invoke(cli.application(), ["data", *map(str, arguments)],
                                                         catch_exceptions=False)


def test_the_list_has_every_set(tmp_path):
    shown = call("--json", tmp_path / "sets.json").output
    found = json.loads((tmp_path / "sets.json").read_text())
    assert list(found) == sorted(LOADERS)
    for name in LOADERS:
        assert name in shown
        assert card(name).licence in shown
        assert found[name]["citation"] == card(name).citation
    assert found["digits"]["here"] == str(places.here(card("digits")))
    assert found["files"]["here"] is None


def test_what_is_not_here_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setenv(places.OVERRIDE, str(tmp_path))
    lines = call().output.splitlines()
    here = {line.split("│")[2].strip(): line.split("│")[1].strip() for line in lines if line.startswith("│")}
    assert here == {name: "yes" if name == "files" else "no" for name in LOADERS}


def test_a_set_is_read_and_described(tmp_path):
    shown = call("digits", "magic", "--json", tmp_path / "sets.json").output
    assert "1,438 + 359 images, 8 x 8 uint8, 0..16" in shown
    assert "gamma, hadron" in shown
    assert card("magic").licence in shown
    assert json.loads((tmp_path / "sets.json").read_text())["magic"]["train"] == 15216


def test_recordings_and_files_are_described_too(monkeypatch):
    assert "442 + 109 recordings" in call("speech-prompts").output
    monkeypatch.setattr("lutdla.data.files.default_folders", lambda: [sys.prefix])
    shown = call("files").output
    assert "files, 2,048 int16" in shown


def test_again_fetches_what_is_here(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="--again fetches sets: name them"):
        call("--again")
    monkeypatch.setenv(places.OVERRIDE, str(tmp_path))
    with pytest.raises(DatasetError, match="nothing is fetched while LUTDLA_DATA is set"):
        call("digits", "--again")


def test_an_unknown_set_is_one_line_and_status_2():
    done = subprocess.run([sys.executable, "-m", "lutdla", "data", "cifar"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no data set is called 'cifar': known are digits")
