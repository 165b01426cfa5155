"""Data sets: `load("fashion-mnist")` gives arrays, whatever the source. No torch.

A data set is one file with one function `load() -> Dataset`, and one line in `LOADERS`.
"""

from __future__ import annotations

from importlib import import_module

from lutdla.data.dataset import Dataset
from lutdla.errors import InputError

LOADERS = {"fashion-mnist": "lutdla.data.fashion_mnist"}
"""Data set name -> module whose `load()` reads it."""


def load(name: str) -> Dataset:
    """The data set called `name`, from the first place that has it (see `lutdla.data.places`).

    Raises:
        InputError: no data set has that name.
        DatasetError: its files are nowhere and cannot be downloaded, or they are damaged.
    """
    if name not in LOADERS:
        raise InputError(f"no data set is called {name!r}: known are {', '.join(sorted(LOADERS))}")
    dataset: Dataset = import_module(LOADERS[name]).load()
    return dataset


__all__ = ["LOADERS", "Dataset", "load"]
