"""What a user may name: recipes, files, topologies; and the shape that each has."""

import re

import pytest
import torch
from torch import nn

from lutdla.errors import ConfigError, InputError
from lutdla.explore.problem import read_problem
from lutdla.models import build
from lutdla.nn import Normalize


def saved(folder, model):
    torch.save(model, folder / "model.pt")
    return str(folder / "model.pt")


@pytest.mark.parametrize("model", [
    nn.Sequential(Normalize(0.0, 16.0), nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10)),
    nn.Sequential(Normalize(0.0, 16.0), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10)),
])  # fmt: skip
def test_a_file_takes_the_data_in_the_shape_it_needs(model, tmp_path):
    problem = read_problem(saved(tmp_path, model), "digits")
    assert problem.recipe.dense.epochs == 0
    assert problem.recipe.model.file == str(tmp_path / "model.pt")
    assert problem.shape.layers[-1].outputs == 10
    assert (problem.v, problem.c) == (None, None)


def test_a_file_that_does_not_take_the_data_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"takes inputs in none of the shapes that the data may have \(\[8, 8\]"):
        read_problem(saved(tmp_path, nn.Sequential(nn.Flatten(), nn.Linear(65, 10))), "digits")


def test_an_export_is_a_problem_too(tmp_path):
    model = build("mlp", shape=(8, 8), hidden=(16,), classes=10)
    torch.export.save(torch.export.export(model.eval(), (torch.zeros(2, 8, 8),)), tmp_path / "model.pt2")
    assert len(read_problem(str(tmp_path / "model.pt2"), "digits").shape.layers) == 2


def test_topologies_and_recipes_have_shapes():
    problem = read_problem("resnet8")
    assert (problem.v, problem.c, problem.recipe) == (4, 16, None)
    recipe = read_problem("fashion_mlp")
    assert recipe.recipe.data.name == "fashion-mnist"
    assert [layer.outputs for layer in recipe.shape.layers] == [64, 10]


def test_what_lacks_data_is_refused():
    with pytest.raises(InputError, match=re.escape("model.pt: what it was trained on is not in the file")):
        read_problem("model.pt")
