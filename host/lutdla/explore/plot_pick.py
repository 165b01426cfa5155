"""Plots of the pick of a board: what it takes of the board, its cycles by layer, what its memories hold when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.choice import Choice
from lutdla.explore.limits import RESOURCES, WORDS, Limits
from lutdla.page.plot_parts import FAINT, PALETTE, Plot, axis, layout, lines, short, text

MEMORIES = {"index_words": ("Index memory", "word"), "value_rows": ("Value memory", "group"),
            "table_rows": ("Table memory", "row")}  # fmt: skip
"""Memory -> its name, and what an address of it is."""

MOST_BESIDE = 14
"""Layers whose plot fits beside another; that of more takes the width of the page."""


def pick_plots(answer: Answer, pick: Candidate) -> Iterator[Plot]:
    """All plots of the pick."""
    yield use_plot(answer.limits, pick.choice)
    yield layer_plot(pick.choice)
    yield from memory_plots(pick.choice)


def use_plot(limits: Limits, choice: Choice) -> Plot:
    """Shares of the board: of the core, left to what surrounds it, and free."""
    area = choice.area
    used = {"lut": area.lut + area.lutram, "ff": area.ff, "ramb36": area.ramb36, "uram": area.uram, "dsp": area.dsp}
    names = [name for name in RESOURCES if limits.amounts[name]]
    core = [choice.shares[name] for name in names]
    spare = [min(limits.spare[name], 1 - share) for name, share in zip(names, core, strict=True)]
    free = [1 - share - left for share, left in zip(core, spare, strict=True)]
    told = [f"{used[name]:,g} of {limits.amounts[name]:,} {WORDS[name]}"
            + (f"<br>{area.lutram:,} of them as memory" if name == "lut" else "") for name in names]
    left = [f"{limits.spare[name] * limits.amounts[name]:,.0f} {WORDS[name]} are left<br>to DMA and interconnect"
            for name in names]
    over = [f"{share * limits.amounts[name]:,.0f} {WORDS[name]}" for name, share in zip(names, free, strict=True)]
    data = [
        _bar("core", names, core, PALETTE[0], told),
        _bar("free", names, free, FAINT, over),
        _bar("left to surroundings", names, spare, PALETTE[1], left, pattern="/"),
    ]  # fmt: skip
    labels = {"tickvals": list(range(len(names))), "autorange": "reversed",
              "ticktext": [f"{WORDS[name]}  <b>{share:.0%}</b>" for name, share in zip(names, core, strict=True)]}
    across = axis("share of the board", tickformat=".0%", range=[0, 1], dtick=0.25)
    figure = {"data": data, "layout": layout(110 + 40 * len(names), barmode="stack", bargap=0.35, xaxis=across,
                                             yaxis={"automargin": True, **labels})}
    note = ("As expected of the calibrated toolchain." if limits.factors else "Estimated for the core alone. What "
            "surrounds it, DMA, interconnect and reset, is assumed to need the hatched share.")
    return Plot("use", "What the core takes of the board", note, figure, "pick")


def _bar(name: str, ids: list[str], shares: list[float], color: str, told: list[str],
         pattern: str = "") -> dict[str, Any]:
    return {"type": "bar", "orientation": "h", "name": name, "x": shares, "y": list(range(len(ids))),
            "marker": {"color": color, "pattern": {"shape": pattern, "size": 6}}, "customdata": told,
            "hovertemplate": "%{customdata}<extra></extra>"}


def layer_plot(choice: Choice) -> Plot:
    """Cycles of an image in each layer: lookups, what rows and records wait for each other, waits for the stream."""
    layers: dict[str, list[float]] = {}
    for record in choice.explanation.records:
        counts = layers.setdefault(record.layer, [0.0, 0.0, 0.0])
        for at, cycles in enumerate((record.steps, record.cycles - record.steps, record.waits)):
            counts[at] += cycles / choice.images
    kinds = (("lookups", PALETTE[0], ""), ("between rows and layers", PALETTE[4], ""),
             ("waiting for the stream", PALETTE[1], "/"))
    data = [{"type": "bar", "orientation": "h", "name": name, "y": list(range(len(layers))),
             "x": [counts[at] for counts in layers.values()],
             "marker": {"color": color, "pattern": {"shape": pattern, "size": 6}},
             "customdata": [lines(f"<b>{text(layer)}</b>", f"{counts[at]:,.0f} cycles an image, {name}",
                                  f"{sum(counts) / choice.cycles_per_image:.1%} of the cycles are this layer's")
                            for layer, counts in layers.items()],
             "hovertemplate": "%{customdata}<extra></extra>"} for at, (name, color, pattern) in enumerate(kinds)]
    labels = {"tickvals": list(range(len(layers))), "ticktext": [short(name) for name in layers]}
    figure = {"data": data, "layout": layout(110 + 24 * len(layers), barmode="stack", bargap=0.3,
                                             xaxis=axis("cycles an image"),
                                             yaxis={"automargin": True, "autorange": "reversed", **labels})}
    note = f"Predicted cycles of each layer, of {choice.cycles_per_image:,.0f} an image."
    return Plot("layers", "Where the cycles go", note, figure, "pick" if len(layers) <= MOST_BESIDE else "layers")


def memory_plots(choice: Choice) -> Iterator[Plot]:
    """A map of each memory: address against record, each map or table a rectangle from when it is written until it is
    read for the last time."""
    deep = {use.memory: use.available for use in choice.explanation.memories}
    last = max(record.number for record in choice.explanation.records)
    for memory, (name, unit) in MEMORIES.items():
        regions = [region for region in choice.explanation.regions if region.memory == memory]
        if not regions:
            continue
        until = [max(region.dies, region.born + 0.5) for region in regions]
        data = [{
            "type": "bar", "name": name, "showlegend": False, "base": [region.start for region in regions],
            "y": [region.size for region in regions],
            "x": [(region.born + end) / 2 for region, end in zip(regions, until, strict=True)],
            "width": [end - region.born for region, end in zip(regions, until, strict=True)],
            "marker": {"color": [PALETTE[at % 6] for at in range(len(regions))], "line": {"width": 1}},
            "text": [text(region.name) for region in regions], "textposition": "inside",
            "insidetextanchor": "middle", "textangle": 0,
            "customdata": [lines(f"<b>{text(region.name)}</b>", f"{region.size:,} {unit}s from {region.start:,} on",
                                 f"from record {region.born} to {region.dies}") for region in regions],
            "hovertemplate": "%{customdata}<extra></extra>",
        }]  # fmt: skip
        top = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": deep[memory], "y1": deep[memory],
               "line": {"color": PALETTE[5], "width": 1.5, "dash": "dash"}}
        figure = {"data": data, "layout": layout(
            300, barmode="overlay", shapes=[top], uniformtext={"mode": "hide", "minsize": 9},
            xaxis=axis("record", range=[0, last + 0.5], tick0=0, dtick=max(1, round(last / 7))),
            yaxis=axis(unit, range=[0, deep[memory] * 1.04]))}
        most = max(region.start + region.size for region in regions)
        yield Plot(f"memory-{memory}", name, f"{most:,} of {deep[memory]:,} {unit}s are used; the dashed line is what "
                                             "the core has.", figure, "memories")
