"""How many examples a network gets right, by class, and what the dense network says of the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.report.examples import Examples

Answers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore:
    """Of the examples of a class: how many there are, and the share that each network gets right."""

    name: str
    examples: int
    lut: float
    dense: float | None


@dataclass(frozen=True)
class Accuracy:
    """Of all examples.

    Attributes:
        data: where they are from.
        examples: number of them.
        lut, dense: share that the lookup network gets right, and the dense one, if it is there.
        lost, won: examples that only the dense network gets right, and those that only the lookup network does.
        agreement: share of the examples on which both say the same.
        classes: class by class.
        confusion: [class][answer] examples, of the lookup network.
    """

    data: str
    examples: int
    lut: float
    dense: float | None
    lost: int | None
    won: int | None
    agreement: float | None
    classes: tuple[ClassScore, ...]
    confusion: list[list[int]]


def score(examples: Examples, lut: Answers, dense: Answers | None) -> Accuracy:
    """Score the answers (examples,) of a lookup network and of a dense one."""
    labels, number = examples.labels, len(examples.classes)
    confusion = np.zeros((number, number), np.int64)
    np.add.at(confusion, (labels, lut), 1)
    right = lut == labels
    ours = None if dense is None else dense == labels
    classes = []
    for at, name in enumerate(examples.classes):
        here = labels == at
        if here.any():
            classes.append(ClassScore(name, int(here.sum()), float(right[here].mean()),
                                      None if ours is None else float(ours[here].mean())))
    return Accuracy(
        examples.name, len(labels), float(right.mean()), None if ours is None else float(ours.mean()),
        None if ours is None else int((ours & ~right).sum()), None if ours is None else int((~ours & right).sum()),
        None if dense is None else float((dense == lut).mean()), tuple(classes), confusion.tolist(),
    )  # fmt: skip
