"""The page of a report: one HTML file that opens from disk, without a network."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from lutdla.inspection.terminal import size
from lutdla.page import render
from lutdla.report.findings import findings
from lutdla.report.model_report import ModelReport
from lutdla.report.plots import plots
from lutdla.spec.config import CoreConfig

TEMPLATE = "model.html.j2"


def write_page(path: Path, report: ModelReport) -> None:
    """Write the page.

    Raises:
        ToolError: jinja2 or plotly is not installed.
    """
    path.write_text(page(report), encoding="utf-8")


def page(report: ModelReport) -> str:
    """The page's text; as `write_page`."""
    drawn = list(plots(report))
    groups = [list(group) for _, group in groupby(drawn, lambda plot: plot.group)]
    return render("lutdla.report", TEMPLATE, {f"plot-{plot.key}": plot.figure for plot in drawn}, report=report,
                  found=report.inspection, core=str(CoreConfig.from_dict(report.inspection.config)),
                  findings=findings(report), groups=groups, size=size)
