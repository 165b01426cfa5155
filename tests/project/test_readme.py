"""What README.md shows works."""

import dataclasses
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lutdla.cli import application
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec.config import CoreConfig

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """A folder with what the demo leaves, as the working folder."""
    config = CoreConfig()
    network = dataclasses.replace(random_network(config, (784, 32, 10)), input_shape=(28, 28), input_scale=1 / 255)
    (tmp_path / "lutdla-demo").mkdir()
    assemble(network, config).save(tmp_path / "lutdla-demo" / "mlp.lut")
    monkeypatch.chdir(tmp_path)


def test_the_lines_of_python_run(digits):
    (code,) = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["y"].shape == (4, 10)


@pytest.mark.parametrize("line", re.findall(r"^\| `lutdla ([^`]+)` \|", README, re.MULTILINE))
def test_commands_and_options_exist(line):
    command, *words = line.split()
    environment = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    shown = CliRunner().invoke(application(), [command, "--help"], env=environment)
    assert shown.exit_code == 0, shown.output
    for option in (word for word in words if word.startswith("--")):
        assert option in shown.output, f"lutdla {command} has no {option}"
