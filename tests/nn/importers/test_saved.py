"""Whole models of `torch.save`: those of torch's and our layers are read, nothing else is."""

import os

import pytest
import torch
from torch import nn

from lutdla.errors import InputError
from lutdla.models import build
from lutdla.nn import load_model


class Foreign(nn.Module):
    """A layer of another package."""


class Evil:
    """A pickle that runs a command when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def saved(path, value):
    torch.save(value, path)
    return path


@pytest.mark.parametrize("model", [build("resnet8", shape=(1, 28, 28), classes=10),
                                   nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2704, 3))])
def test_a_model_comes_back(model, tmp_path):
    found, inputs = load_model(saved(tmp_path / "model.pt", model)), torch.rand(2, 1, 28, 28)
    assert not found.training
    assert torch.equal(found(inputs), model.eval()(inputs))


@pytest.mark.parametrize(("value", "message"), [
    (nn.Linear(2, 2).state_dict(), "holds OrderedDict, not a model: save the model itself, or make a recipe"),
    (nn.Sequential(Foreign()), r"holds \S*Foreign, which is no layer of torch or lutdla"),
])  # fmt: skip
def test_what_is_no_such_model_is_refused(value, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_model(saved(tmp_path / "model.pt", value))


def test_a_file_runs_no_code(tmp_path):
    path = saved(tmp_path / "model.pt", {"model": Evil(tmp_path / "made")})
    with pytest.raises(InputError, match=r"holds posix.mkdir, which is no layer"):
        load_model(path)
    assert not (tmp_path / "made").exists()


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(InputError, match=r"junk.pt: no model that torch.save wrote"):
        load_model(tmp_path / "junk.pt")
