"""`lutdla train` as users meet it, in one process and in several."""

import json
import os
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import lutdla
from lutdla import cli
from lutdla.errors import ConfigError, InputError, LutdlaError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig

PARTS = """
import torch
from torch import nn
from lutdla.nn import Normalize

def examples():
    torch.manual_seed(1)
    images = torch.randint(0, 160, (480, 4, 4), dtype=torch.uint8)
    labels = torch.randint(0, 4, (480,))
    images[torch.arange(480), labels] += 80  # a bright line of pixels is the class
    return images[:400], labels[:400], images[400:], labels[400:]

def model():
    return nn.Sequential(Normalize(), nn.Flatten(), nn.Linear(16, 4))

def no_model():
    return 3
"""
RECIPE = """
batch = 40
data.function = "parts.py:examples"
model.function = "parts.py:model"
dense = { epochs = 4, batch = 20, rate = 0.02 }
convert.iterations = 5
output = { folder = "out", core = "core.json", every_steps = 3 }

[[stages]]
name = "joint"
epochs = 2
centroid_rate = 0.2
weight_rate = 1e-3
table_rate = 1e-3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "core.json").write_text(json.dumps(CoreConfig().to_dict()))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*arguments):
    """What the command prints."""
    done = CliRunner(env={"COLUMNS": "120"}).invoke(cli.application(), ["train", "recipe.toml", *map(str, arguments)],
                                                    catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def torchrun(*arguments):
    """The same in two processes."""
    launch = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "lutdla")
    done = subprocess.run([*launch, "train", "recipe.toml", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "COLUMNS": "120"})
    assert done.returncode == 0, done.stderr
    return done.stdout


def parameters(folder):
    state = torch.load(folder / "lut.pt", weights_only=True)
    return {name: value for name, value in state.items() if isinstance(value, torch.Tensor) and "frozen" not in name}


def test_a_recipe_becomes_an_artefact(folder):
    output = train("--json", "figures.json")
    results = json.loads((folder / "out" / "results.json").read_text())
    figures = json.loads((folder / "figures.json").read_text())
    assert {name: figures[name] for name in ("score", "dense", "lut", "test_examples")} == {
        "score": "accuracy", "dense": results["dense"], "lut": results["lut"], "test_examples": 80}
    assert all((folder / file).is_file() for file in figures["files"])
    assert f"{results['dense']:.2%}" in output
    assert f"{results['lut']:.2%}" in output
    assert results["lut"] > 0.85
    assert {path.name for path in (folder / "out").iterdir()} == {
        "dense.ckpt", "lut.ckpt", "dense.pt", "lut.pt", "history.json", "history.svg", "results.json", "model.lut"}
    rows = json.loads((folder / "out" / "history.json").read_text())["rows"]
    assert [row["stage"] for row in rows] == ["dense"] * 4 + ["joint"] * 2
    artefact = Artefact.load(folder / "out" / "model.lut")
    assert artefact.provenance["lut_accuracy"] == results["lut"]
    _, _, images, labels = runpy.run_path("parts.py")["examples"]()
    with lutdla.open("emulator", config=artefact.config) as accelerator:
        answers = accelerator.load(artefact)(images.numpy())
    assert np.mean(answers.argmax(axis=1) == labels.numpy()) == pytest.approx(results["lut"])


def test_a_training_goes_on_and_is_not_begun_twice(folder):
    train("--seed", 3)
    want = parameters(folder / "out")
    with pytest.raises(ConfigError, match="out holds checkpoints of a training: go on with --resume, name another"):
        train("--seed", 3)
    with pytest.raises(InputError, match=r"dense.ckpt: .* other settings: seed was 3, is 0"):
        train("--resume")
    (folder / "out" / "lut.pt").unlink()
    train("--seed", 3, "--resume")
    assert all(torch.equal(want[name], value) for name, value in parameters(folder / "out").items())


def test_resume_begins_where_there_is_nothing_yet(folder):
    train("--resume", "-o", "new", "--limit", 100)
    assert (folder / "new" / "model.lut").is_file()


def test_two_processes_train_as_one_with_twice_the_batch(folder):
    """Equal up to the rounding of floats, but for SoftChoice: its temperature follows the slices of each process."""
    recipe = RECIPE + '[techniques]\ngradient = { kind = "straight_through" }\n'
    (folder / "recipe.toml").write_text(recipe)
    train("-o", "one")
    for batch, half in ((" batch = 20,", " batch = 10,"), ("batch = 40", "batch = 20")):
        recipe = recipe.replace(batch, half)
    (folder / "recipe.toml").write_text(recipe)
    assert torchrun("-o", "two").count("test examples") == 1
    want = parameters(folder / "one")
    for name, value in parameters(folder / "two").items():
        torch.testing.assert_close(value, want[name], rtol=1e-4, atol=1e-4)
    rows = [json.loads((folder / where / "history.json").read_text())["rows"] for where in ("one", "two")]
    for first, second in zip(*rows):
        assert (first["stage"], first["step"]) == (second["stage"], second["step"])
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-4)
        assert second["validation"] == pytest.approx(first["validation"], abs=0.02)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("batch = 40", "batches = 40", "recipe.toml: has no key 'batches': known are data, model, output"),
    ("parts.py:model", "parts.py:no_model", "[model] parts.py:no_model returned int: it must return a torch module"),
    ("parts.py:examples", "parts.py:model", "[data] parts.py:model returned Sequential: it must return (train inputs"),
    ('"core.json"', '"none.json"', "none.json: no configuration"),
    ("convert.iterations = 5", "convert.v = 8", "[convert] v is 8, the core has 4: leave it out, or use another core"),
    ("convert.iterations = 5", "techniques.early_stop = {}", "early_stop chooses by validation, which would be the"),
    ("epochs = 4,", "epochs = 0, checkpoint = 'none.pt',", "[dense] checkpoint is none.pt: it is no state dict"),
])  # fmt: skip
def test_recipes_that_cannot_be_are_refused_before_training(folder, old, new, message):
    (folder / "recipe.toml").write_text(RECIPE.replace(old, new))
    with pytest.raises(LutdlaError, match=re.escape(message)):
        train()
    assert not (folder / "out").exists()


def test_a_trained_dense_network_is_taken_over(folder):
    train("-o", "first", "--limit", 200)
    dense = json.loads((folder / "first" / "results.json").read_text())["dense"]
    (folder / "recipe.toml").write_text(RECIPE.replace("epochs = 4,", "epochs = 0, checkpoint = 'first/dense.pt',"))
    train()
    assert json.loads((folder / "out" / "results.json").read_text())["dense"] == dense
    assert not (folder / "out" / "dense.ckpt").exists()


def test_errors_are_one_line(folder):
    (folder / "recipe.toml").write_text("x = 1")
    done = subprocess.run([sys.executable, "-m", "lutdla", "train", "recipe.toml"], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("error: recipe.toml: has no key 'x': known are data, model")
    assert done.stderr.count("\n") == 1


def test_an_exported_network_is_trained(folder):
    model = runpy.run_path("parts.py")["model"]()
    images = torch.zeros(4, 4, 4, dtype=torch.uint8)
    exported = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(exported, "net.pt2")
    (folder / "recipe.toml").write_text(RECIPE.replace('model.function = "parts.py:model"', 'model.file = "net.pt2"'))
    train()
    assert json.loads((folder / "out" / "results.json").read_text())["lut"] > 0.85
