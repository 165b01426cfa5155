"""A training that was killed goes on as if it had not been."""

import copy
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from lutdla.errors import InputError
from lutdla.nn import LUTBoost, Stage
from lutdla.nn.boost import Averaging, Checkpoints, Distillation, Examples, Technique, fit_dense
from lutdla.nn.boost.checkpoint import differences
from tests.nn.boost.runs import part
from tests.nn.small import dense, replaced, untrained

ROOT = Path(__file__).parents[3]
STAGE = Stage("joint", 2, 0.2, 1e-3, 1e-3)


def resumed(folder, *arguments):
    folder.mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-m", "tests.nn.boost.resumed", folder, *map(str, arguments)], cwd=ROOT,
                          capture_output=True, text=True, timeout=120)


def same(one, other):
    first, second = (torch.load(folder / "network.pt", weights_only=True) for folder in (one, other))
    rows = [[{**row, "seconds": 0} for row in json.loads((folder / "history.json").read_text())["rows"]]
            for folder in (one, other)]
    return first.keys() == second.keys() and rows[0] == rows[1] and all(
        torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    done = resumed(folder, "fresh")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("step", [5, 29])  # of 2 x 8 + 3 x 8: amid epochs of both stages, not where a checkpoint is
def test_a_killed_training_ends_with_the_same_bits(unbroken, tmp_path, step):
    killed = resumed(tmp_path, "fresh", step)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "network.pt").exists()
    done = resumed(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    assert same(unbroken, tmp_path)
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_finished_training_is_not_trained_again(unbroken, tmp_path):
    (tmp_path / "state.ckpt").write_bytes((unbroken / "state.ckpt").read_bytes())
    done = resumed(tmp_path, "resume", 1)
    assert done.returncode == 0, done.stderr
    assert same(unbroken, tmp_path)


class Broken(Exception):
    pass


class Breaking(Technique):
    """Breaks a training off once at each of the `places`."""

    NAME = "breaking"
    places: ClassVar[list] = []

    def after_step(self, run):
        self.at_place(run.stage.name, run.step)

    def at_stage_end(self, run):
        self.at_place(run.stage.name, "end")

    def at_place(self, *place):
        if place in self.places:
            self.places.remove(place)
            raise Broken


def shifted(images):
    return (images + torch.randint(0, 9, (len(images), 1, 1))).clamp(0, 255).to(torch.uint8)


@pytest.mark.parametrize("data", [
    lambda: Examples(*part(512), augment=shifted),
    lambda: DataLoader(TensorDataset(*part(512)), batch_size=64, shuffle=True),
    lambda: DataLoader(TensorDataset(*part(512)), batch_size=64, shuffle=True, generator=torch.Generator()),
], ids=["examples", "loader", "loader with generator"])  # fmt: skip
def test_a_training_can_be_broken_off_again_and_again(tmp_path, data):
    """Amid an epoch, between the last epoch of a stage and its end, and amid the first epoch that follows."""
    stages = [Stage("a", 2, 0.2, 1e-3), Stage("b", 2, 0.2, 1e-3, 1e-3)]

    def fit(name, resume):
        boost = LUTBoost(copy.deepcopy(replaced()), stages=stages, techniques=[Averaging(), Breaking()], batch=64)
        return boost.fit(data(), checkpoint=Checkpoints(tmp_path / name, every_steps=2), resume=resume)

    want = fit("unbroken", False).state_dict()
    Breaking.places[:] = [("a", 5), ("a", "end"), ("b", 3), ("b", "end")]
    resume = False
    while Breaking.places:
        with pytest.raises(Broken):
            fit("broken", resume)
        resume = True
    got = fit("broken", True).state_dict()
    assert all(torch.equal(got[name], value) for name, value in want.items() if isinstance(value, torch.Tensor))


def test_the_dense_training_goes_on_too(tmp_path):
    def fit(model, resume, stop=0):
        told = []

        def progress(*news):
            told.append(news)
            if len(told) == stop:
                raise Broken

        fit_dense(model, part(1000), epochs=3, checkpoint=tmp_path / "dense.ckpt", resume=resume, progress=progress)
        return model.state_dict(), len(told)

    want, _ = fit(untrained(), False)
    with pytest.raises(Broken):
        fit(untrained(), False, 17)
    got, steps = fit(untrained(), True)
    assert steps == 7  # one epoch of 1000 // 128 steps
    assert all(torch.equal(got[name], value) for name, value in want.items())


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "state.ckpt"
    LUTBoost(copy.deepcopy(replaced()), stages=[STAGE]).fit(part(512), checkpoint=path)
    return path


@pytest.mark.parametrize(("settings", "message"), [
    ({"stages": [Stage("joint", 3, 0.2, 1e-3, 1e-3)]}, "stages.0.epochs was 2, is 3"),
    ({"techniques": [Averaging(0.9)]}, "techniques.0.keep was 0.99, is 0.9"),
    ({"techniques": [Averaging(), Distillation(teacher=dense())]}, r"techniques was \[.*\], is \["),
    ({"seed": 1, "batch": 128}, "batch was 256, is 128; seed was 0, is 1"),
])  # fmt: skip
def test_other_settings_are_refused(written, settings, message):
    with pytest.raises(InputError, match=f"state.ckpt: the checkpoint is of a training with other settings: {message}"):
        LUTBoost(copy.deepcopy(replaced()), **{"stages": [STAGE], **settings}).fit(
            part(512), checkpoint=written, resume=True)


def test_other_images_and_models_are_refused(written):
    with pytest.raises(InputError, match=r"data\.count was 512, is 500"):
        LUTBoost(copy.deepcopy(replaced()), stages=[STAGE]).fit(part(500), checkpoint=written, resume=True)
    other = copy.deepcopy(replaced())
    with torch.no_grad():
        other.get_submodule("4").bias += 1
    with pytest.raises(InputError, match=r"model\.4\.bias was"):
        LUTBoost(other, stages=[STAGE]).fit(part(512), checkpoint=written, resume=True)


@pytest.mark.parametrize(("content", "message"), [
    (None, "no such file: there is nothing to resume"), (b"no pickle", "no checkpoint"), (b"", "no checkpoint"),
])  # fmt: skip
def test_files_that_are_no_checkpoints_are_refused(tmp_path, content, message):
    path = tmp_path / "state.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"state.ckpt: {message}"):
        LUTBoost(copy.deepcopy(replaced()), stages=[STAGE]).fit(part(512), checkpoint=path, resume=True)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"format": 1, "settings": Evil()}, tmp_path / "state.ckpt")
    with pytest.raises(InputError, match=r"state.ckpt: no checkpoint"):
        Checkpoints(tmp_path / "state.ckpt").read()
    assert not (tmp_path / "ran").exists()


def test_intervals_below_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="checkpoints every 0 steps and 1 epochs: both must be at least 1"):
        Checkpoints(tmp_path / "x", every_steps=0)


def test_differences_name_their_places():
    saved, now = {"a": {"b": [1, 2]}, "c": 3}, {"a": {"b": [1, 5]}, "d": 4}
    assert list(differences(saved, now)) == ["a.b.1 was 2, is 5", "c was 3, is not there", "d was not there, is 4"]
    assert list(differences(saved, saved)) == []
