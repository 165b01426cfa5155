"""`lutdla compile` as users meet it."""

import json
import subprocess
import sys

import pytest

from lutdla.spec.artefact import Artefact
from tests.compiler.test_assemble import Z7020


def compile_(*arguments):
    return subprocess.run([sys.executable, "-m", "lutdla", "compile", *map(str, arguments)], capture_output=True,
                          text=True, timeout=120, env=None)  # fmt: skip


@pytest.fixture
def core(tmp_path):
    path = tmp_path / "core.json"
    path.write_text(json.dumps(Z7020.to_dict()))
    return path


def test_a_topology_is_compiled_and_explained(core, tmp_path):
    done = compile_("resnet8", "--config", core, "--explain", "-o", tmp_path / "new" / "net.lut")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(text in done.stdout for text in ("index_words", "input frame", "stem output", "resident", "6,960"))
    assert Artefact.load(tmp_path / "new" / "net.lut").config == Z7020


def test_the_explanation_is_json_too(core):
    found = json.loads(compile_("lenet5", "--config", core, "--batch", 2, "--json", "-").stdout)
    assert found["images"] == 2
    assert found["records"][0]["layer"] == "conv1"


def test_a_network_that_does_not_fit_names_cores_that_do(core):
    core.write_text(json.dumps(Z7020.to_dict() | {"index_words": 1024}))
    done = compile_("resnet8", "--config", core)
    assert done.returncode == 2
    assert "index memory needs 3072 words, this core has index_words=1024" in done.stderr
    assert "cores that do: " in done.stderr
    assert "xc7z020" in done.stderr


@pytest.mark.parametrize(("model", "message"), [("alexnet", "unknown topology 'alexnet'"),
                                                ("none.py:model", "none.py:model: no such file")])
def test_a_model_that_is_not_there_is_named(model, message):
    done = compile_(model)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_configuration_that_is_none_is_named(tmp_path):
    (tmp_path / "core.json").write_text("[1]")
    assert "core.json: no configuration: write the fields" in compile_("kws", "--config", tmp_path / "core.json").stderr
    assert "none.json: no configuration (" in compile_("kws", "--config", tmp_path / "none.json").stderr


def test_a_torch_model_is_compiled(tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "from lutdla.nn import convert, freeze\n"
        "def model():\n"
        "    torch.manual_seed(0)\n"
        "    made = convert(torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4)),\n"
        "                   torch.randn(64, 16), iterations=1)\n"
        "    freeze(made)\n"
        "    return made\n")
    done = compile_(f"{tmp_path / 'net.py'}:model", "-o", tmp_path / "net.lut")
    assert (done.returncode, done.stderr) == (0, "")
    assert Artefact.load(tmp_path / "net.lut").outputs == 4
    assert "has no function 'other'" in compile_(f"{tmp_path / 'net.py'}:other").stderr
