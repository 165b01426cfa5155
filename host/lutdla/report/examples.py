"""Labelled inputs for a report: the test side of a data set, or a file."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lutdla.errors import InputError
from lutdla.spec.artefact import Artefact

INPUTS, LABELS = ("inputs", "images", "rows", "x"), ("labels", "y")
"""Names that arrays in a .npz file may have."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled inputs.

    Attributes:
        name: of the data.
        inputs: (examples, *input shape), as the network takes them.
        labels: int64 (examples,).
        classes: names of the classes.
    """

    name: str
    inputs: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]


def read_examples(data: str, artefact: Artefact) -> Examples:
    """The examples that a user names.

    Args:
        data: a data set (its test side), or a .npz file with arrays `inputs` and `labels`.
        artefact: the network that they are for.

    Raises:
        InputError: there are none, or the network does not take them.
    """
    found = _from_file(Path(data)) if data.endswith(".npz") else _from_set(data)
    return fitted(found, artefact)


def fitted(found: Examples, artefact: Artefact) -> Examples:
    """The examples in the shape that a network takes.

    Raises:
        InputError: they cannot be for this network.
    """
    shape, outputs = artefact.input_shape, artefact.outputs
    if len(found.inputs) == 0 or len(found.inputs) != len(found.labels):
        raise InputError(f"{found.name}: {len(found.inputs)} inputs and {len(found.labels)} labels: there must be as "
                         "many, and some")
    if math.prod(found.inputs.shape[1:]) != math.prod(shape):
        raise InputError(f"{found.name}: an input has shape {found.inputs.shape[1:]}, this network takes {shape}: name "
                         "the data that it was trained on")
    if not 0 <= found.labels.min() <= found.labels.max() < outputs or artefact.output_pixels > 1:
        raise InputError(f"{found.name}: labels are {found.labels.min()}..{found.labels.max()}, this network gives "
                         f"{outputs} values in {artefact.output_pixels} pixels: accuracy needs one value for each "
                         "class; leave --data out for a report without it")
    names = found.classes or tuple(map(str, range(outputs)))
    return Examples(found.name, found.inputs.reshape(-1, *shape), found.labels,
                    (*names, *map(str, range(len(names), outputs))))


def _from_set(name: str) -> Examples:
    from lutdla.data import Dataset, TableDataset, card, load

    kind = card(name).kind
    if kind not in ("images", "rows"):
        raise InputError(f"{name} holds {kind}, a report takes images or rows: write the test inputs, as the network "
                         "takes them, and labels to a .npz file")
    data = load(name)
    assert isinstance(data, (Dataset, TableDataset)), "by its kind"
    test = (data.standardized() if isinstance(data, TableDataset) else data).test
    return Examples(name, np.asarray(test.inputs, np.float32), test.labels, data.classes)


def _from_file(path: Path) -> Examples:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            inputs, labels = (next((arrays[name] for name in names if name in arrays), None)
                              for names in (INPUTS, LABELS))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npz file ({error}): write it with numpy.savez") from error
    if inputs is None or labels is None:
        raise InputError(f"{path}: it must hold arrays inputs and labels: write it with numpy.savez(path, inputs=..., "
                         "labels=...)")
    if inputs.dtype.kind not in "fiu" or labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise InputError(f"{path}: inputs are {inputs.dtype}, labels {labels.dtype} {labels.shape}: inputs must be "
                         "numbers, labels whole numbers in one row")
    if not np.isfinite(inputs).all():
        raise InputError(f"{path}: inputs hold NaN or infinity: clean them first")
    return Examples(path.name, inputs.astype(np.float32), labels.astype(np.int64), ())
