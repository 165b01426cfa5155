"""Models that `torch.save` wrote whole. Such a file is a pickle, which could run code when it is read.

So it is read by torch's restricted unpickler, which makes nothing but tensors and, here, layers of torch and lutdla.
"""

from __future__ import annotations

import pickle
from importlib import import_module
from pathlib import Path

import torch
from torch import nn

from lutdla.errors import InputError

TRUSTED = ("torch.nn.modules", "lutdla")
"""Packages whose layers may be in a file."""


def read_saved(path: Path) -> nn.Module:
    """A model of layers of torch and lutdla.

    Raises:
        InputError: the file is damaged, holds parameters alone, or classes of other packages.
    """
    try:
        found = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(str(path)))
        layers = [_layer(name) for name in found]
        foreign = [name for name, layer in zip(found, layers) if layer is None]
        if foreign:
            raise InputError(f"{path} holds {foreign[0]}, which is no layer of torch or lutdla, and is not trusted: "
                             "write the model with torch.export.save to a .pt2 file, or make a recipe that names a "
                             "function which returns it")
        with torch.serialization.safe_globals([layer for layer in layers if layer is not None]):
            model = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: no model that torch.save wrote ({error})") from error
    if isinstance(model, nn.Module):
        return model.eval()
    raise InputError(f"{path} holds {type(model).__name__}, not a model: save the model itself, or make a recipe whose "
                     "[model] builds it, and name the file there as checkpoint in [dense]")


def _layer(name: str) -> type[nn.Module] | None:
    """The class of a layer that may be made; None: it is something else."""
    module, _, attribute = name.rpartition(".")
    if not any(module == package or module.startswith(f"{package}.") for package in TRUSTED):
        return None
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError:
        return None
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None
