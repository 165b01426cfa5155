"""Plots of all candidates of a board: rate against accuracy, and size against accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.limits import RESOURCES, WORDS
from lutdla.explore.plot_parts import PALETTE, SHARES, Plot, axis, layout, lines, text

SYMBOLS = {"l2": "circle", "l1": "square", "chebyshev": "diamond"}
"""Metric -> shape of a candidate."""


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
LOSS = Measure("estimated loss (lower is better)", lambda one: one.loss, {"type": "log", "dtick": "D2",
                                                                          "tickformat": "~g"})
TABLES = Measure("bytes of tables (lower is better)", lambda one: one.choice.table_bytes, {})


def measures(candidates: Sequence[Candidate]) -> list[Measure]:
    """Those that are known of candidates: accuracy of what was trained, estimated losses of all."""
    return [one for one in (ACCURACY, LOSS) if one.known(candidates)]


def rate_plot(answer: Answer) -> Plot:
    """Images a second against accuracy, estimated loss, or where neither is known, bytes of tables."""
    shown = measures(answer.candidates) or [TABLES]
    rates = [one.choice.images_per_s for one in answer.candidates]
    most = max(one.choice.shares["lut"] for one in answer.candidates)
    data: list[dict[str, Any]] = []
    for number, measure in enumerate(shown, start=1):
        data += _points(answer, measure, lambda one: one.choice.images_per_s, number,
                        lambda one: {"color": one.choice.shares["lut"], "coloraxis": "coloraxis"})
    bar = {"title": {"text": "LUTs"}, "tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "nticks": 6}
    colors = {"colorscale": SHARES, "cmin": 0, "cmax": most, "colorbar": bar}
    figure = {"data": data, "layout": _panels(shown, answer.candidates, axis("images a second", rates),
                                              coloraxis=colors)}
    note = ("Each mark is a way to encode with its best core; colour is the share of the board's LUTs, shape the "
            "metric. No other candidate is better than those on the line in every respect.")
    return Plot("rate", "Rate and " + ("accuracy" if shown != [TABLES] else "size"), note, figure)


def size_plot(answer: Answer) -> Plot | None:
    """Bytes of tables against accuracy or loss; None: neither is known."""
    shown = measures(answer.candidates)
    if not shown:
        return None
    vectors = sorted({one.v for one in answer.candidates})
    colors = {v: PALETTE[number % len(PALETTE)] for number, v in enumerate(vectors)}
    data: list[dict[str, Any]] = []
    for number, measure in enumerate(shown, start=1):
        data += _points(answer, measure, lambda one: one.choice.table_bytes, number,
                        lambda one: {"color": colors[one.v]}, line=False)
    first = "y" if len(shown) == 1 else "y1"
    data += [{"type": "scatter", "mode": "markers", "x": [None], "y": [None], "yaxis": first.replace("y1", "y"),
              "name": f"v={v}", "marker": {"color": color, "size": 10, "symbol": "circle"}}
             for v, color in colors.items()]
    sizes = [one.choice.table_bytes for one in answer.candidates]
    figure = {"data": data, "layout": _panels(shown, answer.candidates, axis("bytes of tables", sizes))}
    return Plot("size", "Accuracy and size", "What smaller tables cost: colour is the vector length v, shape the "
                                             "metric.", figure)


def _points(answer: Answer, measure: Measure, across: Callable[[Candidate], float], panel: int,
            mark: Callable[[Candidate], dict[str, Any]], line: bool = True) -> list[dict[str, Any]]:
    """Traces of a panel: the front as a line, candidates by metric, the pick as a star."""
    known = measure.known(answer.candidates)
    common = {"type": "scatter", "yaxis": "y" if panel == 1 else f"y{panel}"}
    traces: list[dict[str, Any]] = []
    if line:
        front = sorted((one for one in known if one.front), key=across)
        traces.append({**common, "mode": "lines", "name": "front", "x": [across(one) for one in front],
                       "y": measure.values(front), "hoverinfo": "skip", "legendgroup": "front",
                       "line": {"color": "rgba(128, 128, 128, 0.7)", "width": 1.5, "dash": "dot"}})
    groups = [(metric, symbol, 11, [one for one in known if one.metric == metric and one != answer.pick])
              for metric, symbol in SYMBOLS.items()]
    groups.append(("pick", "star", 19, [one for one in known if one == answer.pick]))
    named = {name: min(number for number, each in enumerate(measures(answer.candidates) or [measure], start=1)
                       if any(one in each.known(answer.candidates) for one in of) or number == panel)
             for name, _, _, of in groups if of}
    for name, symbol, size, of in groups:
        if not of:
            continue
        marks = [mark(one) for one in of]
        marker = {**marks[0], "color": [each["color"] for each in marks], "symbol": symbol, "size": size}
        traces.append({**common, "mode": "markers", "name": name, "legendgroup": name, "marker": marker,
                       "x": [across(one) for one in of], "y": measure.values(of), "cliponaxis": False,
                       "text": [described(one) for one in of], "hovertemplate": "%{text}<extra></extra>",
                       "showlegend": named[name] == panel})
    return traces


def _panels(shown: Sequence[Measure], candidates: Sequence[Candidate], across: dict[str, Any],
            **more: Any) -> dict[str, Any]:
    """Measures above each other, over one axis."""
    made = layout(330 + 190 * (len(shown) - 1), **more)
    height, gap = 1 / len(shown), 0.08
    for number, measure in enumerate(shown, start=1):
        low, high = 1 - number * height, 1 - (number - 1) * height
        options = axis(measure.title, measure.values(candidates), **measure.options)
        made["yaxis" if number == 1 else f"yaxis{number}"] = {
            **options, "domain": [low, high if number == 1 else high - gap]}
    return {**made, "xaxis": {**across, "anchor": "y" if len(shown) == 1 else f"y{len(shown)}"}}


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
