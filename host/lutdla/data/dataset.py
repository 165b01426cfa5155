"""Data sets in memory, one class for each kind of input; every one has `train` and `test`. And `DatasetError`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lutdla.errors import LutdlaError

Labels = npt.NDArray[np.int64]


class DatasetError(LutdlaError, OSError):
    """The files of a data set are missing or damaged: names the file, and how to get it."""


class Part(NamedTuple):
    """One side of a split: inputs, and int64 labels (inputs,), positions in the set's `classes`."""

    inputs: Any
    labels: Labels


def check_labels(name: str, source: str, classes: Sequence[str], what: str, train: Part, test: Part) -> None:
    """Refuse a data set whose arrays do not belong together.

    Args:
        what: the inputs in a word, for messages.

    Raises:
        DatasetError: another number of inputs than of labels, or a label that is no class.
    """
    for side, (inputs, labels) in (("train", train), ("test", test)):
        if len(inputs) != len(labels):
            raise DatasetError(f"{name}: {len(inputs)} {side} {what} and {len(labels)} labels in {source}: "
                               "fetch the files again")
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(classes):
            raise DatasetError(f"{name}: {side} labels are {labels.min()}..{labels.max()} in {source}, "
                               f"there are {len(classes)} classes: fetch the files again")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and their classes.

    Attributes:
        name: as given to `lutdla.data.load`.
        train_images, test_images: uint8 (images, height, width).
        train_labels, test_labels: int64 (images,), positions in `classes`.
        classes: names of the classes.
        source: the folder the files were read from.
        licence: of the data, in a few words.
        citation: who made it, in one line.

    Raises:
        DatasetError: on construction, when the arrays do not belong together.
    """

    name: str
    train_images: npt.NDArray[np.uint8]
    train_labels: Labels
    test_images: npt.NDArray[np.uint8]
    test_labels: Labels
    classes: tuple[str, ...]
    source: str
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        check_labels(self.name, self.source, self.classes, "images", self.train, self.test)

    @property
    def train(self) -> Part:
        """Training images and labels."""
        return Part(self.train_images, self.train_labels)

    @property
    def test(self) -> Part:
        """Test images and labels."""
        return Part(self.test_images, self.test_labels)


@dataclass(frozen=True, eq=False)
class TableDataset:
    """Rows of numbers and their classes.

    Attributes:
        name, classes, source, licence, citation: as in `Dataset`.
        train_rows, test_rows: float32 (rows, features), as measured: see `standardized`.
        train_labels, test_labels: int64 (rows,), positions in `classes`.
        features: name of each column.

    Raises:
        DatasetError: on construction, when the arrays do not belong together, or a value is not finite.
    """

    name: str
    train_rows: npt.NDArray[np.float32]
    train_labels: Labels
    test_rows: npt.NDArray[np.float32]
    test_labels: Labels
    features: tuple[str, ...]
    classes: tuple[str, ...]
    source: str
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        check_labels(self.name, self.source, self.classes, "rows", self.train, self.test)
        for side, rows in (("train", self.train_rows), ("test", self.test_rows)):
            if rows.shape[1:] != (len(self.features),):
                raise DatasetError(f"{self.name}: {side} rows have shape {rows.shape} in {self.source}, there are "
                                   f"{len(self.features)} features: fetch the files again")
            if not np.isfinite(rows).all():
                raise DatasetError(f"{self.name}: {side} rows hold values that are not finite in {self.source}: "
                                   "fetch the files again")

    @property
    def train(self) -> Part:
        """Training rows and labels."""
        return Part(self.train_rows, self.train_labels)

    @property
    def test(self) -> Part:
        """Test rows and labels."""
        return Part(self.test_rows, self.test_labels)

    def standardized(self) -> TableDataset:
        """The same set with every feature at mean 0 and deviation 1 over the *training* rows.

        A feature that is constant there becomes 0 in training rows.
        """
        rows = self.train_rows.astype(np.float64)
        mean, deviation = rows.mean(axis=0), rows.std(axis=0)
        deviation[deviation == 0] = 1.0
        train, test = (((part - mean) / deviation).astype(np.float32) for part in (rows, self.test_rows))
        return replace(self, train_rows=train, test_rows=test)


@dataclass(frozen=True, eq=False)
class TextDataset:
    """Texts and their classes.

    Attributes:
        name, classes, source, licence, citation: as in `Dataset`.
        train_texts, test_texts: the texts.
        train_labels, test_labels: int64 (texts,), positions in `classes`.

    Raises:
        DatasetError: on construction, when texts and labels do not belong together.
    """

    name: str
    train_texts: tuple[str, ...]
    train_labels: Labels
    test_texts: tuple[str, ...]
    test_labels: Labels
    classes: tuple[str, ...]
    source: str
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        check_labels(self.name, self.source, self.classes, "texts", self.train, self.test)

    @property
    def train(self) -> Part:
        """Training texts and labels."""
        return Part(self.train_texts, self.train_labels)

    @property
    def test(self) -> Part:
        """Test texts and labels."""
        return Part(self.test_texts, self.test_labels)


@dataclass(frozen=True, eq=False)
class FileDataset:
    """Beginnings and ends of files, as the network Magika takes them, and their types.

    Attributes:
        name, source, licence, citation: as in `Dataset`.
        train_tokens, test_tokens: int16 (files, 2048): bytes 0..255, 256 where the file has none
            (`lutdla.data.file_tokens`).
        train_labels, test_labels: int64 (files,), positions in `classes`.
        classes: extensions without a dot.
        train_paths, test_paths: where the files are.

    Raises:
        DatasetError: on construction, when the arrays do not belong together.
    """

    name: str
    train_tokens: npt.NDArray[np.int16]
    train_labels: Labels
    test_tokens: npt.NDArray[np.int16]
    test_labels: Labels
    classes: tuple[str, ...]
    train_paths: tuple[str, ...]
    test_paths: tuple[str, ...]
    source: str
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        check_labels(self.name, self.source, self.classes, "files", self.train, self.test)

    @property
    def train(self) -> Part:
        """Training tokens and labels."""
        return Part(self.train_tokens, self.train_labels)

    @property
    def test(self) -> Part:
        """Test tokens and labels."""
        return Part(self.test_tokens, self.test_labels)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Class -> its training and test files; a class that this disk lacks has (0, 0)."""
        sides = (self.train_labels, self.test_labels)
        train, test = (np.bincount(labels, minlength=len(self.classes)) for labels in sides)
        return {name: (int(a), int(b)) for name, a, b in zip(self.classes, train, test)}


class Recording(NamedTuple):
    """Sound: name of its file, float32 samples in -1..1, and samples a second."""

    name: str
    samples: npt.NDArray[np.float32]
    rate: int


@dataclass(frozen=True, eq=False)
class SoundDataset:
    """Recordings without labels: `lutdla.data.voice_activity` makes labelled examples of them.

    Attributes:
        name, source, licence, citation: as in `Dataset`.
        train, test: the recordings.

    Raises:
        DatasetError: on construction, when a recording is on both sides.
    """

    name: str
    train: tuple[Recording, ...]
    test: tuple[Recording, ...]
    source: str
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        both = {recording.name for recording in self.train} & {recording.name for recording in self.test}
        if both:
            raise DatasetError(f"{self.name}: {min(both)} of {self.source} is among training and test recordings")


AnyDataset = Dataset | TableDataset | TextDataset | FileDataset | SoundDataset
"""What `lutdla.data.load` may give."""
