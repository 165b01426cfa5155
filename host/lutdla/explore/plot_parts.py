"""What the plots of a report share: colours, axes, texts. A plot is a dictionary as Plotly's JSON has it; colours of
text, grid and background come later, from the page's theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A")
"""Colours that colour-blind people tell apart (Okabe and Ito), on light and on dark."""

FAINT = "rgba(128, 128, 128, 0.22)"
"""Of what is not used, on light and on dark."""

SHARES = [[0.0, "#56B4E9"], [0.5, "#E69F00"], [1.0, "#A83A00"]]
"""Scale of shares: blue, orange, red-brown, darker step by step."""

MOST_LETTERS = 18
"""Of a name beside an axis."""


@dataclass(frozen=True)
class Plot:
    """A plot of a report.

    Attributes:
        key: a word that names it in the page.
        title, note: what it shows, and how it is read.
        figure: `data` and `layout`, as Plotly has them.
        wide: takes the page's width.
    """

    key: str
    title: str
    note: str
    figure: dict[str, Any]
    wide: bool = False


def text(name: str) -> str:
    """A name as Plotly shows it literally: it reads labels as HTML."""
    return escape(name)


def short(name: str) -> str:
    """A name that fits beside an axis; its ends say most."""
    if len(name) > MOST_LETTERS:
        half = MOST_LETTERS // 2
        name = f"{name[:half]}…{name[-half + 1:]}"
    return text(name)


def lines(*parts: str) -> str:
    """Lines of a box that shows when the mouse is over something; empty ones are left out."""
    return "<br>".join(part for part in parts if part)


def axis(title: str, values: Sequence[float] = (), **more: Any) -> dict[str, Any]:
    """An axis: logarithmic where values differ more than tenfold."""
    spread = bool(values) and min(values) > 0 and max(values) > 10 * min(values)
    kind = {"type": "log", "dtick": "D2"} if spread else {"type": "linear", "nticks": 7}
    return {"title": {"text": title}, "tickformat": ",", "automargin": True, **kind, **more}


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Size, margins and a legend above the plot."""
    return {
        "height": height, "margin": {"l": 8, "r": 8, "t": 36, "b": 8}, "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "xanchor": "left"},
        **more,
    }  # fmt: skip
