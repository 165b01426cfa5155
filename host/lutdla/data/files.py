"""Files of this machine and their types: what Magika was made for, on files that nobody has to download.

A class is one of 30 extensions, fixed before any network was run on them: those of formats that Magika knows, whose
extension says the format, and which a Linux system with development packages usually has.

How training and test files are told apart, by `seed` alone:

* Each group (`lutdla.data.file_groups`: a package or project, with all its copies and versions) is on one side, and so
  is each folder. Groups go to the test side, in an order that the seed decides, until a fifth of the files of a class
  are there (`choose_test_groups`).
* No two files in the set have the same 2,048 tokens, so no test file equals a training file.

What is on a disk decides what is in the set: figures made on two machines do not compare, and a class that a disk lacks
is missing (`FileDataset.counts`).
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lutdla.data.card import Card
from lutdla.data.dataset import DatasetError, FileDataset, Labels
from lutdla.data.file_groups import group_of, walk
from lutdla.data.file_tokens import SIDE, file_tokens
from lutdla.data.split import order_key
from lutdla.errors import InputError

CONTENT_TYPES = {
    "c": "c", "cmake": "cmake", "cpp": "cpp", "css": "css", "csv": "csv", "f90": "fortran", "gif": "gif", "gz": "gzip",
    "html": "html", "jar": "jar", "jpg": "jpeg", "js": "javascript", "json": "json", "md": "markdown", "pdf": "pdf",
    "php": "php", "png": "png", "ps": "postscript", "py": "python", "pyc": "pythonbytecode", "rst": "rst",
    "sh": "shell", "so": "elf", "sql": "sql", "svg": "svg", "tcl": "tcl", "ttf": "ttf", "v": "verilog", "xml": "xml",
    "yaml": "yaml",
}  # fmt: skip
"""Extension -> Magika's name of that content type."""

TEST_SHARE, TEST_SHARE_MOST = 0.2, 0.5
"""Of the files of a class on the test side: what is aimed at, and the most."""

CARD = Card(
    name="files", title="files of this machine", kind="files", shape="2,048 int16, 0..256", train=None, test=None,
    classes=tuple(CONTENT_TYPES), split="ours: by package and folder, a fifth for the test, by seed",
    licence="each file's own: they are read where they are",
    citation="Fratantonio et al.: Magika: AI-Powered Content-Type Detection, ICSE 2025, arXiv:2409.13768",
    source=None,
)  # fmt: skip


class _Side(NamedTuple):
    tokens: npt.NDArray[np.int16]
    labels: Labels
    paths: tuple[str, ...]


def default_folders() -> tuple[Path, ...]:
    """The system's packages, and those of this Python."""
    return Path("/usr"), Path(sys.prefix)


def load(
    folders: Iterable[Path | str] | None = None, *, train_per_class: int = 200, test_per_class: int = 40, seed: int = 0,
) -> FileDataset:
    """Files in `folders` (by default `default_folders`), at most so many of each class on each side.

    Raises:
        InputError: a folder does not exist, or a limit is below 1.
        DatasetError: there are not enough files for two sides.
    """
    roots = sorted({Path(folder).resolve() for folder in (default_folders() if folders is None else folders)})
    for root in roots:
        if not root.is_dir():
            raise InputError(f"{root} is no folder: name folders whose files are to be read")
    if train_per_class < 1 or test_per_class < 1:
        raise InputError(f"train_per_class={train_per_class}, test_per_class={test_per_class}: at least 1 of each")
    source = ", ".join(map(str, roots))
    inner = {root for root in roots if any(other in root.parents for other in roots)}
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))  # extension -> group -> files
    for folder, name, extension in walk([root for root in roots if root not in inner], CONTENT_TYPES):
        found[extension][group_of(folder)].append(f"{folder}/{name}")
    test_groups = choose_test_groups({e: {g: len(files) for g, files in groups.items()} for e, groups in found.items()},
                                     seed)
    seen: set[bytes] = set()
    test, train = (
        _read({extension: [path for group, paths in groups.items() if (group in test_groups) == is_test
                           for path in paths] for extension, groups in found.items()}, limit, seed, seen)
        for limit, is_test in ((test_per_class, True), (train_per_class, False))
    )  # fmt: skip
    if not train.paths or not test.paths:
        raise DatasetError(f"files: {source} gives {len(train.paths)} training and {len(test.paths)} test files of the "
                           f"types {', '.join(CONTENT_TYPES)}: name folders with more packages or projects")
    return FileDataset(CARD.name, train.tokens, train.labels, test.tokens, test.labels, CARD.classes, train.paths,
                       test.paths, source, CARD.licence, CARD.citation)


def choose_test_groups(counts: dict[str, dict[str, int]], seed: int) -> set[str]:
    """Groups for the test side, of `counts`: class -> group -> files; a group may hold several classes.

    Classes are served from the one with the fewest groups on. A group is taken if no class has more than `TEST_SHARE`
    of its files on the test side then. A class that got none, because its groups are large, may have up to
    `TEST_SHARE_MOST`. A class whose files are all in one group cannot be tested: they are for training.
    """
    totals = {name: sum(groups.values()) for name, groups in counts.items()}
    taken = dict.fromkeys(counts, 0)
    test: set[str] = set()

    def fits(group: str, share: float) -> bool:
        return all(taken[name] + groups[group] <= max(1, round(share * totals[name])) and len(groups.keys() - test) > 1
                   for name, groups in counts.items() if group in groups)

    for share in (TEST_SHARE, TEST_SHARE_MOST):
        for name in sorted(counts, key=lambda name: (len(counts[name]), name)):
            if share == TEST_SHARE_MOST and taken[name]:
                continue
            for group in sorted(counts[name].keys() - test, key=lambda group: order_key(seed, group.encode())):
                if fits(group, share):
                    test.add(group)
                    for other, groups in counts.items():
                        taken[other] += groups.get(group, 0)
                    if share == TEST_SHARE_MOST:
                        break
    return test


def _read(wanted: dict[str, list[str]], limit: int, seed: int, seen: set[bytes]) -> _Side:
    """Up to `limit` files of each class that are not among `seen`, which grows."""
    tokens, labels, paths = [], [], []
    for label, extension in enumerate(CONTENT_TYPES):
        taken = 0
        for path in sorted(wanted.get(extension, ()), key=lambda path: order_key(seed, os.fsencode(path))):
            if taken == limit:
                break
            try:
                found = file_tokens(Path(path))
            except OSError:  # of another user, or gone since it was listed
                continue
            if found is None or found.tobytes() in seen:
                continue
            seen.add(found.tobytes())
            taken += 1
            tokens.append(found)
            labels.append(label)
            paths.append(path)
    return _Side(np.array(tokens, np.int16).reshape(-1, 2 * SIDE), np.array(labels, np.int64), tuple(paths))
