"""Handwritten digits of scikit-learn: 1,797 grey 8x8 images, values 0..16, 10 classes.

These are the *test* images of UCI's optdigits, by 13 people. There is no official split of them: ours gives a fifth of
each class to the test set (`lutdla.data.split`, seed 0), so that a writer is on both sides.
"""

from __future__ import annotations

import numpy as np

from lutdla.data.card import Card
from lutdla.data.content import read_content
from lutdla.data.dataset import Dataset
from lutdla.data.places import find
from lutdla.data.sources import Wheel
from lutdla.data.sources.wheel import LINUX
from lutdla.data.split import stratified_split

CONTENT = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
"""sha256 of the unpacked file."""

SIDE, BRIGHTEST = 8, 16

CARD = Card(
    name="digits", title="handwritten digits, small", kind="images", shape="8 x 8 uint8, 0..16", train=1438, test=359,
    classes=tuple("0123456789"), split="ours: stratified, a fifth for the test, seed 0",
    licence="BSD-3-Clause (scikit-learn), CC BY 4.0 (UCI)",
    citation="Alpaydin, Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, data set "
             "80, 1998",
    source=Wheel("scikit-learn", "1.9.1", "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
                 "sklearn/datasets/data/digits.csv.gz", LINUX),
)  # fmt: skip


def load() -> Dataset:
    """All 1,797 images.

    Raises:
        DatasetError: the file is nowhere, or damaged.
    """
    folder = find(CARD)
    lines = read_content(folder / "digits.csv.gz", CONTENT).split()
    table = np.array([line.split(b",") for line in lines], np.float64).astype(np.int64)
    images = table[:, :-1].astype(np.uint8).reshape(-1, SIDE, SIDE)
    labels = table[:, -1]
    train, test = stratified_split([image.tobytes() for image in images], labels.tolist(), test_fraction=0.2)
    return Dataset(CARD.name, images[train], labels[train], images[test], labels[test], CARD.classes, str(folder),
                   CARD.licence, CARD.citation)
