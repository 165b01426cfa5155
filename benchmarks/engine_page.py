"""The network engine's part of docs/performance.md: networks and designs side by side, and how cycles grow."""

from __future__ import annotations

from typing import Any

Figures = dict[str, Any]

NETWORK_ENDING = "_rtl"
"""Results of `benchmarks.network_rtl` are called so."""

DESIGNS = {"core": "lookup core of ResNet-8", "dense": "dense int8 array", "dense_dsp": "dense int8 array with DSPs"}
RESOURCES = {
    "macs_per_cycle": "MACs a cycle", "lut": "LUTs (logic)", "lutram": "LUTs as memory", "ff": "flip-flops",
    "ramb36": "RAMB36", "dsp": "DSPs", "lut_per_mac": "LUTs for a MAC a cycle",
}  # fmt: skip

STEADY_STATE = """\
Steady state on the Verilated core, random weights (cycles depend on shapes only). Utilization is the share of all banks
and cycles that do a lookup of the network: lookups that fall on zero padding count, as they do in every count of
operations, and once without them. The rate is what the core alone would do at the assumed clock: a prediction, no board
has run it."""

ESTIMATES = """\
The cores by yosys' `synth_xilinx`, with the shares of the smallest part they are meant for. Estimates, not Vivado's
results; the DMA and the interconnect come on top."""

DENSE = """\
An output-stationary array of int8 multiply-accumulate units, also in MyHDL, synthesised by the same yosys without and
with DSPs. It has no control, no requantisation and no bus; the lookup core is whole, encoders included. A table entry
counts as the v multiplications it replaces."""

RATIO = """\
The lookup core takes **{ratio:.1f} times** fewer LUTs for a MAC a cycle than the array without DSPs. That array's
multipliers are what yosys makes of `a * b`; hand-made ones would be smaller."""

GROWTH = """\
Cycles of one convolution on the Verilated core. Exponents of the fitted power laws (1 is linear): {exponents}."""


def row(cells: list[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def made_by(figures: Figures) -> str:
    """What made figures."""
    return f"`{figures['command']}` at `{figures['commit']}`, {figures['date']}"


def networks(found: dict[str, Figures]) -> str:
    """Cycles, utilization and predicted rates of networks on parts, and the area of their cores."""
    measured = [figures for name, figures in found.items() if name.endswith(NETWORK_ENDING)]
    columns = ["network", "core", "tables", "cycles an image", "utilization", "without padding", "images/s, predicted",
               "at MHz, assumed"]  # fmt: skip
    cycles = [row(columns), row(["---"] * 3 + ["---:"] * 5)]
    area = [row(["core", "LUTs", "as memory", "of the part", "flip-flops", "RAMB36", "of the part", "URAM", "DSPs",
                 "conversion, s"]), row(["---"] + ["---:"] * 9)]  # fmt: skip
    cores: dict[str, list[str]] = {}
    for figures in measured:
        cycles.append(row([
            figures["network"], figures["core"], figures["dataflow"], f"{figures['cycles_per_image']:,.0f}",
            f"{figures['utilization']:.1%}", f"{figures['utilization_without_padding']:.1%}",
            f"{figures['images_per_s_predicted']:,.0f}", f"{figures['clock_mhz_assumed']:.0f}",
        ]))  # fmt: skip
        if "lut" in figures:
            cores[figures["core"]] = [
                figures["core"], f"{figures['lut']:,}", f"{figures['lutram']:,}", f"{figures['lut_share']:.1%}",
                f"{figures['ff']:,}", f"{figures['ramb36']:g}", f"{figures['ramb36_share']:.1%}",
                f"{figures['uram']:,}", f"{figures['dsp']:,}", f"{figures['conversion_s']:.0f}",
            ]  # fmt: skip
    area += [row(cells) for cells in cores.values()]
    made = "; ".join(made_by(figures) for figures in measured)
    return "\n\n".join(
        [STEADY_STATE, "\n".join(cycles), ESTIMATES, "\n".join(area), f"Made by {made}; {measured[0]['machine']}."]
    )


def baseline(figures: Figures) -> str:
    """The lookup core beside the dense array."""
    lines = [row(["", *DESIGNS.values()]), row(["---", *["---:"] * len(DESIGNS)])]
    for key, words in RESOURCES.items():
        cells = [figures[f"{key}_{name}"] for name in DESIGNS]
        lines.append(row([words, *(f"{cell:,.1f}" if isinstance(cell, float) else f"{cell:,}" for cell in cells)]))
    made = f"Made by {made_by(figures)}; {figures['machine']}."
    return "\n\n".join([DENSE, "\n".join(lines), RATIO.format(ratio=figures["ratio"]), made])


def growth(figures: Figures) -> str:
    """The plot of growth."""
    exponents = ", ".join(f"{key.removeprefix('exponent_').replace('_', ' ')} {value:.3f}"
                          for key, value in figures.items() if key.startswith("exponent_"))  # fmt: skip
    picture = "![cycles of a 3x3 convolution over pixels, channel groups and output tiles](growth.svg)"
    made = f"Made by {made_by(figures)}; {figures['machine']}."
    return "\n\n".join([picture, GROWTH.format(exponents=exponents), made])


def sections(found: dict[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of each section whose figures were measured."""
    made = []
    if any(name.endswith(NETWORK_ENDING) for name in found):
        made.append(("Networks on chip", networks(found)))
    if "dense_baseline" in found:
        made.append(("Against a dense array", baseline(found["dense_baseline"])))
    if "growth" in found:
        made.append(("Growth", growth(found["growth"])))
    return made


def covers(name: str) -> bool:
    """Whether a result is shown by these sections."""
    return name.endswith(NETWORK_ENDING) or name in ("dense_baseline", "growth")
