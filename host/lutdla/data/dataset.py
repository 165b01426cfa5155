"""`Dataset`: images and labels in memory, with where they came from; `DatasetError`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.errors import LutdlaError


class DatasetError(LutdlaError, OSError):
    """The files of a data set are missing or damaged: names the file, and how to get it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification data set with its official split.

    Attributes:
        name: as given to `lutdla.data.load`.
        train_images, test_images: uint8 (images, height, width).
        train_labels, test_labels: int64 (images,), positions in `classes`.
        classes: names of the classes.
        source: the folder the files were read from.

    Raises:
        DatasetError: on construction, when the arrays do not belong together.
    """

    name: str
    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for split, images, labels in (
            ("train", self.train_images, self.train_labels), ("test", self.test_images, self.test_labels),
        ):
            if len(images) != len(labels):
                raise DatasetError(f"{self.name}: {len(images)} {split} images and {len(labels)} labels in "
                                   f"{self.source}: fetch the files again")
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.classes):
                raise DatasetError(f"{self.name}: {split} labels are {labels.min()}..{labels.max()} in {self.source}, "
                                   f"there are {len(self.classes)} classes: fetch the files again")
