"""docs/overlay_checks.md, from benchmarks/results/overlay.json: what holds for the overlay of each board."""

from __future__ import annotations

from typing import Any

from lutdla.spec.document import table
from lutdla_overlay.boards import board_names

NAME = "overlay"
"""Of the results."""

INTRODUCTION = """What is known of each board's overlay, with the board's own core, without Vivado and without a board
([how](overlay.md#how-it-is-checked-without-vivado)). *Stand-in*: its scripts run, and make the predicted hwh.
*Schema*: component.xml keeps to IEEE 1685-2009. *Lint*: Verilator. *pynq*: the real package loads the predicted hwh on
an emulated board, and a network on it gives the reference's bits. *ResNet-8*: fits, with its tables resident or
streamed.

Areas are yosys', of the core alone: DMA, SmartConnects, interrupt controller and reset come on top. *Estimate* is what
`lutdla fit` says of the lookup tables, relative to yosys."""

CHECKS = {"plan_ok": "plan", "standin_ok": "stand-in", "xsd_ok": "schema", "lint_ok": "lint", "hwh_ok": "pynq",
          "fits": "ResNet-8"}  # fmt: skip
SHARES = {"lut_fraction": "LUT", "ramb_fraction": "RAMB36", "uram_fraction": "UltraRAM", "dsp_fraction": "DSP"}


def page(figures: dict[str, Any], note: str, made: str) -> str:
    """The whole page; `note`: who wrote it, `made`: what made the figures."""
    rows = []
    for board in board_names():
        names = (*CHECKS, *SHARES, "lut_estimate_error")
        found = {name: figures[f"{board.replace('-', '_')}_{name}"] for name in names}
        rows.append((f"`{board}`", *("yes" if found[name] else "**no**" for name in CHECKS),
                     *(f"{found[name]:.1%}" for name in SHARES), f"{found['lut_estimate_error']:+.1%}"))
    caught = (f"Of {figures['mutations']} block designs with one link, wire, address or external interface missing, "
              f"{figures['mutations_caught']} are caught: the build fails, or its hwh is not the predicted one.")
    return "\n\n".join((
        "# Checks of the overlays", note, INTRODUCTION,
        table(("board", *CHECKS.values(), *SHARES.values(), "estimate"), rows),
        caught, made,
    )) + "\n"  # fmt: skip
