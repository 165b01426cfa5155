"""The generated parts of docs/cost-model.md, and its plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.cost_model import Compared
from lutdla.explore.area import COEFFICIENTS_FILE
from lutdla.explore.energy import ADD_BIT_PJ, DRAM_BIT_PJ, MEMORY_BIT_PJ, MULTIPLY_PJ
from lutdla.explore.limits import SPARE, WORDS
from lutdla.spec.document import table

NAMES = NAME, FIT = "cost_model", "area_fit"

BEGIN, END = "<!-- {}: written by `make docs` -->", "<!-- end of {} -->"

PANELS = {"cycles": "cycles of an image", "lut": "LUTs, with memory", "ff": "flip-flops", "ramb36": "RAMB36"}

TARGETS = {"cycles": 0.03, "lut": 0.10}
"""Mean errors that the models are meant to keep."""


def validation(figures: dict[str, Any]) -> str:
    """Errors on the held-out points."""
    rows = [(words, f"{figures[f'{name}_error_mean']:.1%}", f"{figures[f'{name}_error_max']:.1%}",
             f"{figures[f'{name}_bias']:+.1%}", f"{TARGETS[name]:.0%}" if name in TARGETS else "",
             figures[f"{name}_worst"])
            for name, words in (("cycles", "cycles, of the compiled program"), ("lut", "LUTs"), ("ff", "flip-flops"))]
    lines = [table(("predicted", "mean error", "largest", "bias", "target of the mean", "worst point"), rows), ""]
    lines.append(f"{figures['points']} points of {figures['networks']} networks, {figures['streamed']} of them with "
                 "several images a pass or streamed tables. Block RAM is exact on "
                 f"{figures['ramb_exact']:.1%} of the points, UltraRAM on {figures['uram_exact']:.1%}, DSPs on "
                 f"{figures['dsp_exact']:.1%}. What the search says of sizes alone, before anything is compiled, is "
                 f"off by {figures['search_cycles_error_mean']:.1%} on average where tables are resident, by "
                 f"{figures['search_cycles_error_max']:.1%} at most.")
    if "unseen_points" in figures:
        lines += ["", (f"On the {figures['unseen_points']} points that were not looked at before the model was mended "
                       f"(below), cycles are off by {figures['unseen_cycles_error_mean']:.1%} on average, by "
                       f"{figures['unseen_cycles_error_max']:.1%} at most.")]
    return "\n".join([*lines, "", _made_by(figures)])


def coefficients(fit: dict[str, Any]) -> str:
    """What the fit gave, and how near it is on its own points."""
    found = json.loads(COEFFICIENTS_FILE.read_text(encoding="utf-8"))
    names = list(dict.fromkeys([*found["lut"], *found["ff"]]))
    rows = [(f"`{name}`", *(f"{found[kind][name]:,.4g}" if name in found[kind] else "" for kind in ("lut", "ff")))
            for name in names]
    near = (f"On the {fit['points']} points of the fit: LUTs off by {fit['lut_error_mean']:.1%} on average and "
            f"{fit['lut_error_max']:.1%} at most, LUTs as memory {fit['lutram_error_mean']:.1%} and "
            f"{fit['lutram_error_max']:.1%}, flip-flops {fit['ff_error_mean']:.1%} and {fit['ff_error_max']:.1%}.")
    return "\n".join([table(("term", "LUTs", "flip-flops"), rows), "", near, "", _made_by(fit)])


def energies() -> str:
    """Costs of the energy model."""
    rows = [("addition or comparison, a bit", f"{ADD_BIT_PJ:.4f}"), ("multiplication, 8 x 8 bits", f"{MULTIPLY_PJ:g}"),
            ("on-chip memory, a bit", f"{MEMORY_BIT_PJ:.3f}"), ("DRAM, a bit", f"{DRAM_BIT_PJ:.1f}")]
    return table(("operation", "pJ"), rows)


def spare() -> str:
    """What is left to the surroundings."""
    return ", ".join(f"{share:.0%} of the {WORDS[name]}" for name, share in SPARE.items() if share)


def _made_by(figures: dict[str, Any]) -> str:
    return f"Made by `{figures['command']}` at commit `{figures['commit']}` on {figures['date']}; {figures['machine']}."


def blocks(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The parts, by name; those that were not measured say so."""
    missing = "Not measured yet: `python -m benchmarks.record {0} python -m benchmarks.{0}` does it."
    return {
        "validation": validation(found[NAME]) if NAME in found else missing.format(NAME),
        "coefficients": coefficients(found[FIT]) if FIT in found else missing.format(FIT),
        "energies": energies(), "spare": f"Left to them: {spare()}.",
    }  # fmt: skip


def page(text: str, found: dict[str, dict[str, Any]]) -> str:
    """docs/cost-model.md with its generated parts replaced.

    Raises:
        ValueError: the marks of a part are missing.
    """
    for name, content in blocks(found).items():
        begin, end = BEGIN.format(name), END.format(name)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"docs/cost-model.md must hold {begin!r} and {end!r} once each")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{content}\n\n{end}{rest.partition(end)[2]}"
    return text


def plot(found: list[Compared], path: Path) -> None:
    """Predicted against measured, a panel for each resource; streamed points are hollow."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lutdla"
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure, panels = plt.subplots(1, len(PANELS), figsize=(13, 3.6), layout="constrained")
    for panel, (name, words) in zip(panels, PANELS.items(), strict=True):
        values = [(one.measured[name], one.predicted[name], one.searched is None) for one in found
                  if one.measured[name]]
        ends = (0.7 * min(value for value, *_ in values), 1.4 * max(value for value, *_ in values))
        panel.fill_between(ends, [0.9 * end for end in ends], [1.1 * end for end in ends], color="0.92", label="±10 %")
        panel.plot(ends, ends, color="0.6", linewidth=1)
        for streamed, face in ((False, "#0072B2"), (True, "none")):
            some = [(measured, predicted) for measured, predicted, hollow in values if hollow == streamed]
            if some:
                panel.plot(*zip(*some, strict=True), "o", color="#0072B2", markerfacecolor=face, markersize=5,
                           label="streamed" if streamed else "resident")
        panel.set(xscale="log", yscale="log", xlabel="measured", ylabel="predicted", title=words, xlim=ends, ylim=ends)
        panel.set_aspect("equal")
        steps = (1.0,) if ends[1] > 100 * ends[0] else (1.0, 2.0, 5.0)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(LogLocator(subs=steps))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axis.set_minor_formatter(NullFormatter())
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
