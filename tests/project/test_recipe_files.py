"""Every recipe that comes with lutdla is ready to run: examples, networks, stages and techniques exist and fit."""

from dataclasses import replace

import pytest
import torch

from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.training import Training
from lutdla.recipes import names, recipe_path

RECIPES = [recipe_path(name) for name in names()]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_makes_a_training(path, tmp_path):
    recipe = read_recipe(path)
    assert recipe.output.folder == f"lutdla-train/{path.stem}"
    assert path.read_text().splitlines()[0].endswith(f"lutdla train {path.stem}")
    training = Training(replace(recipe, output=replace(recipe.output, folder=str(tmp_path))), limit=64)
    inputs, targets = training.splits.test
    assert len(inputs) == len(targets) == 64
    with torch.no_grad():
        answers = training.dense(inputs)
    name, score = training.splits.final_score(training.task, answers)
    assert name == ("AUC" if recipe.data.normal is not None else "accuracy")
    assert 0 <= score <= 1
    assert training.stages[-1].name == "joint"
