"""The dense network beside a lookup network: as a user names it, its answers, and what its layers take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from lutdla import recipes
from lutdla.errors import InputError
from lutdla.nn.importers import SUFFIXES, load_model
from lutdla.report.examples import Examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lutdla.nn.boost.recipe_parts import Splits

Floats = npt.NDArray[np.float32]

PARAMETERS = "dense.pt"
"""Where `lutdla train` puts those of the dense network, beside model.lut."""

BATCH = 256


def read_dense(name: str, beside: Path) -> tuple[nn.Module, Examples | None]:
    """The dense network that a user names, and the test examples that come with it.

    Args:
        name: a .pt2, .onnx or .pt file; FILE.py:FUNCTION that returns a torch module; or a recipe, whose network has
            the parameters in `dense.pt` beside the artefact.
        beside: the artefact.

    Raises:
        LutdlaError: there is none.
    """
    path = Path(name)
    if path.suffix in SUFFIXES:
        return load_model(path).eval(), None
    if path.suffix == ".toml" or name in recipes.names():
        return _of_recipe(name, beside.parent / PARAMETERS)
    if ".py:" in name:
        from lutdla.nn.boost.recipe_parts import function

        found = function(name, Path(), "model")()
        if isinstance(found, nn.Module):
            return found.eval(), None
        raise InputError(f"{name} returned {type(found).__name__}: it must return a torch module")
    raise InputError(f"{name}: no dense network: name a {', '.join(SUFFIXES)} file, FILE.py:FUNCTION or a recipe")


def _of_recipe(name: str, parameters: Path) -> tuple[nn.Module, Examples | None]:
    from lutdla.nn.boost.recipe_file import read_recipe
    from lutdla.nn.boost.recipe_parts import dense_network, examples

    recipe = read_recipe(Path(name))
    splits = examples(recipe, None)
    model = dense_network(recipe, splits)
    try:
        model.load_state_dict(torch.load(parameters, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError) as error:
        raise InputError(f"{parameters}: no parameters of recipe {name}'s dense network ({error}): `lutdla train` "
                         "writes them beside model.lut; report that one") from error
    return model.eval(), _test_of(recipe.data.name or name, splits)


def _test_of(name: str, splits: Splits) -> Examples | None:
    if splits.classes is None:
        return None
    from lutdla.data import LOADERS, card

    classes = card(name).classes if name in LOADERS else ()
    inputs, labels = splits.test
    return Examples(name, inputs.float().numpy(), labels.numpy().astype(np.int64), tuple(classes))


@torch.no_grad()
def answers(model: nn.Module, inputs: Floats) -> Floats:
    """Results of a dense network.

    Raises:
        InputError: it does not take the inputs.
    """
    try:
        parts = [model(torch.from_numpy(inputs[at : at + BATCH])) for at in range(0, len(inputs), BATCH)]
    except (RuntimeError, ValueError, IndexError) as error:
        raise InputError(f"the dense network does not take inputs of shape {inputs.shape[1:]} ({error}): name the one "
                         "that the artefact was made of") from error
    found: Floats = torch.cat(parts).float().numpy()
    return found


def inputs_of(model: nn.Module, names: Sequence[str], inputs: Floats) -> dict[str, Floats]:
    """What each named module of a dense network takes, (examples, ...); modules that it has not are left out."""
    modules, seen = dict(model.named_modules()), dict[str, list[torch.Tensor]]()

    def watch(name: str) -> Any:
        return lambda module, given: seen.setdefault(name, []).append(given[0].detach().float().cpu())

    hooks = [modules[name].register_forward_pre_hook(watch(name)) for name in names if name in modules]
    try:
        answers(model, inputs)
    finally:
        for hook in hooks:
            hook.remove()
    whole = {name: torch.cat(parts).numpy() for name, parts in seen.items()}
    return {name: taken for name, taken in whole.items() if len(taken) == len(inputs)}
