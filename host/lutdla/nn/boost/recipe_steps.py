"""The two trainings of a recipe: of its dense network, and of the lookup network made of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lutdla.nn.boost.batches import source_of
from lutdla.nn.boost.dense import fit_dense
from lutdla.nn.boost.history import History
from lutdla.nn.boost.lutboost import LUTBoost
from lutdla.nn.boost.named import schedule, techniques
from lutdla.nn.boost.processes import Share
from lutdla.nn.boost.recipe_file import Recipe
from lutdla.nn.boost.recipe_parts import Pair, Splits, augmented, stages, task


def train_dense_of(recipe: Recipe, dense: nn.Module, splits: Splits, **options: Any) -> History:
    """Train the dense network of a recipe in place; its history, without rows where the recipe has no epochs for it.

    Args:
        options: of `fit_dense`: progress, checkpoint, resume.
    """
    section = recipe.dense
    if section.epochs == 0:
        return History(task(recipe).SCORE)
    return fit_dense(
        dense, augmented(recipe, splits.train, dense=True), epochs=section.epochs, batch=section.batch,
        rate=section.rate, weight_decay=section.weight_decay, task=task(recipe), seed=recipe.seed,
        schedule=schedule(section.schedule, section.warmup, "dense"), device=recipe.device,
        validation=splits.validation, **options,
    )


@torch.no_grad()
def answers_of(recipe: Recipe, model: nn.Module, pair: Pair) -> Tensor:
    """A model's answers to the inputs of (inputs, targets), in this process alone."""
    source = source_of(pair, torch.device(recipe.device))
    model.to(recipe.device)
    return torch.cat([model(batch.inputs).cpu() for batch in source.all(Share())])


def boost_of(recipe: Recipe, dense: nn.Module, choice: Mapping[str, Any]) -> LUTBoost:
    """What makes and trains the lookup network of a recipe.

    Args:
        choice: v, c and metric.
    """
    section = recipe.convert
    options = {"first": section.first, "iterations": section.iterations, "per_layer": section.per_layer, **choice}
    return LUTBoost(
        dense, stages=stages(recipe), techniques=techniques(recipe.techniques, "techniques"), task=task(recipe),
        batch=recipe.batch, seed=recipe.seed, calibration=section.calibration, device=recipe.device,
        convert_options=options,
    )
