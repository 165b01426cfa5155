"""What a way to encode is worth: a short training of its lookup network, scored on examples it has not seen."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lutdla.explore.plain import to_plain
from lutdla.explore.problem import recipe_from, usual_stages
from lutdla.explore.source import files

if TYPE_CHECKING:
    from torch import nn

    from lutdla.nn.boost.recipe_file import Recipe
    from lutdla.nn.boost.recipe_parts import Splits

VALIDATION = 0.1
"""Share of the training examples that score, where the recipe keeps none aside: the test examples choose nothing."""


@dataclass(frozen=True)
class ShortRun:
    """What a short training reached.

    Attributes:
        score: what is scored: "accuracy", ...
        dense, lut: of the dense network, and of the lookup network's integers.
        examples: that were trained on.
        seconds: that it took.
    """

    score: str
    dense: float
    lut: float
    examples: int
    seconds: float


def short_run(recipe: dict[str, Any], v: int, c: int, metric: str, layers: Mapping[str, int], epochs: int,
              limit: int) -> dict[str, Any]:
    """Convert and train; a piece of work.

    Args:
        recipe: of `plain_recipe`; its dense network is trained.
        v, c, metric: of all layers.
        layers: layer -> v, where a layer differs.
        epochs: of all stages together.
        limit: examples that are trained on, at most.

    Returns:
        `ShortRun`, as JSON has it.
    """
    import torch

    from lutdla.nn.boost.recipe_parts import augmented, dense_network, examples
    from lutdla.nn.boost.recipe_steps import boost_of

    start = time.monotonic()
    whole = shortened(recipe_from(recipe), epochs)
    torch.set_num_threads(whole.threads)
    per_layer = {**whole.convert.per_layer, **{name: {"v": own, "c": c, "metric": metric}
                                               for name, own in layers.items()}}
    whole = replace(whole, convert=replace(whole.convert, per_layer=per_layer))
    splits = examples(whole, limit)
    dense = dense_network(whole, splits)
    boost = boost_of(whole, dense, {"v": v, "c": c, "metric": metric})
    network = boost.fit(augmented(whole, splits.train, dense=False), validation=splits.validation)
    name, score = _score(whole, splits, dense)
    found = ShortRun(name, score, _score(whole, splits, network)[1], len(splits.train[0]),
                     round(time.monotonic() - start, 1))
    plain: dict[str, Any] = to_plain(found)
    return plain


def dense_run(recipe: dict[str, Any], folder: str) -> dict[str, Any]:
    """Train the dense network of a recipe into a state dict; a piece of work.

    Args:
        recipe: of `plain_recipe`.
        folder: for the file; all who work on the search must reach it. Other recipes have other files.

    Returns:
        {"checkpoint": the file}.
    """
    import torch

    from lutdla.nn.boost.recipe_parts import dense_network, examples
    from lutdla.nn.boost.recipe_steps import train_dense_of

    whole = held_out(recipe_from(recipe))
    torch.set_num_threads(whole.threads)
    splits = examples(whole, None)
    dense = dense_network(whole, splits)
    train_dense_of(whole, dense, splits)
    digest = hashlib.sha256(json.dumps([recipe, files(recipe)], sort_keys=True).encode()).hexdigest()[:12]
    path = Path(folder) / f"dense-{digest}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dense.state_dict(), path)
    return {"checkpoint": str(path)}


def held_out(recipe: Recipe) -> Recipe:
    """The recipe with some training examples kept aside."""
    if recipe.data.validation > 0:
        return recipe
    return replace(recipe, data=replace(recipe.data, validation=VALIDATION))


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with shorter stages, one epoch each at least; what stops a stage early is left out."""
    given = recipe.stages or usual_stages()
    whole = sum(stage.epochs for stage in given)
    stages = tuple(replace(stage, epochs=max(1, round(stage.epochs / whole * epochs)),
                           techniques=_without_stop(stage.techniques)) for stage in given)
    return held_out(replace(recipe, stages=stages, techniques=_without_stop(recipe.techniques),
                            dense=replace(recipe.dense, epochs=0)))


def _without_stop(techniques: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings for name, settings in techniques.items() if name != "early_stop"}


def _score(recipe: Recipe, splits: Splits, model: nn.Module) -> tuple[str, float]:
    """Of the examples that were kept aside."""
    from lutdla.nn.boost.recipe_parts import task
    from lutdla.nn.boost.recipe_steps import answers_of

    rules, answers = task(recipe), answers_of(recipe, model, splits.validation)
    return rules.SCORE, float(rules.score(answers, splits.validation[1]).double().mean())
