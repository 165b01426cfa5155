"""Plots of a network on its core: its cycles by layer, what its memories hold when."""

from __future__ import annotations

from collections.abc import Iterator

from lutdla.compiler.explain import Explanation
from lutdla.page.plot_parts import PALETTE, Plot, axis, layout, lines, short, text

MEMORIES = {"index_words": ("Index memory", "word"), "value_rows": ("Value memory", "group"),
            "table_rows": ("Table memory", "row")}  # fmt: skip
"""Memory -> its name, and what an address of it is."""

MOST_BESIDE = 14
"""Layers whose plot fits beside another; that of more takes the width of the page."""


def layer_plot(found: Explanation, cycles_per_image: float, told: str = "Predicted cycles") -> Plot:
    """Cycles of an image in each layer: lookups, what rows and records wait for each other, waits for the stream.

    Args:
        found: records with their cycles.
        cycles_per_image: of the whole network.
        told: what the cycles are.
    """
    layers: dict[str, list[float]] = {}
    for record in found.records:
        counts = layers.setdefault(record.layer, [0.0, 0.0, 0.0])
        for at, cycles in enumerate((record.steps, record.cycles - record.steps, record.waits)):
            counts[at] += cycles / found.images
    kinds = (("lookups", PALETTE[0], ""), ("between rows and layers", PALETTE[4], ""),
             ("waiting for the stream", PALETTE[1], "/"))
    data = [{"type": "bar", "orientation": "h", "name": name, "y": list(range(len(layers))),
             "x": [counts[at] for counts in layers.values()],
             "marker": {"color": color, "pattern": {"shape": pattern, "size": 6}},
             "customdata": [lines(f"<b>{text(layer)}</b>", f"{counts[at]:,.0f} cycles an image, {name}",
                                  f"{sum(counts) / cycles_per_image:.1%} of the cycles are this layer's")
                            for layer, counts in layers.items()],
             "hovertemplate": "%{customdata}<extra></extra>"} for at, (name, color, pattern) in enumerate(kinds)]
    labels = {"tickvals": list(range(len(layers))), "ticktext": [short(name) for name in layers]}
    figure = {"data": data, "layout": layout(110 + 24 * len(layers), barmode="stack", bargap=0.3,
                                             xaxis=axis("cycles an image"),
                                             yaxis={"automargin": True, "autorange": "reversed", **labels})}
    note = f"{told} of each layer, of {cycles_per_image:,.0f} an image."
    return Plot("layers", "Where the cycles go", note, figure, "pick" if len(layers) <= MOST_BESIDE else "layers")


def memory_plots(found: Explanation) -> Iterator[Plot]:
    """A map of each memory: address against record, each map or table a rectangle from when it is written until it is
    read for the last time."""
    deep = {use.memory: use.available for use in found.memories}
    last = max(record.number for record in found.records)
    for memory, (name, unit) in MEMORIES.items():
        regions = [region for region in found.regions if region.memory == memory]
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
