"""Plots of a model report: cycles, codebooks, tables, classes, differences from the dense network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lutdla.compiler.explain import Explanation
from lutdla.page.network_plots import layer_plot, memory_plots
from lutdla.page.plot_parts import FAINT, PALETTE, Plot, axis, layout, lines, short, text
from lutdla.report.accuracy import Accuracy
from lutdla.report.codebooks import MapUse
from lutdla.report.cycles import Counted
from lutdla.report.differences import MapDifference
from lutdla.report.model_report import ModelReport
from lutdla.report.tables import BINS, TableUse

MOST_CLASSES = 30
"""Classes whose accuracy and confusion are drawn; those of more are in the table."""

FAINT_TO_STRONG = [[0.0, FAINT], [0.15, "#56B4E9"], [0.5, "#E69F00"], [1.0, "#A83A00"]]
"""Scale of shares on light and dark: nothing, blue, orange, red-brown."""

HEAT = {"type": "heatmap", "colorscale": FAINT_TO_STRONG, "hoverongaps": False, "xgap": 1, "ygap": 1,
        "hovertemplate": "%{text}<extra></extra>", "texttemplate": ""}  # fmt: skip


def plots(report: ModelReport) -> Iterator[Plot]:
    """All plots of a report, by what they need: figures that are not there have none."""
    if report.accuracy is not None and len(report.accuracy.classes) <= MOST_CLASSES:
        yield class_plot(report.accuracy)
        yield confusion_plot(report.accuracy)
    if report.differences:
        yield difference_plot(report.differences)
    if report.maps:
        yield loss_plot(report.maps, bool(report.differences))
        yield choice_plot(report.maps)
    yield table_plot(report.tables)
    yield cycle_plot(report.explanation, report.counted)
    yield from memory_plots(report.explanation)


def class_plot(found: Accuracy) -> Plot:
    """Accuracy of each class, of both networks."""
    names = [short(one.name) for one in found.classes]
    data = [_bars("lookup network", [one.lut for one in found.classes], PALETTE[0],
                  [f"<b>{text(one.name)}</b><br>{one.lut:.1%} of {one.examples:,} examples" for one in found.classes])]
    if found.dense is not None:
        data.append(_bars("dense network", [one.dense for one in found.classes], PALETTE[1],
                          [f"<b>{text(one.name)}</b><br>{one.dense:.1%} of {one.examples:,} examples, dense"
                           for one in found.classes], pattern="/"))
    low = min(one.lut if one.dense is None else min(one.lut, one.dense) for one in found.classes)
    across = axis("accuracy", tickformat=".0%", range=[max(0.0, low - 0.1), 1.0])
    figure = _horizontal(data, names, across, barmode="group")
    return Plot("classes", "Accuracy by class", "Bars start at the lowest accuracy, less 10 points; not at 0.", figure,
                "accuracy")


def confusion_plot(found: Accuracy) -> Plot:
    """Wrong answers: class against answer."""
    names = [one.name for one in found.classes]
    shown = np.array(found.confusion, np.int64)
    used = [at for at in range(len(shown)) if shown[at].any()]
    errors = shown[np.ix_(used, used)]
    np.fill_diagonal(errors, 0)
    said = [[lines(f"<b>{text(a)}</b> taken for <b>{text(b)}</b>", f"{errors[i, j]:,} examples")
             for j, b in enumerate(names)] for i, a in enumerate(names)]
    figure = _heat(errors.tolist(), [short(name) for name in names], said, "answer", [short(name) for name in names],
                   "examples")
    return Plot("confusion", "What is taken for what", "Wrong answers of the lookup network; right ones are left out.",
                figure, "accuracy")


def difference_plot(found: Sequence[MapDifference]) -> Plot:
    """Where the networks part: what each map adds to the difference."""
    before = [max(0.0, one.unexplained - max(0.0, one.added)) for one in found]
    added = [one.unexplained - least for one, least in zip(found, before, strict=True)]
    told = [lines(f"<b>{text(one.map)}</b>", f"{one.unexplained:.1%} of the dense values' variance is not explained",
                  f"{one.added:+.1%} against what the layer reads") for one in found]
    data = [_bars("in what the layer reads", before, PALETTE[4], told),
            _bars("added by the layer", added, PALETTE[5], told, pattern="/")]  # fmt: skip
    most = max(one.unexplained for one in found)
    figure = _horizontal(data, [short(one.map) for one in found],
                         axis("difference from the dense network", tickformat=".0%", range=[0, 1.05 * max(most, 0.01)]),
                         barmode="stack")
    return Plot("differences", "Where the lookup network leaves the dense one",
                "Share of the variance of the dense network's values, map by map, that the lookup network's values do "
                "not explain.", figure, "loss")


def loss_plot(found: Sequence[MapUse], beside: bool) -> Plot:
    """What encoding loses of each map, and how many of its centroids are dead."""
    told = [lines(f"<b>{text(one.map)}</b>", f"{one.loss:.1%} of the variance lost by encoding",
                  f"{one.dead:,} of {one.centroids:,} centroids never chosen") for one in found]
    data = [_bars("variance lost by encoding", [one.loss for one in found], PALETTE[0], told),
            _bars("dead centroids", [one.dead / one.centroids for one in found], PALETTE[5], told, pattern="/")]
    most = max(max(one.loss, one.dead / one.centroids) for one in found)
    figure = _horizontal(data, [short(one.map) for one in found],
                         axis("share", tickformat=".0%", range=[0, 1.05 * max(most, 0.01)]), barmode="group")
    return Plot("encoding", "What encoding loses", "Of each map that is encoded: the variance that centroids do not "
                "keep, and the share of centroids that no input chose.", figure, "loss" if beside else "codebooks")


def choice_plot(found: Sequence[MapUse]) -> Plot:
    """How evenly centroids are chosen: mean share of the choices by rank."""
    most = max(len(one.choices[0]) for one in found)
    ranks = [np.pad(np.mean(one.choices, axis=0), (0, most - len(one.choices[0]))) for one in found]
    said = [[lines(f"<b>{text(one.map)}</b>", f"rank {rank + 1}: {share:.2%} of the choices")
             for rank, share in enumerate(shares)] for one, shares in zip(found, ranks, strict=True)]
    figure = _heat([list(map(float, shares)) for shares in ranks], [short(one.map) for one in found], said,
                   "centroid, the most chosen first", [str(rank + 1) for rank in range(most)], "share", ".0%")
    return Plot("choices", "How often centroids are chosen", f"Mean over the codebooks of a map. Even use would be "
                f"{1 / most:.1%} each; a row that ends early has dead centroids.", figure, "codebooks")


def table_plot(found: Sequence[TableUse]) -> Plot:
    """How much of their eight bits tables use."""
    size = 256 // BINS
    said = [[lines(f"<b>{text(one.layer)}</b>", f"{at * size - 128}..{at * size - 121}: {share:.2%} of the entries "
                   "that are not 0") for at, share in enumerate(one.histogram)] for one in found]
    figure = _heat([one.histogram for one in found], [short(one.layer) for one in found], said, "value of an entry",
                   [str(at * size - 128) for at in range(BINS)], "share", ".0%")
    figure["layout"]["xaxis"] |= {"tickvals": [0, BINS // 4, BINS // 2, 3 * BINS // 4, BINS - 1],
                                  "ticktext": ["-128", "-64", "0", "64", "127"]}
    return Plot("tables", "Values in the tables", "Entries that are not 0. Tables of a layer share a scale: a narrow "
                "row wastes bits, full edges clip.", figure, "cycles")


def cycle_plot(found: Explanation, counted: Counted | None) -> Plot:
    """Cycles of each layer, counted where they were, else predicted."""
    if counted is None:
        return replace(layer_plot(found, found.cycles_per_image), group="cycles")
    own: dict[str, int] = {}
    for record in found.records:
        own[record.layer] = own.get(record.layer, 0) + record.steps
    records = []
    for record in found.records:  # a layer's counted cycles, shared out by steps
        cycles = counted.layers.get(record.layer, 0.0) * found.images
        records.append(replace(record, waits=0, cycles=round(cycles * record.steps / max(1, own[record.layer]))))
    total = sum(counted.layers.values())
    told = f"Cycles counted by {counted.backend} in the newest pass"
    return replace(layer_plot(replace(found, records=tuple(records)), total, told), group="cycles")


def _bars(name: str, values: Sequence[float | None], color: str, told: Sequence[str],
          pattern: str = "") -> dict[str, Any]:
    return {"type": "bar", "orientation": "h", "name": name, "x": list(values), "y": list(range(len(values))),
            "marker": {"color": color, "pattern": {"shape": pattern, "size": 6}}, "customdata": list(told),
            "hovertemplate": "%{customdata}<extra></extra>"}


def _horizontal(data: list[dict[str, Any]], names: list[str], across: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Bars beside names, the first on top."""
    up = {"automargin": True, "autorange": "reversed", "tickvals": list(range(len(names))), "ticktext": names}
    return {"data": data, "layout": layout(110 + 26 * len(names), bargap=0.3, xaxis=across, yaxis=up, **more)}


def _heat(values: list[list[float]], names: list[str], said: list[list[str]], title: str, columns: list[str],
          unit: str, form: str = "") -> dict[str, Any]:
    """A heat map: a row for each name."""
    trace = {**HEAT, "z": values, "text": said, "zmin": 0,
             "colorbar": {"title": {"text": unit, "side": "right"}, "tickformat": form, "thickness": 10, "len": 1}}
    across = axis(title, tickvals=list(range(len(columns))), ticktext=columns)
    up = {"automargin": True, "autorange": "reversed", "tickvals": list(range(len(names))), "ticktext": names}
    return {"data": [trace], "layout": layout(max(220, 110 + 26 * len(names)), xaxis=across, yaxis=up)}
