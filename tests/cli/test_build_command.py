"""`lutdla build` as a user runs it, with the stand-in in Vivado's place."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lutdla import cli
from lutdla.cli import EXIT_DIFFERENT, EXIT_NO_VIVADO
from lutdla.errors import LutdlaError
from tests.overlay.builds import VIVADO
from tests.strategies import TINY


@pytest.fixture
def small(tmp_path):
    """A folder for builds, and options for a small core in it."""
    config = tmp_path / "small.json"
    config.write_text(json.dumps(TINY.to_dict()))
    return ["--board", "pynq-z2", "--config", config, "--out", tmp_path / "out"]


def call(*arguments):
    runner = CliRunner(env={"COLUMNS": "200"})
    return runner.invoke(cli.application(), ["build", *map(str, arguments)])


def test_a_build_with_vivado(small, tmp_path):
    done = call(*small, "--vivado", VIVADO, "--json", tmp_path / "figures.json")
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    steps = ["project", "synthesis", "implementation", "export"]
    assert [(one["step"], one["ran"]) for one in figures["steps"]] == [(step, True) for step in steps]
    assert (Path(figures["overlay"]).name, figures["differences"]) == ("lutdla.Pynq-Z2.bit", [])
    for step in steps:
        assert f"✓ {step}" in done.output
    assert (tmp_path / "out" / "lutdla.bit.d" / "lutdla.Pynq-Z2.bit").is_file()
    assert "lutdla.Pynq-Z2.hwh is as predicted" in done.output
    again = call(*small, "--vivado", VIVADO)
    assert again.output.count("done before") == 4
    assert call("--check", tmp_path / "out").exit_code == 0


def test_without_vivado_it_says_what_it_would_run(small, tmp_path, monkeypatch):
    monkeypatch.delenv("XILINX_VIVADO", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done = call(*small)
    assert done.exit_code == EXIT_NO_VIVADO
    assert "vivado -mode batch -nojournal -notrace -log logs/project.log -source tcl/1_project.tcl" in done.output
    assert "There is no Vivado here" in done.output


def test_what_another_machine_has_built_is_taken_over(small, tmp_path, monkeypatch):
    assert call(*small, "--vivado", VIVADO).exit_code == 0
    monkeypatch.delenv("XILINX_VIVADO", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for file in (tmp_path / "out" / "lutdla.bit.d").iterdir():
        file.unlink()
    done = call(*small)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "lutdla.bit.d" / "lutdla.Pynq-Z2.bit").is_file()


def test_plan_only_runs_nothing(small, tmp_path):
    done = call(*small, "--plan-only", "--vivado", VIVADO)
    assert done.exit_code == 0
    assert (tmp_path / "out" / "tcl" / "1_project.tcl").is_file()
    assert not (tmp_path / "out" / "done").exists()


def test_a_difference_is_shown_and_is_exit_status_1(small, tmp_path):
    call(*small, "--vivado", VIVADO)
    hwh = tmp_path / "out" / "lutdla.bit.d" / "lutdla.Pynq-Z2.hwh"
    hwh.write_text(hwh.read_text().replace('NAME="LANES" VALUE="4"', 'NAME="LANES" VALUE="8"'))
    done = call("--check", tmp_path / "out", "--json", "-")
    assert done.exit_code == EXIT_DIFFERENT
    assert "1 differences" in done.stderr
    assert "lutdla LANES" in done.stderr
    (difference,) = json.loads(done.stdout)["differences"]
    assert (difference["predicted"], difference["found"]) == ("4", "8")


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "no board is named: give --board, one of aup-zu3"),
    (["--board", "pynq-z3", "--plan-only"], "board 'pynq-z3' is unknown"),
    (["--board", "pynq-z2", "--vivado", "/nowhere"], "/nowhere: no Vivado there: name the program"),
    (["--check", "/nowhere"], "plan.json: no plan"),
])  # fmt: skip
def test_errors_say_what_to_do(arguments, message):
    done = call(*arguments)
    assert isinstance(done.exception, LutdlaError)
    assert message in str(done.exception)


def test_an_unfinished_build_cannot_be_compared(small, tmp_path):
    call(*small, "--plan-only")
    done = call("--check", tmp_path / "out")
    assert "the build is not finished, run `lutdla build --board pynq-z2" in str(done.exception)


def test_a_failure_ends_with_its_error_and_a_hint(small, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_WNS", "-1")
    done = call(*small, "--vivado", VIVADO)
    assert done.exit_code != 0
    assert "timing is not met" in str(done.exception)
    assert "build again with the --clock-mhz that the line names" in str(done.exception)


def test_install_puts_the_overlay_where_pynq_finds_it(small, tmp_path, monkeypatch):
    from lutdla.cli import build

    monkeypatch.setattr(build, "files", lambda package: tmp_path / package)
    done = call(*small, "--vivado", VIVADO, "--install")
    assert done.exit_code == 0, done.output
    installed = tmp_path / "lutdla_overlay" / "overlays" / "lutdla.bit.d"
    assert {file.name for file in installed.iterdir()} == {f"lutdla.Pynq-Z2.{kind}" for kind in ("bit", "hwh", "json")}
