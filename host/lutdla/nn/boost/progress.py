"""`LiveProgress`: a bar for each stage with loss, score and the time that is left, drawn by rich."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from lutdla.nn.boost.history import Row


class LiveProgress:
    """A `Progress`, as a context manager: `with LiveProgress() as progress: boost.fit(..., progress=progress)`.

    Args:
        console: where it is drawn.
        shown: False draws nothing (processes other than the first).
    """

    def __init__(self, console: Console | None = None, *, shown: bool = True) -> None:
        columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description:<10}"), BarColumn(12),
                   MofNCompleteColumn(), TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                   TextColumn("{task.fields[note]}"))
        self._bars = Progress(*columns, console=console, disable=not shown)
        self._stage, self._task, self._score = "", TaskID(0), ""

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, stage: str, done: int, total: int, loss: float) -> None:
        """See `lutdla.nn.train.Progress`."""
        if stage != self._stage:
            self._stage, self._score = stage, ""
            self._task = self._bars.add_task(stage, total=total, note="")
        self._bars.update(self._task, completed=done, note=f"loss {loss:.3f}{self._score}")

    def epoch_done(self, row: Row, score: str) -> None:
        """See `lutdla.nn.boost.run.EpochProgress`."""
        if row["validation"] is not None:
            self._score = f", {score} {row['validation']:.4f}"
        self._bars.update(self._task, note=f"loss {row['loss']:.3f}{self._score}")
