"""Plots of the pick of a board: what it takes of the board, its cycles by layer, what its memories hold when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.choice import Choice
from lutdla.explore.limits import RESOURCES, WORDS, Limits
from lutdla.page.network_plots import layer_plot, memory_plots
from lutdla.page.plot_parts import FAINT, PALETTE, Plot, axis, layout


def pick_plots(answer: Answer, pick: Candidate) -> Iterator[Plot]:
    """All plots of the pick."""
    yield use_plot(answer.limits, pick.choice)
    yield layer_plot(pick.choice.explanation, pick.choice.cycles_per_image)
    yield from memory_plots(pick.choice.explanation)


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
