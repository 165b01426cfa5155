"""What is known of a data set without reading it: for `lutdla data`, docs/data.md and the loader itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lutdla.data.sources import Source

Kind = Literal["images", "rows", "texts", "files", "recordings"]


@dataclass(frozen=True)
class Card:
    """Description of a data set.

    Attributes:
        name: as given to `lutdla.data.load`.
        title: what it is, in a few words.
        kind: of its inputs.
        shape: of one input, with its type.
        train, test: number of inputs; None where it depends on the machine.
        classes: names of the classes; none for recordings.
        split: how training and test inputs were told apart.
        licence: of the data, and where that is said.
        citation: who made it, in one line.
        source: where its files come from; None for files that every machine has.
    """

    name: str
    title: str
    kind: Kind
    shape: str
    train: int | None
    test: int | None
    classes: tuple[str, ...]
    split: str
    licence: str
    citation: str
    source: Source | None

    @property
    def size(self) -> str:
        """Training + test inputs, for people."""
        return "what is there" if self.train is None else f"{self.train:,} + {self.test:,}"
