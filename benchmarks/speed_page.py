"""The emulator's and the host's part of docs/performance.md: how fast results come, and where the time goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.engine_page import made_by, row

Figures = dict[str, Any]

EMULATOR, HOST = "emulator_speed", "host_overhead"
"""Results that these sections show."""
NETWORKS = {"resnet8": "ResNet-8", "resnet8_streamed": "ResNet-8, tables streamed", "mlp": "MLP 784-64-64-10"}
BATCHES = (1, 32, 256)
"""Batches besides the main one."""
GOAL_US = 20
"""Microseconds that the host may take for an image of a batch of 1,024."""

EMULATION = """\
Whole calls `net(x)` from float32 images to float32 results: quantizing, packets with their CRCs, the core, and back.
torch runs the dense network of the same shape on the same arrays. {threads} thread each, taking turns; ratios of
neighbouring runs, their medians. {kernels} kernels, torch {torch}. In the same run, {mismatches} results of the
emulator differ from the reference. With few images a call, Python's own time and registers of {tile} passes that are
not filled count: there torch is faster."""

PROFILE = """\
Where the time of a call with {batch:,} images goes: in the kernels that execute the program, in Python around the
exchange (checking, quantizing, packing), and in decoding packets. The other columns: how many times as long the call
takes with kernels for other processors, and with numpy."""

OVERHEAD = """\
Microseconds an image that the host adds to the core's own time, through pynq's own classes on the emulated board: all
of the call but the model of the core. The emulation of DMA and caches is in it, which a board does in hardware; a
board's processor is slower than this one. Below it, what `net.profile` reports as Python's time. The goal is {goal} us
at 1,024 images."""

TILE = 64


def emulator(figures: Figures) -> str:
    """Rates beside torch, and where the time goes."""
    names = [name for name in NETWORKS if f"ratio_{name}" in figures]
    batches = {batch: f"_b{batch}" for batch in BATCHES} | {figures["batch"]: ""}
    lines = [row(["network", "images a call", "images/s", "torch, images/s", "times torch"]),
             row(["---", *["---:"] * 4])]  # fmt: skip
    for name in names:
        for batch, ending in batches.items():
            ratio = figures[f"ratio_{name}{ending}"]
            shown = f"**{ratio:.2f}**" if not ending else f"{ratio:.2f}"
            lines.append(row([NETWORKS[name], f"{batch:,}", f"{figures[f'images_per_s_{name}{ending}']:,}",
                              f"{figures[f'torch_images_per_s_{name}{ending}']:,}", shown]))
    kernels = ["avx2", "baseline", "numpy"]
    parts = [row(["network", "kernels", "Python", "packets", *kernels]), row(["---", *["---:"] * 6])]
    for name in names:
        shares = [f"{figures[f'{what}_share_{name}']:.0%}" for what in ("engine", "python", "packets")]
        others = [figures.get(f"times_{kernel}_{name}") for kernel in kernels]
        parts.append(row([NETWORKS[name], *shares, *("–" if times is None else f"{times:.1f}" for times in others)]))
    mismatches = sum(value for key, value in figures.items() if key.startswith("mismatches_"))
    words = EMULATION.format(threads=figures["threads"], kernels=figures["kernels"], torch=figures["torch"],
                             mismatches=mismatches, tile=TILE)
    picture = "![times as fast as torch over images a call](emulator_speed.svg)"
    return "\n\n".join([words, picture, "\n".join(lines), PROFILE.format(batch=figures["batch"]), "\n".join(parts),
                        f"Made by {made_by(figures)}; {figures['machine']}."])


def host(figures: Figures) -> str:
    """What the host adds to the device's time."""
    batches = (1, 32, 1024)
    lines = [row(["", *(f"{batch:,} images a call" for batch in batches)]), row(["---", *["---:"] * len(batches)])]
    for words, ending in ((NETWORKS["resnet8"], ""), (NETWORKS["mlp"], "mlp_")):
        for what, key in ((words, "us_per_image"), ("of it Python", "python_us_per_image")):
            lines.append(row([what, *(f"{figures[f'{key}_{ending}b{batch}']:,.2f}" for batch in batches)]))
    return "\n\n".join([OVERHEAD.format(goal=GOAL_US), "\n".join(lines),
                        f"Made by {made_by(figures)}; {figures['machine']}."])


def plot(figures: Figures, path: Path) -> None:
    """Times as fast as torch over the batch."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "lutdla"
    from matplotlib import pyplot as plt

    chart, axis = plt.subplots(figsize=(7, 3.2), gridspec_kw={"left": 0.1, "right": 0.97, "bottom": 0.17, "top": 0.95})
    batches = [*BATCHES, figures["batch"]]
    for name, words in NETWORKS.items():
        if f"ratio_{name}" in figures:
            ratios = [figures[f"ratio_{name}_b{batch}"] for batch in BATCHES] + [figures[f"ratio_{name}"]]
            axis.plot(batches, ratios, "o-", label=words)
    axis.axhline(1, color="0.6", linewidth=1)
    axis.set(xscale="log", yscale="log", xlabel="images a call", ylabel="times as fast as torch")
    axis.set_xticks(batches, [f"{batch:,}" for batch in batches])
    axis.set_yticks([0.25, 0.5, 1, 2, 4, 8], ["1/4", "1/2", "1", "2", "4", "8"])
    axis.minorticks_off()
    axis.legend(frameon=False)
    chart.savefig(path, metadata={"Date": None})
    plt.close(chart)


def sections(found: dict[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of each section whose figures were measured."""
    made = []
    if EMULATOR in found:
        made.append(("The emulator beside torch", emulator(found[EMULATOR])))
    if HOST in found:
        made.append(("What the host adds", host(found[HOST])))
    return made


def covers(name: str) -> bool:
    """Whether a result is shown by these sections."""
    return name in (EMULATOR, HOST)
