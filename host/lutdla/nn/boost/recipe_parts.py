"""What a recipe names: examples, dense network, stages, core."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lutdla.data import Dataset, TableDataset, card, load
from lutdla.errors import ConfigError, InputError
from lutdla.nn.boost.auc import auc
from lutdla.nn.boost.augment import Augment
from lutdla.nn.boost.batches import Examples
from lutdla.nn.boost.named import schedule, techniques
from lutdla.nn.boost.recipe_file import DataSection, ModelSection, Recipe, TaskSection
from lutdla.nn.boost.stages import CENTROIDS, JOINT, Stage
from lutdla.nn.boost.tasks import Classification, Regression, Task
from lutdla.nn.layers import Normalize

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Splits:
    """Examples (inputs, targets) of a recipe.

    Attributes:
        train: to learn from.
        validation: to score each epoch with.
        test: for the final figures.
        held_out: whether validation was kept aside from the training examples; otherwise it is the test.
        classes: number of classes, None for a regression.
        anomalies: bool (test examples,), which of them are not of the normal class; None: nothing asks for it.
    """

    train: Pair
    validation: Pair
    test: Pair
    held_out: bool
    classes: int | None
    anomalies: Tensor | None = None

    def final_score(self, task: Task, answers: Tensor) -> tuple[str, float]:
        """What the final score is called, and the score of a network's answers to the test inputs; larger is better."""
        scores = task.score(answers, self.test[1])
        if self.anomalies is not None:
            return "AUC", auc(-scores, self.anomalies)
        return task.SCORE, float(scores.double().mean())


def examples(recipe: Recipe, limit: int | None) -> Splits:
    """The examples of a recipe.

    Args:
        limit: use only so many of each split.

    Raises:
        ConfigError, InputError, DatasetError: they are not there, or not usable.
    """
    section = recipe.data
    arrays, anomalies = ((_from_function(section, recipe.folder), None) if section.function
                         else _from_set(section, recipe.task))
    inputs, targets, test_inputs, test_targets = (torch.as_tensor(part) for part in arrays)
    if len(inputs) != len(targets) or len(test_inputs) != len(test_targets):
        raise InputError(f"[data] gives {len(inputs)} training inputs and {len(targets)} targets, {len(test_inputs)} "
                         f"test inputs and {len(test_targets)} targets: there must be as many")
    if section.shape is not None:
        inputs, test_inputs = (_reshaped(part, section.shape) for part in (inputs, test_inputs))
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(recipe.seed))
    aside, rest = order.tensor_split([round(section.validation * len(inputs))])
    rest, aside = rest[:limit].sort().values, aside[:limit].sort().values  # without validation: all, in their order
    test = (test_inputs[:limit], test_targets[:limit])
    if not len(rest) or not len(test_inputs):
        raise InputError(f"[data] leaves {len(rest)} training and {len(test_inputs)} test examples: both are needed")
    held_out = len(aside) > 0
    classes = int(targets.max()) + 1 if recipe.task.kind == "classification" else None
    return Splits((inputs[rest], targets[rest]), (inputs[aside], targets[aside]) if held_out else test, test, held_out,
                  classes, None if anomalies is None else anomalies[:limit])


def augmented(recipe: Recipe, pair: Pair, *, dense: bool) -> Examples:
    """Training examples as `[augment]` changes them.

    Args:
        pair: (inputs, targets).
        dense: whether they are for the dense network.
    """
    section = recipe.augment
    augment = Augment(section.flip, section.shift)
    return Examples(*pair, augment=augment if augment != Augment() and (section.dense or not dense) else None)


def _from_set(section: DataSection, task: TaskSection) -> tuple[list[Any], Tensor | None]:
    assert section.name is not None
    kind = card(section.name).kind
    if kind not in ("images", "rows"):
        raise ConfigError(f"[data] {section.name} holds {kind}, not images or rows: give a function that makes tensors "
                          "of it")
    data = load(section.name)
    assert isinstance(data, (Dataset, TableDataset))
    anomalies = None
    if section.normal is not None:
        data = _of_class(data, section.normal)
        anomalies = torch.as_tensor(data.test.labels != section.normal)
    if isinstance(data, TableDataset) and section.standardize:
        data = data.standardized()
    arrays = [part for pair in (data.train, data.test) for part in pair]
    if task.kind == "regression":
        arrays = [data.train.inputs, data.train.inputs, data.test.inputs, data.test.inputs]
    return [np.array(part) for part in arrays], anomalies  # torch wants arrays that may be written to


def _of_class(data: Dataset | TableDataset, label: int) -> Dataset | TableDataset:
    """The set with the training examples of one class alone."""
    inputs, labels = data.train
    if not (labels == label).any():
        raise ConfigError(f"[data] normal is {label}: {data.name} has the classes "
                          f"{', '.join(f'{i} ({name})' for i, name in enumerate(data.classes))}")
    names = ("train_images", "train_labels") if isinstance(data, Dataset) else ("train_rows", "train_labels")
    return replace(data, **dict(zip(names, (inputs[labels == label], labels[labels == label]))))


def _from_function(section: DataSection, folder: Path) -> Any:
    assert section.function is not None
    found = function(section.function, folder, "data")()
    if not isinstance(found, (tuple, list)) or len(found) != 4:
        raise ConfigError(f"[data] {section.function} returned {type(found).__name__}: it must return (train inputs, "
                          "train targets, test inputs, test targets)")
    return found


def _reshaped(inputs: Tensor, shape: tuple[int, ...]) -> Tensor:
    try:
        return inputs.reshape(len(inputs), *shape)
    except RuntimeError as error:
        raise ConfigError(f"[data] shape is {list(shape)}: inputs of shape {list(inputs.shape[1:])} cannot be reshaped "
                          "to it") from error


def function(name: str, folder: Path, section: str) -> Callable[[], Any]:
    """The function that "module:function" or "FILE.py:function" names.

    Raises:
        ConfigError: there is none.
    """
    module, _, attribute = name.rpartition(":")
    if not module:
        raise ConfigError(f"[{section}] function is {name!r}: write module:function or FILE.py:function")
    try:
        if module.endswith(".py"):
            found = runpy.run_path(str(folder / module)).get(attribute)
        else:
            found = getattr(import_module(module), attribute, None)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ConfigError(f"[{section}] function is {name!r}: {error}") from error
    if not callable(found):
        raise ConfigError(f"[{section}] {module} has no function {attribute!r}")
    return found  # type: ignore[no-any-return]


def dense_network(recipe: Recipe, splits: Splits) -> nn.Module:
    """The dense network of a recipe, untrained or as its file or checkpoint has it.

    Raises:
        ConfigError, InputError: there is none, or it does not fit.
    """
    section = recipe.model
    model = _named(section, recipe, splits)
    if section.std is not None:
        model = nn.Sequential(Normalize(section.mean, section.std), model)
    if recipe.dense.checkpoint is not None:
        path = recipe.folder / recipe.dense.checkpoint
        try:
            model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError, EOFError) as error:
            raise ConfigError(f"[dense] checkpoint is {path}: it is no state dict of this model ({error})") from error
    return model.eval()


def _named(section: ModelSection, recipe: Recipe, splits: Splits) -> nn.Module:
    if section.function is not None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            model = function(section.function, recipe.folder, "model")()
        if not isinstance(model, nn.Module):
            raise ConfigError(f"[model] {section.function} returned {type(model).__name__}: it must return a torch "
                              "module")
        return model
    if section.file is not None:
        import lutdla.nn

        return lutdla.nn.load_model(recipe.folder / section.file)  # type: ignore[no-any-return]
    from lutdla.models import MODELS, build

    assert section.name is not None
    classifies = section.name not in MODELS or MODELS[section.name].classifies
    return build(section.name, seed=recipe.seed, shape=tuple(splits.train[0].shape[1:]),
                 classes=splits.classes if classifies else None, **section.options)


def task(recipe: Recipe) -> Task:
    """The task of a recipe."""
    return Classification(recipe.task.label_smoothing) if recipe.task.kind == "classification" else Regression()


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a recipe; without any, those that `LUTBoost` has by default."""
    return tuple(
        Stage(section.name, section.epochs, section.centroid_rate, section.weight_rate, section.table_rate,
              dense_rate=section.dense_rate, table_decay=section.table_decay, weight_decay=section.weight_decay,
              schedule=schedule(section.schedule, section.warmup, f"stages.{i}"), batch=section.batch,
              techniques=techniques(section.techniques, f"stages.{i}.techniques"))
        for i, section in enumerate(recipe.stages)
    ) or (CENTROIDS, JOINT)
