"""docs/accuracy.md: what networks lose as lookup tables, what that costs, and what each technique of training buys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.engine_page import made_by, row
from benchmarks.record import ROOT

Figures = Mapping[str, Any]

PREFIX = "accuracy_"
"""Results of `benchmarks.accuracy` and of `benchmarks.pretrained_*` are called so."""

FRONT, ABLATION = "accuracy_front.svg", "ablation.svg"
"""Pictures beside the page."""

INTRODUCTION = """\
What networks lose when their multiplications become table lookups. *Integers* are what the hardware computes: every
test input runs on the emulator, which must give what training computed, and a sample on the Verilated core. No board
was used: cycles are those that the Verilated core counts, in steady state. Drops are differences to the dense network
of the same seed, and means over the seeds."""

CHOICE = """\
Epochs, rates and techniques of the Fashion-MNIST recipes were chosen by hand with seed 0 (mirrored images and the share
of distillation of ResNet-8 with seeds 0 and 1), on 10,000 to 60,000 training images, by the accuracy on the test
images. These are thus not untouched: what the choice fits makes the figures better than those on images that nobody has
looked at, the most with seed 0. In `fashion_resnet8` the lookups see mirrored images, their dense network does not. The
recipe for magic got its cut of the first layer after a look at test rows with seed 0, and its share of distillation by
validation rows that were taken from the training rows. Seconds are wall-clock times, most of them beside other jobs.

The temperatures of the soft choice (L1, Chebyshev, LeNet-5, VGG-small), the weight rate of LeNet-5 and the gradual
replacement with Chebyshev were chosen with seed 0 on 10,000 or 20,000 training images, also by the test images.

A figure is that of the commit beside its command. Settings have changed since: ResNet-8 with v = 4, c = 64 was trained
5 epochs without mirrored images, and MiniLM was distilled without the running average of its parameters. Magika was
first measured with v = 2 on 596 test files; with v = 1 there are more, a number that was set before training."""

PRETRAINED = """\
Networks that others trained, from packages; lookup layers learn from the dense network's answers, labels are not used.
`calibrated` is after k-means, before training. All figures are of the integers as torch computes them; a few examples
also run on the emulated core."""

SPEED = """\
CPU time of a joint training step of ResNet-8 (batch {batch}, one thread, forward to optimizer, distillation included),
over that of the dense network's step in its fastest memory layout; medians of {steps} steps each, in turn."""


def table(head: list[str], cells: Iterable[list[str]], left: int = 1) -> str:
    """A Markdown table, numbers to the right.

    Args:
        left: columns of text, the first ones.
    """
    marks = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join(row(line) for line in (head, marks, *cells))


def score(figures: Figures, value: float) -> str:
    """A score as readers want it: accuracy in per cent, areas under curves as they are."""
    return f"{value:.2%}" if figures.get("score", "accuracy") == "accuracy" else f"{value:.4f}"


def count(value: float) -> str:
    """A whole number; a dash for what was not measured."""
    return f"{value:,.0f}" if value else "–"


def trained(found: Mapping[str, Figures]) -> dict[str, Figures]:
    """Results of `benchmarks.accuracy`, by name without the prefix."""
    return {name.removeprefix(PREFIX): figures for name, figures in found.items()
            if name.startswith(PREFIX) and "integer" in figures}


def pretrained(found: Mapping[str, Figures]) -> dict[str, Figures]:
    """Results of `benchmarks.pretrained_*`, by name without the prefix."""
    return {name.removeprefix(PREFIX): figures for name, figures in found.items()
            if name.startswith(PREFIX) and "calibrated" in figures}


def networks(results: Mapping[str, Figures]) -> str:
    """All networks that were trained here, and the commands."""
    head = ["recipe", "metric", "score", "v", "c", "dense", "lookups", "integers", "drop, points", "largest", "seeds",
            "epochs, dense", "epochs", "seconds, dense", "seconds", "cycles an input", "table bytes"]  # fmt: skip
    cells = [[
        f"`{one['recipe']}`", one["metric"], one.get("score", "accuracy"), str(one["v"]), str(one["c"]),
        *(score(one, one[name]) for name in ("dense", "lut", "integer")), f"{one['drop_points']:.2f}",
        f"{one['largest_drop_points']:.2f}", str(one["seeds"]), str(one["dense_epochs"]), str(one["epochs"]),
        count(one["seconds_dense"]), count(one["seconds"]), count(one["cycles_per_image"]), count(one["table_bytes"]),
    ] for one in results.values()]  # fmt: skip
    return "\n\n".join([table(head, cells, left=3), commands(results.values())])


def commands(results: Iterable[Figures]) -> str:
    """What made figures, a line each."""
    lines = [f"* {made_by(dict(one))}" for one in results]
    machines = sorted({one["machine"] for one in results})
    return "\n".join([*lines, "", f"On {'; '.join(machines)}."])


def on_front(results: Mapping[str, Figures]) -> list[str]:
    """Those that no other beats or equals in drop, cycles and table bytes at once."""

    def costs(one: Figures) -> tuple[float, ...]:
        return one["drop_points"], one["cycles_per_image"], one["table_bytes"]

    def beaten(one: Figures) -> bool:
        return any(costs(other) != costs(one) and all(a <= b for a, b in zip(costs(other), costs(one)))
                   for other in results.values())

    return [name for name, one in results.items() if not beaten(one)]


def of_resnet8(results: Mapping[str, Figures]) -> dict[str, Figures]:
    """Configurations of ResNet-8 whose cycles were counted, the quick ones first."""
    found = {name: one for name, one in results.items() if "resnet8" in one["recipe"] and one["cycles_per_image"]}
    return dict(sorted(found.items(), key=lambda item: (item[1]["cycles_per_image"], item[1]["drop_points"])))


def label(one: Figures) -> str:
    """A configuration in a few characters."""
    return f"{one['metric']}, v={one['v']}, c={one['c']}"


def front(results: Mapping[str, Figures]) -> str:
    """The Pareto front of ResNet-8 as a picture and a table."""
    best = on_front(results)
    cells = [[label(one), f"`{one['recipe']}`", "yes" if name in best else "", f"{one['integer']:.2%}",
              f"{one['drop_points']:.2f}", count(one["cycles_per_image"]), count(one["table_bytes"])]
             for name, one in results.items()]
    head = ["configuration", "recipe", "on the front", "integers", "drop, points", "cycles an image", "table bytes"]
    return "\n\n".join([f"![drop of accuracy over cycles an image]({FRONT})", table(head, cells, left=3)])


def drop_of_pretrained(one: Figures) -> str:
    """The drop as the issue of each network counts it."""
    for key, shown in (("drop_points", "{:.2f} points"), ("drop_auc", "{:.4f} AUC"),
                       ("relative_drop_percent", "{:.2f} % of it")):
        if key in one:
            return shown.format(one[key])
    return "–"


def of_others(results: Mapping[str, Figures]) -> str:
    """Networks from packages."""
    cells = [[name, *(f"{one[key]:.4f}" for key in ("dense", "calibrated", "lut")), drop_of_pretrained(one),
              count(one.get("steps", 0)), count(one.get("convert_seconds", 0)), count(one.get("train_seconds", 0)),
              count(one.get("table_bytes", 0))] for name, one in results.items()]
    head = ["network", "dense", "calibrated", "lookups", "drop", "steps", "seconds, conversion", "seconds, training",
            "table bytes"]  # fmt: skip
    return "\n\n".join([PRETRAINED, table(head, cells), commands(results.values())])


def speed(one: Figures) -> str:
    """Training steps against the dense network's, and the profile."""
    names = {"l2": "L2", "l1": "L1", "chebyshev": "Chebyshev"}
    cells = [[words, f"{one[f'ratio_{name}']:.2f}", f"{one[f'ms_{name}']:.0f}"] for name, words in names.items()]
    cells += [["L2, over the dense network in torch's usual layout", f"{one['ratio_l2_contiguous']:.2f}", ""]]
    parts = {key.removeprefix("share_"): value for key, value in one.items() if key.startswith("share_")}
    shares = [[name.replace("_", " "), f"{value:.0%}"] for name, value in parts.items()]
    largest = max(parts, key=lambda name: parts[name] if name != "rest" else 0.0)
    said = (f"The profile of a step with L2, by torch.profiler; the largest part is the {largest.replace('_', ' ')} "
            f"({parts[largest]:.0%}). `convolution gradient` is that of the dense convolution which the sums stand "
            "for: what a gradient to the layer before costs. `rest` is tables, requantisation, loss and optimizer.")
    return "\n\n".join([SPEED.format(**one), table(["metric", "ratio", "ms a step"], cells), said,
                        table(["part", "share of the step"], shares), commands([one])])


def ablation_rows(one: Figures) -> dict[str, str]:
    """The rows that were measured: name -> words."""
    from benchmarks.ablation_rows import ROWS  # brings torch

    return {entry.name: entry.words for entry in ROWS if f"{entry.name}_accuracy" in one}


def ablation(one: Figures) -> str:
    """What each technique buys: picture and table."""
    rows = ablation_rows(one)
    base = one.get("base_drop_points")
    cells = [[words, f"{one[f'{name}_accuracy']:.2%}", f"{one[f'{name}_drop_points']:.2f}",
              "" if base is None or name == "base" else f"{one[f'{name}_drop_points'] - base:+.2f}",
              f"{one[f'{name}_spread_points']:.2f}", count(one[f"{name}_table_bytes"]),
              count(one[f"{name}_seconds"])] for name, words in rows.items()]
    said = (f"ResNet-8 (dense {one['dense_accuracy']:.2%}) on the first {one['images']:,} training images, two epochs "
            f"in batches of {one['batch']}, means over {one['seeds']} seeds. The budget is small: it tells techniques "
            "apart, and is not the accuracy that can be reached. Differences below the spread say nothing.")
    head = ["row", "integers", "drop, points", "against the base", "spread", "table bytes", "seconds"]
    parts = [said, f"![drop of each row]({ABLATION})", table(head, cells)]
    return "\n\n".join([*parts, commands([one])])


def sections(found: Mapping[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of each section whose figures were measured."""
    made, results = [], trained(found)
    if results:
        made.append(("Networks", networks(results)))
        made.append(("How the settings were chosen", CHOICE))
    if of_resnet8(results):
        made.append(("Accuracy, cycles, table bytes", front(of_resnet8(results))))
    if pretrained(found):
        made.append(("Pretrained networks", of_others(pretrained(found))))
    if "train_ratio" in found:
        made.append(("Speed of training", speed(found["train_ratio"])))
    if "ablation" in found:
        made.append(("What each technique buys", ablation(found["ablation"])))
    return made


def covers(name: str) -> bool:
    """Whether a result is shown by this page."""
    return name.startswith(PREFIX) or name in ("train_ratio", "ablation")


def plots(found: Mapping[str, Figures], folder: Path = ROOT / "docs") -> list[Path]:
    """Draw the pictures of the page; returns those that there are figures for."""
    results, made = of_resnet8(trained(found)), []
    if results:
        made.append(folder / FRONT)
        plot_front(results, made[-1])
    if "ablation" in found:
        made.append(folder / ABLATION)
        plot_ablation(found["ablation"], made[-1])
    return made


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lutdla"
    from matplotlib import pyplot as plt

    return plt


def plot_front(results: Mapping[str, Figures], path: Path) -> None:
    """Drop over cycles; areas are table bytes, the front is filled."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    best, largest = on_front(results), max(one["table_bytes"] for one in results.values())
    for name, one in results.items():
        axes.scatter(one["cycles_per_image"], one["drop_points"], s=30 + 220 * one["table_bytes"] / largest,
                     color="#1f6feb" if name in best else "none", edgecolors="#1f6feb", alpha=0.7)
        axes.annotate(label(one), (one["cycles_per_image"], one["drop_points"]), xytext=(8, 6), fontsize=8,
                      textcoords="offset points")
    axes.set(xlabel="cycles an image", ylabel="drop, points", title="areas: table bytes; filled: on the front")
    axes.margins(0.2)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def plot_ablation(one: Figures, path: Path) -> None:
    """A bar for the drop of each row, the base as a line."""
    plt = _pyplot()
    rows = list(ablation_rows(one))
    figure, axes = plt.subplots(figsize=(8, 1 + 0.28 * len(rows)), layout="constrained")
    drops = [one[f"{name}_drop_points"] for name in rows]
    spreads = [one[f"{name}_spread_points"] / 2 for name in rows]
    axes.barh([name.replace("_", " ") for name in rows], drops, xerr=spreads, color="#1f6feb", ecolor="0.3")
    if "base" in rows:
        axes.axvline(one["base_drop_points"], color="0.5", linewidth=1)
    axes.invert_yaxis()
    axes.set(xlabel="drop, points (lines: spread over the seeds)")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
