import importlib.util

import pytest
from typer.testing import CliRunner

from lutdla import cli, doctor
from lutdla.native.variants import SWITCH, VARIANTS


def found(name):
    return next(finding for finding in doctor.examine() if finding.name == name)


def run():
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli.application(), ["doctor"], catch_exceptions=False)


def test_everything_the_project_uses_is_looked_for():
    assert [finding.name for finding in doctor.examine()] == [
        "python", "numpy", "safetensors", "typer", "kernels", "torch", "pynq", "myhdl", "verilator", "g++", "make",
        "iverilog", "pyosys", "jinja2", "optuna", "plotly", "ipywidgets", "vivado", "fashion-mnist", "board",
    ]  # fmt: skip


def test_what_is_here_has_a_version():
    done = run()
    assert done.exit_code == 0
    assert importlib.metadata.version("numpy") in done.output


@pytest.mark.parametrize(("module", "extra", "status"), [("torch", "[train]", 0), ("pynq", "[board]", 0),
                                                         ("myhdl", "[hdl]", 0), ("safetensors", "", 1)])  # fmt: skip
def test_a_missing_package_comes_with_its_command(monkeypatch, module, extra, status):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == module else find(name, *rest))
    finding = found(module)
    assert finding.found is None
    assert "-m pip install" in finding.fix
    assert f"{extra}'" in finding.fix
    done = run()
    assert done.exit_code == status
    assert f"{module}: {finding.fix}" in done.output


def test_missing_kernels_come_with_their_command(monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    assert found("kernels").found is None
    assert "apt-get install g++ && " in found("kernels").fix
    monkeypatch.delenv(SWITCH)
    assert found("kernels").found in VARIANTS


def test_a_missing_tool_comes_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (found("iverilog").found, found("iverilog").fix) == (None, "sudo apt-get install iverilog")
    assert (found("g++").found, found("g++").fix) == (None, "sudo apt-get install g++")


def test_a_tool_that_does_not_work_counts_as_missing(monkeypatch, tmp_path):
    broken = tmp_path / "make"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found("make").found is None


def test_a_missing_data_set_comes_with_its_command(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "FASHION_MNIST", tmp_path)
    assert (found("fashion-mnist").found, found("fashion-mnist").fix) == (
        None, "sudo apt-get install dataset-fashion-mnist",
    )  # fmt: skip
