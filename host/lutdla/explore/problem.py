"""What is searched for: a network's shape, and, where its data are known, how it is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lutdla.errors import CompileError, ConfigError, InputError
from lutdla.explore.shapes import NetworkShape

if TYPE_CHECKING:
    from torch import Tensor, nn

    from lutdla.nn.boost.recipe_file import Recipe, StageSection

FILES = (".pt2", ".onnx", ".pt")
"""Networks that are read from files (`lutdla.nn.load_model`)."""

FEW = 64
"""Inputs that are enough to see a network's shape."""


@dataclass(frozen=True)
class Problem:
    """A network.

    Attributes:
        name: as it was called.
        shape: of the network.
        v, c: the network's own; None: it is dense, and may have any.
        recipe: how it is trained; None: its data are not known, so that nothing is said about accuracy.
    """

    name: str
    shape: NetworkShape
    v: int | None = None
    c: int | None = None
    recipe: Recipe | None = None


def read_problem(model: str, data: str | None = None) -> Problem:
    """The problem that a user names.

    Args:
        model: a topology, FILE.py:FUNCTION of a converted and frozen model, a recipe's name or file, or a dense
            network in a .pt2, .onnx or .pt file.
        data: for a file: name of the data set (`lutdla.data`) that it was trained on.

    Raises:
        LutdlaError: there is no such thing, or it is no network that the core runs.
    """
    from lutdla import recipes

    path = Path(model)
    if path.suffix in FILES:
        if data is None:
            raise InputError(f"{model}: what it was trained on is not in the file: name the data set with --data, or "
                             "write a recipe and explore that")
        return _of_recipe(model, _recipe_of_file(path, data))
    if data is not None:
        raise InputError(f"--data {data} is for networks in {', '.join(FILES)} files: {model} is none")
    if path.suffix == ".toml" or model in recipes.names():
        from lutdla.nn.boost.recipe_file import read_recipe

        return _of_recipe(model, absolute(read_recipe(model)))
    return _of_lookups(model)


def _of_lookups(model: str) -> Problem:
    """A network of lookups, which has its v and c."""
    from lutdla.compiler.load import read_network
    from lutdla.spec.config import CoreConfig

    network = read_network(model, CoreConfig())
    books = [value.codebooks.shape for value in network.maps().values()]
    return Problem(model, NetworkShape.of(network, model), max(book[2] for book in books),
                   max(book[1] for book in books))


def _of_recipe(model: str, recipe: Recipe) -> Problem:
    from lutdla.nn.boost.recipe_parts import dense_network, examples

    splits = examples(recipe, FEW)
    dense = dense_network(recipe, splits)
    return Problem(model, shape_of(dense, splits.train[0], recipe, model), recipe=recipe)


def shape_of(dense: nn.Module, inputs: Tensor, recipe: Recipe, name: str = "") -> NetworkShape:
    """The shape that the lookup network of a dense one has.

    Args:
        dense: the network.
        inputs: some of what it takes.
        recipe: how the input map is cut, and which layers have a v of their own.
    """
    import lutdla.nn
    from lutdla.compiler.export import integer_network

    section = recipe.convert
    network = lutdla.nn.convert(dense, inputs[:FEW], c=2, first=section.first, iterations=1,
                                per_layer={layer: {"v": choice["v"]} for layer, choice in section.per_layer.items()
                                           if "v" in choice})
    lutdla.nn.freeze(network)
    return NetworkShape.of(integer_network(network), name)


def _recipe_of_file(path: Path, data: str) -> Recipe:
    """A recipe around a trained network."""
    from lutdla.nn import load_model
    from lutdla.nn.boost.recipe_file import DataSection, DenseSection, ModelSection, OutputSection, Recipe
    from lutdla.nn.boost.recipe_parts import examples

    recipe = Recipe(DataSection(data), ModelSection(file=str(path.absolute())),
                    OutputSection(f"lutdla-train/{path.stem}"), dense=DenseSection(epochs=0), batch=64,
                    stages=usual_stages(),
                    techniques={"averaging": {}, "distillation": {"share": 0.5}})
    sample = examples(recipe, 1).train[0]
    shape = _accepted(load_model(path), tuple(sample.shape[1:]), path)
    if shape == tuple(sample.shape[1:]):
        return recipe
    return replace(recipe, data=replace(recipe.data, shape=shape))


def usual_stages() -> tuple[StageSection, ...]:
    """Stages of a training that no recipe describes."""
    from lutdla.nn.boost.recipe_file import StageSection

    return (StageSection("joint", 6, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3),)


def _accepted(model: nn.Module, shape: tuple[int, ...], path: Path) -> tuple[int, ...]:
    """The shape in which a network takes inputs: as they are, as pictures of one channel, or as vectors."""
    from math import prod

    from lutdla.nn.graph import read_network

    tried = [shape, *((1, *shape) for _ in [0] if len(shape) == 2), (prod(shape),)]
    refused: list[str] = []
    for candidate in dict.fromkeys(tried):
        try:
            read_network(model, candidate)
        except (CompileError, RuntimeError) as error:
            refused.append(f"{list(candidate)}: {str(error).splitlines()[0]}")
        else:
            return candidate
    raise ConfigError(f"{path} takes inputs in none of the shapes that the data may have ({'; '.join(refused)}): write "
                      "a recipe that gives [data] its shape")


def absolute(recipe: Recipe) -> Recipe:
    """The recipe with whole paths, so that it means the same from everywhere."""

    def whole(path: str | None) -> str | None:
        return None if path is None else str((recipe.folder / path).absolute())

    def of_function(name: str | None) -> str | None:
        if name is None or ".py:" not in name:
            return name
        path, _, attribute = name.rpartition(":")
        return f"{whole(path)}:{attribute}"

    return replace(recipe, data=replace(recipe.data, function=of_function(recipe.data.function)),
                   model=replace(recipe.model, function=of_function(recipe.model.function),
                                 file=whole(recipe.model.file)),
                   dense=replace(recipe.dense, checkpoint=whole(recipe.dense.checkpoint)),
                   output=replace(recipe.output, core=None))


def plain_recipe(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON has it; `recipe_from` makes it again."""
    from lutdla.explore.plain import to_plain

    found: dict[str, Any] = to_plain(recipe)
    return found


def recipe_from(values: dict[str, Any]) -> Recipe:
    """The recipe that `plain_recipe` took apart."""
    from lutdla.explore.plain import from_plain
    from lutdla.nn.boost.recipe_file import Recipe

    return from_plain(values, Recipe)


