"""`History`: what each epoch reached, as rows, JSON and a plot."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lutdla.errors import InputError
from lutdla.nn.boost.files import write_atomically

Row = dict[str, Any]


@dataclass
class History:
    """One flat row for each epoch.

    Attributes:
        score: what `validation` is called: "accuracy".
        rows: keys stage, epoch (from 1 in each stage), step (in the stage), loss (mean of the epoch), seconds (of
            training), validation (None without validation data), rate_<kind> for each kind of parameter.
    """

    score: str = "accuracy"
    rows: list[Row] = field(default_factory=list)

    def last(self) -> Row:
        """The newest row.

        Raises:
            InputError: there is none.
        """
        if not self.rows:
            raise InputError("the history is empty: no epoch has been trained")
        return self.rows[-1]

    def save(self, path: Path | str) -> None:
        """Write JSON: {"score": ..., "rows": [...]}."""
        text = json.dumps({"score": self.score, "rows": self.rows}, indent=1) + "\n"
        write_atomically(Path(path), text.encode())

    @classmethod
    def load(cls, path: Path | str) -> History:
        """Read what `save` wrote.

        Raises:
            InputError: no such file, or no history.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(found["score"], found["rows"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no history ({error}): give a file that History.save wrote") from error

    def plot(self, path: Path | str) -> None:
        """Draw loss, score and rates over the epochs: .svg, .png or .pdf. Needs matplotlib (`lutdla[plot]`).

        Raises:
            InputError: no epochs, no matplotlib, or a kind of file that it does not write.
        """
        from lutdla.nn.boost.plot import plot

        plot(self, Path(path))
