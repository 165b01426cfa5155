"""The part of docs/performance.md that sets lutdla beside others: measured in one run, and as published."""

from __future__ import annotations

from benchmarks import published
from benchmarks.engine_page import Figures, made_by, row

NAME = "peers"
"""The result of `benchmarks.peers`."""

INTRODUCTION = """\
What a user of each does from a network to a first output that was verified, in one run on one machine, one thread
each, in turns; medians of {turns} turns. Seconds are of the whole script in a new process, imports and compilers
included, and installation not. Lines are those of [the scripts](../benchmarks/peer_scripts) with code. Absolute times
depend on the machine, hence the ratios to torch's dense network in the same turn.

**The rates do not rank the hardware.** An emulator computes results, a simulation of Verilog computes every cycle; each
peer runs what it is made for, and only lutdla, hls4ml and finn-plus run an MLP of this shape. Weights are random, so
nothing is said of accuracy: hls4ml keeps that of a trained network by choosing enough bits; finn-plus, dwn2rtl and
lutdla need training for it, whose time is not in here (lutdla's: [the demo](#the-demo-lutdla-demo))."""

COLUMNS = ["", "version", "network", "verified", "s to first verified output", "images/s", "images/s, torch = 1",
           "lines", "steps"]  # fmt: skip

RUNS = "runs"
TITLES = {
    "torch": "torch, for scale", "lutdla": "lutdla, emulator", "lutdla_rtl": "lutdla, Verilated core",
    "hls4ml": "hls4ml, C++ emulation", "finn": "finn-plus, Python execution", "dwn2rtl": "dwn2rtl, Icarus Verilog",
    "cocotbpynq": "cocotbpynq, simulation",
}  # fmt: skip
NONE = "–"


def peers(figures: Figures) -> str:
    """A row for each peer, what its steps are, and what else must be known."""
    rows, steps, notes = [row(COLUMNS), row(["---"] * 4 + ["---:"] * 5)], [], []
    for name in _names(figures):
        title, got = TITLES.get(name, name), {key: figures.get(f"{name}_{key}") for key in _KEYS}
        if got["status"] == RUNS:
            seconds, rate, ratio = (got[key] for key in ("seconds_to_first_output", "images_per_s",
                                                         "images_per_s_to_torch"))  # fmt: skip
            shown = [got["version"], got["network"], got["verified"], f"{seconds:.1f}",
                     NONE if rate is None else f"{rate:,.0f}", NONE if ratio is None else f"{ratio:.2g}"]  # fmt: skip
        else:
            shown = [NONE, got["network"], f"**{got['status']}**: {got['reason']}", NONE, NONE, NONE]
        rows.append(row([title, *map(str, shown), str(got["lines"]), str(got["steps"])]))
        steps.append(f"* {title}: {got['steps_are']}.")
        notes += [f"* {title}: {got[key]}." for key in ("installation", "note") if got[key]]
    made = f"Made by {made_by(figures)}; {figures['machine']}."
    parts = [INTRODUCTION.format(turns=figures["turns"]), "\n".join(rows), "Steps:", "\n".join(steps)]
    return "\n\n".join([*parts, *(["Notes:", "\n".join(notes)] if notes else []), made])


_KEYS = ("status", "reason", "version", "network", "verified", "seconds_to_first_output", "images_per_s",
         "images_per_s_to_torch", "lines", "steps", "steps_are", "installation", "note")  # fmt: skip


def _names(figures: Figures) -> list[str]:
    return [key.removesuffix("_status") for key in figures if key.endswith("_status")]


def sections(found: dict[str, Figures]) -> list[tuple[str, str]]:
    """Title and text of each section whose figures were measured; `found` holds those of all benchmarks."""
    measured = [("Beside other tools, in one run", peers(found[NAME]))] if NAME in found else []
    return measured + published.sections(found)


def covers(name: str) -> bool:
    """Whether these sections show all of a result."""
    return name == NAME
