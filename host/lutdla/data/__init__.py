"""Data sets: `load("fashion-mnist")` gives arrays, whatever the source. No torch.

A data set is one file with a description `CARD` and a function `load`, and one line in `LOADERS`.
"""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from types import ModuleType
from typing import Any, Literal, cast, overload

from lutdla.data.card import Card
from lutdla.data.dataset import (
    AnyDataset,
    Dataset,
    DatasetError,
    FileDataset,
    Recording,
    SoundDataset,
    TableDataset,
    TextDataset,
)
from lutdla.errors import InputError

LOADERS = {
    "digits": "lutdla.data.digits",
    "fashion-mnist": "lutdla.data.fashion_mnist",
    "files": "lutdla.data.files",
    "magic": "lutdla.data.magic",
    "mnist": "lutdla.data.mnist",
    "shuttle": "lutdla.data.shuttle",
    "spam": "lutdla.data.spam",
    "speech-prompts": "lutdla.data.speech_prompts",
}
"""Data set name -> module whose `load()` reads it and whose `CARD` describes it."""


def _module(name: str) -> ModuleType:
    if name not in LOADERS:
        raise InputError(f"no data set is called {name!r}: known are {', '.join(sorted(LOADERS))}")
    return import_module(LOADERS[name])


@overload
def load(name: Literal["digits", "fashion-mnist", "mnist"]) -> Dataset: ...
@overload
def load(name: Literal["magic", "shuttle"]) -> TableDataset: ...
@overload
def load(name: Literal["spam"]) -> TextDataset: ...
@overload
def load(name: Literal["speech-prompts"]) -> SoundDataset: ...
@overload
def load(name: Literal["files"], **options: Any) -> FileDataset: ...
@overload
def load(name: str, **options: Any) -> AnyDataset: ...
def load(name: str, **options: Any) -> AnyDataset:
    """The data set called `name`, from the first place that has it (see `lutdla.data.places`).

    Args:
        name: one of `LOADERS`.
        options: of the set's own `load`; only "files" has some (`lutdla.data.files.load`).

    Returns:
        By the card's `kind`: `Dataset` (images), `TableDataset` (rows), `TextDataset` (texts), `FileDataset` (files),
        `SoundDataset` (recordings).

    Raises:
        InputError: no data set has that name, or it has no such option.
        DatasetError: its files are nowhere and cannot be fetched, or they are damaged.
    """
    module = _module(name)
    unknown = options.keys() - signature(module.load).parameters.keys()
    if unknown:
        raise InputError(f"data set {name} has no option {min(unknown)!r}: it has "
                         f"{', '.join(signature(module.load).parameters) or 'none'}")
    return cast("AnyDataset", module.load(**options))


def card(name: str) -> Card:
    """What is known of a data set without reading it.

    Raises:
        InputError: no data set has that name.
    """
    found: Card = _module(name).CARD
    return found


__all__ = [
    "LOADERS", "AnyDataset", "Card", "Dataset", "DatasetError", "FileDataset", "Recording", "SoundDataset",
    "TableDataset", "TextDataset", "card", "load",
]  # fmt: skip
