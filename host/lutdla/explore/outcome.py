"""What a search leaves behind for the next step: the core's configuration, and a recipe that trains for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lutdla.errors import ToolError
from lutdla.explore.answer import Candidate
from lutdla.explore.plain import to_plain
from lutdla.explore.problem import Problem

if TYPE_CHECKING:
    from lutdla.nn.boost.recipe_file import Recipe


def write_config(path: Path, candidate: Candidate) -> None:
    """The core, as `lutdla compile --config` takes it."""
    path.write_text(json.dumps(candidate.choice.config.to_dict(), indent=2) + "\n", encoding="utf-8")


def recipe_path(path: Path) -> Path:
    """Where the recipe for a configuration goes: beside it."""
    return path.with_name(f"{path.stem}.recipe.toml")


def write_recipe(path: Path, problem: Problem, candidate: Candidate) -> None:
    """A recipe that makes an artefact for a core: `lutdla train` takes it.

    Args:
        path: of the configuration; the recipe goes beside it.
        problem: with a recipe.
        candidate: the way to encode.

    Raises:
        ToolError: tomli-w is not installed.
    """
    try:
        import tomli_w
    except ImportError as error:
        raise ToolError("tomli-w is not installed: pip install 'lutdla[explore]'") from error
    assert problem.recipe is not None
    recipe = problem.recipe
    layers = {name: {"v": v, "c": candidate.c, "metric": candidate.metric} for name, v in candidate.layers}
    recipe = replace(recipe, convert=replace(recipe.convert, v=candidate.v, c=candidate.c, metric=candidate.metric,
                                             per_layer={**recipe.convert.per_layer, **layers}),
                     output=replace(recipe.output, core=str(path.absolute())))
    recipe_path(path).write_text(tomli_w.dumps(_table(recipe)), encoding="utf-8")


def _table(recipe: Recipe) -> dict[str, Any]:
    """All that the recipe says, as TOML has it."""
    plain: dict[str, Any] = _without_none(to_plain(recipe))
    return {name: value for name, value in plain.items() if name != "folder"}


def _without_none(value: Any) -> Any:
    """TOML has no None: what is left out is None."""
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, (list, tuple)) else value
