"""What the plots of a report share: colours, axes, texts. A plot is a dictionary as Plotly's JSON has it; colours of
text, grid and background come later, from the page's theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log
from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A")
"""Colours that colour-blind people tell apart (Okabe and Ito), on light and on dark."""

FAINT = "rgba(128, 128, 128, 0.22)"
"""Of what is not used, on light and on dark."""

SHARES = [[0.0, "#56B4E9"], [0.5, "#E69F00"], [1.0, "#A83A00"]]
"""Scale of shares: blue, orange, red-brown, darker step by step."""

LEGEND = {"orientation": "h", "x": 0, "xref": "container", "y": 0, "yref": "container", "yanchor": "bottom",
          "xanchor": "left", "traceorder": "normal"}  # fmt: skip
"""Below the plot, in the order of the data."""

LABEL = (0.12, 0.12)
"""Width and height of a name in a plot, as shares of the plot."""

MOST_LETTERS = 20
"""Of a name beside an axis."""


@dataclass(frozen=True)
class Plot:
    """A plot of a report.

    Attributes:
        key: a word that names it in the page.
        title, note: what it shows, and how it is read.
        figure: `data` and `layout`, as Plotly has them.
        group: plots of a group are side by side.
    """

    key: str
    title: str
    note: str
    figure: dict[str, Any]
    group: str


def text(name: str) -> str:
    """A name as Plotly shows it literally: it reads labels as HTML."""
    return escape(name)


def short(name: str) -> str:
    """A name that fits beside an axis: its start, and more of its end, which says most."""
    if len(name) > MOST_LETTERS:
        start = MOST_LETTERS // 3
        name = f"{name[:start]}…{name[start + 1 - MOST_LETTERS:]}"
    return text(name)


def lines(*parts: str) -> str:
    """Lines of a box that shows when the mouse is over something; empty ones are left out."""
    return "<br>".join(part for part in parts if part)


def labels(across: Sequence[float], up: Sequence[float], names: Sequence[str]) -> list[str]:
    """Names above points; empty where one would lie on another point or on another name."""
    places = list(zip(_spread(across), _spread(up), strict=True))
    taken: list[tuple[float, float]] = []
    found = []
    for number, (x, y) in enumerate(places):
        at = (x, y + LABEL[1])
        others = [*(place for other, place in enumerate(places) if other != number), *taken]
        free = not any(abs(at[0] - x) < LABEL[0] and abs(at[1] - y) < LABEL[1] for x, y in others)
        taken += [at] if free else []
        found.append(names[number] if free else "")
    return found


def _spread(values: Sequence[float]) -> list[float]:
    """Where values lie on their axis, from 0 to 1."""
    if _logarithmic(values):
        values = [log(value) for value in values]
    low, high = min(values, default=0), max(values, default=0)
    return [(value - low) / (high - low or 1) for value in values]


def _logarithmic(values: Sequence[float]) -> bool:
    return bool(values) and 0 < 10 * min(values) < max(values)


def axis(title: str, values: Sequence[float] = (), **more: Any) -> dict[str, Any]:
    """An axis around values: logarithmic where they differ more than tenfold."""
    made: dict[str, Any] = {"title": {"text": title}, "tickformat": ",", "automargin": True, "nticks": 7}
    low, high = min(values, default=0), max(values, default=0)
    if more.get("type") == "log" or _logarithmic(values):
        made |= {"type": "log", "dtick": "D2" if high < 50 * low else 1}
    elif high - low < 0.02 * high:  # alike: ticks between them would say nothing
        made |= {"range": [0.9 * low, 1.1 * high]}
    return {**made, **more}


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Size, margins and a legend below the plot."""
    return {
        "height": height, "margin": {"l": 8, "r": 24, "t": 30, "b": 8}, "hovermode": "closest",
        "legend": LEGEND,
        **more,
    }  # fmt: skip
