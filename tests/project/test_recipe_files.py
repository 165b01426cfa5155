"""Every file of recipes/ is ready to run: its examples, networks, stages and techniques exist and fit together."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.training import Training

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_makes_a_training(path, tmp_path):
    recipe = read_recipe(path)
    assert recipe.output.folder == f"lutdla-train/{path.stem}"
    assert f"lutdla train recipes/{path.name}" in path.read_text().splitlines()[0]
    training = Training(replace(recipe, output=replace(recipe.output, folder=str(tmp_path))), limit=64)
    inputs, targets = training.splits.test
    assert len(inputs) == len(targets) == 64
    with torch.no_grad():
        answers = training.dense(inputs)
    name, score = training.splits.final_score(training.task, answers)
    assert name == ("AUC" if recipe.data.normal is not None else "accuracy")
    assert 0 <= score <= 1
    assert training.stages[-1].name == "joint"
