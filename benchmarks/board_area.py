"""Area of the core of every board by yosys, as shares of the board, and how far the estimate is off:

    python -m benchmarks.board_area --json FILE

Each core is converted and synthesized once for its family; the large ones take minutes. The area is that of the core
alone, and yosys' result, not Vivado's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from lutdla_hdl.convert import convert
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize
from lutdla_overlay.area import Area, estimate
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.cores import Core, load_core
from lutdla_overlay.fit import board_shares

ESTIMATED = ("lut", "lutram", "ff")
"""Resources that are estimated by coefficients: these have an error. The others are counted, and their error is 0."""

COUNTED = ("ramb36", "uram", "dsp")


def measure(core: Core) -> Area:
    """Area of a core by yosys."""
    with tempfile.TemporaryDirectory() as folder:
        found = resources(synthesize(convert(core.config, folder), family=core.family, options=core.synthesis_options))
    return Area(int(found["lut"]), int(found["lutram"]), int(found["ff"]), found["ramb36"], int(found["uram"]),
                int(found["dsp"]))


def board_figures(key: str, measured: Area, estimated: Area) -> dict[str, float | int]:
    """Figures of a board: resources, shares, and errors of the estimate as shares of the measured."""
    name, shares = key.replace("-", "_"), board_shares(measured, load_board(key))
    figures: dict[str, float | int] = {resource: getattr(measured, resource) for resource in ESTIMATED + COUNTED}
    figures |= {f"{resource}_fraction": round(shares[resource], 4) for resource in ("lut", "ff", "uram", "dsp")}
    figures["ramb_fraction"] = round(shares["ramb36"], 4)
    for resource in ESTIMATED:
        have = getattr(measured, resource)
        figures[f"{resource}_estimate_error"] = round(getattr(estimated, resource) / have - 1, 4)
    for resource in COUNTED:
        figures[f"{resource}_estimate_error"] = getattr(estimated, resource) - getattr(measured, resource)
    return {f"{name}_{figure}": value for figure, value in figures.items()}


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board_area", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    cores = {key: load_core(load_board(key).core) for key in board_names()}
    console, areas = Console(), {}
    for core in {core.key: core for core in cores.values()}.values():
        with console.status(f"{core.key}: conversion and synthesis"):
            areas[core.key] = measure(core)
    figures: dict[str, float | int] = {}
    table = Table("board", "core", "LUTs", "RAMB36", "UltraRAM", "DSP", "LUT error", "FF error",
                  box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    for key, core in cores.items():
        area = areas[core.key]
        found = board_figures(key, area, estimate(core.config, core.family, core.ultra_ram))
        figures |= found
        shown = {name.removeprefix(f"{key.replace('-', '_')}_"): value for name, value in found.items()}
        table.add_row(key, core.key, f"{area.lut + area.lutram:,} ({shown['lut_fraction']:.0%})",
                      f"{area.ramb36:g} ({shown['ramb_fraction']:.0%})",
                      f"{area.uram} ({shown['uram_fraction']:.0%})", f"{area.dsp} ({shown['dsp_fraction']:.0%})",
                      f"{shown['lut_estimate_error']:+.1%}", f"{shown['ff_estimate_error']:+.1%}")
    console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
