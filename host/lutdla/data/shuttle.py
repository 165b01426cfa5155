"""Shuttle anomalies: 49,097 readings of 9 sensors of a space shuttle, 3,511 of them anomalies.

The ODDS form of UCI's Statlog set: class 1 is normal, classes 2, 3, 5, 6, 7 are anomalies, class 4 is left out. It is
taken from river's wheel and not from R's mlbench, because there it is this form already, and a plain CSV file: mlbench
has the seven classes, as an R image that needs one more library.

No official split: ours gives a fifth of each class to the test set (`lutdla.data.split`, seed 0). A detector that must
not see anomalies trains on `train_rows[train_labels == 0]`.
"""

from __future__ import annotations

import numpy as np

from lutdla.data.card import Card
from lutdla.data.content import read_content
from lutdla.data.dataset import TableDataset
from lutdla.data.places import find
from lutdla.data.sources import Wheel
from lutdla.data.sources.wheel import LINUX
from lutdla.data.split import stratified_split

CONTENT = "8bee3239f80b6549cbf0bc69c07bdcad8bb33fb968329c0678328a8ca971784b"
"""sha256 of the unpacked file."""

CARD = Card(
    name="shuttle", title="anomalies in sensors of a space shuttle", kind="rows", shape="9 float32", train=39278,
    test=9819, classes=("normal", "anomaly"), split="ours: stratified, a fifth for the test, seed 0",
    licence="BSD-3-Clause (river), CC BY 4.0 (UCI)",
    citation="Statlog (Shuttle), UCI Machine Learning Repository, data set 148; as anomalies: Rayana: ODDS Library, "
             "Stony Brook University, 2016",
    source=Wheel("river", "0.26.1", "6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef",
                 "river/datasets/shuttle.csv.gz", LINUX),
)  # fmt: skip


def load() -> TableDataset:
    """All 49,097 rows, as measured; `standardized()` scales them.

    Raises:
        DatasetError: the file is nowhere, or damaged.
    """
    folder = find(CARD)
    head, *lines = read_content(folder / "shuttle.csv.gz", CONTENT).split()
    table = np.array([line.split(b",") for line in lines], np.float64)
    rows, labels = table[:, :-1].astype(np.float32), table[:, -1].astype(np.int64)
    train, test = stratified_split(lines, labels.tolist(), test_fraction=0.2)
    features = tuple(head.decode().split(",")[:-1])
    return TableDataset(CARD.name, rows[train], labels[train], rows[test], labels[test], features, CARD.classes,
                        str(folder), CARD.licence, CARD.citation)
