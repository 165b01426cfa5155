"""Plots of all candidates of a board: rate against accuracy, and size against accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.limits import RESOURCES, WORDS
from lutdla.page.plot_parts import FAINT, LEGEND, PALETTE, SHARES, Plot, axis, labels, layout, lines, text

SYMBOLS = {"l2": "circle", "l1": "square", "chebyshev": "diamond"}
"""Metric -> shape of a candidate."""

LINE = {"color": "rgba(128, 128, 128, 0.8)", "width": 1.5, "dash": "dot"}
"""Of the front."""


@dataclass(frozen=True)
class Measure:
    """What is good or bad about a way to encode.

    Attributes:
        title: of its axis.
        value: of a candidate; None: not known.
        options: of its axis.
    """

    title: str
    value: Callable[[Candidate], float | None]
    options: dict[str, Any]

    def known(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Candidates of which it is known."""
        return [one for one in candidates if self.value(one) is not None]

    def values(self, candidates: Iterable[Candidate]) -> list[float]:
        """Of candidates of which it is known."""
        return [found for one in candidates if (found := self.value(one)) is not None]


ACCURACY = Measure("accuracy in a short training", lambda one: one.accuracy, {"tickformat": ".1~%"})
LOSS = Measure("estimated loss (lower is better)", lambda one: one.loss, {"type": "log", "tickformat": "~g"})
TABLES = Measure("bytes of tables (lower is better)", lambda one: one.choice.table_bytes, {})


def measures(candidates: Sequence[Candidate]) -> list[Measure]:
    """Those that are known of candidates: accuracy of what was trained, estimated losses of all."""
    return [one for one in (ACCURACY, LOSS) if one.known(candidates)]


def rate_plot(answer: Answer) -> Plot:
    """Images a second against accuracy, estimated loss, or where neither is known, bytes of tables."""
    shown = measures(answer.candidates) or [TABLES]
    rates = [one.choice.images_per_s for one in answer.candidates]
    most = max(one.choice.shares["lut"] for one in answer.candidates)
    lined = sum(one.front for one in answer.candidates) > 1
    data = [*([_entry("front", {"mode": "lines", "line": LINE})] if lined else []), *_shapes(answer)]
    for number, measure in enumerate(shown, start=1):
        data.append(_front(answer, measure, number))
        data += _points(answer, measure, lambda one: one.choice.images_per_s, number,
                        lambda of: {"color": [one.choice.shares["lut"] for one in of], "coloraxis": "coloraxis"})
    bar = {"title": {"text": "LUTs"}, "tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "nticks": 6}
    colors = {"colorscale": SHARES, "cmin": 0, "cmax": most, "colorbar": bar}
    figure = {"data": data, "layout": _panels(shown, answer.candidates, axis("images a second", rates),
                                              coloraxis=colors)}
    note = ("Each mark is a way to encode with its best core; colour is the share of the board's LUTs, shape the "
            "metric, numbers v and c.")
    note += " No other candidate is better than those on the line in every respect." if lined else ""
    return Plot("rate", "Rate and " + ("accuracy" if shown != [TABLES] else "size"), note, figure, "ways")


def size_plot(answer: Answer) -> Plot | None:
    """Bytes of tables against accuracy or loss; None: neither is known."""
    shown = measures(answer.candidates)
    if not shown:
        return None
    vectors = sorted({one.v for one in answer.candidates})
    colors = {v: PALETTE[number % len(PALETTE)] for number, v in enumerate(vectors)}
    data = [*_shapes(answer), *(_entry(f"v={v}", {"marker": {"color": color, "size": 10, "symbol": "circle"}})
                                for v, color in colors.items())]
    for number, measure in enumerate(shown, start=1):
        data += _points(answer, measure, lambda one: one.choice.table_bytes, number,
                        lambda of: {"color": [colors[one.v] for one in of]})
    sizes = [one.choice.table_bytes for one in answer.candidates]
    figure = {"data": data, "layout": _panels(shown, answer.candidates, axis("bytes of tables", sizes))}
    note = "What smaller tables cost: colour is the vector length v, shape the metric, numbers v and c."
    return Plot("size", "Accuracy and size", note, figure, "ways")


# -- traces ------------------------------------------------------------------------------------------------------------
def _entry(name: str, more: dict[str, Any]) -> dict[str, Any]:
    """An entry of the legend, without points."""
    return {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "name": name, "hoverinfo": "skip", **more}


def _shapes(answer: Answer) -> list[dict[str, Any]]:
    """Entries of the legend: shapes of metrics and of the pick."""
    metrics = {one.metric for one in answer.candidates if one != answer.pick}
    shapes = [(metric, symbol, 10) for metric, symbol in SYMBOLS.items() if metric in metrics]
    shapes += [("pick", "star", 14)] if answer.pick is not None else []
    return [_entry(name, {"marker": {"color": FAINT, "size": size, "symbol": symbol}}) for name, symbol, size in shapes]


def _front(answer: Answer, measure: Measure, panel: int) -> dict[str, Any]:
    """The front as a line."""
    on = sorted((one for one in measure.known(answer.candidates) if one.front), key=lambda one: one.choice.images_per_s)
    return {"type": "scatter", "mode": "lines", "x": [one.choice.images_per_s for one in on], "y": measure.values(on),
            "line": LINE, "yaxis": _axis(panel), "hoverinfo": "skip", "showlegend": False}


def _points(answer: Answer, measure: Measure, across: Callable[[Candidate], float], panel: int,
            mark: Callable[[list[Candidate]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Candidates of a panel, and above them the pick as a star."""
    known = measure.known(answer.candidates)
    named = labels([across(one) for one in known], measure.values(known), [f"{one.v}, {one.c}" for one in known])
    for of in ([one for one in known if one != answer.pick], [one for one in known if one == answer.pick]):
        if not of:
            continue
        picked = of[0] == answer.pick
        shape = {"symbol": "star" if picked else [SYMBOLS[one.metric] for one in of], "size": 19 if picked else 11}
        yield {"type": "scatter", "mode": "markers+text", "yaxis": _axis(panel), "x": [across(one) for one in of],
               "y": measure.values(of), "marker": {**mark(of), **shape}, "cliponaxis": False, "showlegend": False,
               "text": [label for one, label in zip(known, named, strict=True) if one in of],
               "textposition": "top center", "customdata": [described(one) for one in of],
               "hovertemplate": "%{customdata}<extra></extra>"}


def _axis(panel: int) -> str:
    return "y" if panel == 1 else f"y{panel}"


def _panels(shown: Sequence[Measure], candidates: Sequence[Candidate], across: dict[str, Any],
            **more: Any) -> dict[str, Any]:
    """Measures above each other, over one axis; each below its title."""
    made = layout(340 + 200 * (len(shown) - 1), legend={**LEGEND, "itemclick": False, "itemdoubleclick": False}, **more)
    height, notes = 1 / len(shown), []
    for number, measure in enumerate(shown, start=1):
        top = 1 - (number - 1) * height
        domain = [top - height, top if number == 1 else top - 0.14]
        options = axis("", measure.values(candidates), **measure.options)
        made["yaxis" if number == 1 else f"yaxis{number}"] = {**options, "domain": domain}
        notes.append({"text": measure.title, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0,
                      "xanchor": "left", "xshift": -28, "y": domain[1], "yanchor": "bottom", "yshift": 14})
    return {**made, "annotations": notes, "xaxis": {**across, "anchor": _axis(len(shown))}}


# -- words -------------------------------------------------------------------------------------------------------------
def described(candidate: Candidate) -> str:
    """All of a candidate, in lines."""
    choice, area = candidate.choice, candidate.choice.area
    core, amounts = choice.config, {"lut": area.lut + area.lutram}
    used = [f"{choice.shares[name]:.0%} of the {WORDS[name]}" for name in RESOURCES
            if amounts.get(name, getattr(area, name))]
    return lines(
        f"<b>v={candidate.v} c={candidate.c} {candidate.metric}</b>" + _layers(candidate),
        f"{core.ports} ports × {core.blocks} blocks × {core.lanes} lanes, {core.encoders} encoders",
        f"{choice.images_per_s:,.0f} images/s, {choice.cycles_per_image:,.0f} cycles an image",
        f"{choice.latency_us:,.0f} µs a pass of {choice.images} images, {choice.energy_uj:,.1f} µJ an image",
        f"{choice.table_bytes:,} bytes of tables, {choice.streamed_bytes:,} streamed",
        f"{choice.memory_bytes_per_image:,.0f} bytes of DDR traffic an image",
        *(", ".join(used[at:at + 2]) for at in range(0, len(used), 2)),
        "" if candidate.accuracy is None else f"accuracy {candidate.accuracy:.2%} in a short training",
        "" if candidate.loss is None else f"estimated loss {candidate.loss:.3g}",
    )  # fmt: skip


def _layers(candidate: Candidate) -> str:
    """Layers with a v of their own; of many, the first."""
    found = [f"{text(name)}: v={v}" for name, v in candidate.layers]
    more = [f"and {len(found) - 4} more"] if len(found) > 4 else []
    return "".join(f"<br>{one}" for one in found[:4] + more)
