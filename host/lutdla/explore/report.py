"""The report of a search: one HTML file with interactive plots that opens from disk, without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.limits import SPARE
from lutdla.explore.plot_pick import pick_plots
from lutdla.explore.plot_ways import rate_plot, size_plot
from lutdla.explore.rows import row_of
from lutdla.page import Plot, render

TEMPLATE = "report.html.j2"


def write_report(path: Path, title: str, answers: Sequence[Answer], note: str | None = None) -> None:
    """Write the report.

    Args:
        path: where it goes.
        title: names the network.
        answers: a board each.
        note: what the figures are, where a calibration corrects them; None: as they are without.

    Raises:
        ToolError: jinja2 or plotly is not installed.
    """
    path.write_text(report(title, answers, note), encoding="utf-8")


def report(title: str, answers: Sequence[Answer], note: str | None = None) -> str:
    """The report's text; as `write_report`."""
    boards = [_board(number, one) for number, one in enumerate(answers)]
    figures = {f"{board['id']}-{plot.key}": plot.figure for board in boards for plots in board["plots"]
               for plot in plots}
    return render("lutdla.explore", TEMPLATE, figures, title=title, note=note, boards=boards, spare=SPARE,
                  trained=any(board["trained"] for board in boards))


def _board(number: int, answer: Answer) -> dict[str, Any]:
    rows = [_row(answer, one) for one in answer.candidates]
    groups = [list(plots) for _, plots in groupby(_plots(answer), lambda plot: plot.group)]
    return {
        "id": f"board-{number}", "limits": answer.limits, "why": answer.why, "rows": rows,
        "pick": None if answer.pick is None else _row(answer, answer.pick), "plots": groups,
        "trained": any(row["accuracy"] is not None for row in rows),
        "estimated": any(row["loss"] is not None for row in rows),
    }  # fmt: skip


def _row(answer: Answer, candidate: Candidate) -> dict[str, Any]:
    """A candidate as tables show it."""
    core = candidate.choice.config
    return {
        **row_of(answer, candidate), "way": f"v={candidate.v} c={candidate.c} {candidate.metric}",
        "core": f"{core.ports}×{core.blocks}×{core.lanes} / {core.encoders}", "config": str(core),
        "images": candidate.choice.images,
    }  # fmt: skip


def _plots(answer: Answer) -> Iterator[Plot]:
    if answer.candidates:
        yield rate_plot(answer)
        size = size_plot(answer)
        if size is not None:
            yield size
    if answer.pick is not None:
        yield from pick_plots(answer, answer.pick)
