"""Area of the demo's core on an XC7Z020, by yosys: `python -m benchmarks.area`. An estimate, not Vivado's result."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from lutdla.spec import CoreConfig
from lutdla_hdl.convert import convert
from lutdla_hdl.synthesis import synthesize

LUTRAM = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "SRL16E": 1, "SRLC32E": 1}
"""Cell -> lookup tables it takes as memory."""


def resources(cells: dict[str, int]) -> dict[str, float]:
    """Cells of a netlist as the resources of a Xilinx part: a RAMB18 counts as half a RAMB36."""
    return {
        "lut": sum(cells.get(f"LUT{n}", 0) for n in range(1, 7)),
        "lutram": sum(cells.get(cell, 0) * luts for cell, luts in LUTRAM.items()),
        "ff": sum(count for cell, count in cells.items() if cell in ("FDRE", "FDSE", "FDCE", "FDPE")),
        "ramb36": cells.get("RAMB36E1", 0) + cells.get("RAMB18E1", 0) / 2,
        "dsp": cells.get("DSP48E1", 0),
        "inverters": cells.get("INV", 0),
    }


def main() -> None:
    """Convert, synthesise, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.area", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    config = CoreConfig()
    with tempfile.TemporaryDirectory() as folder:
        verilog = convert(config, folder)
        figures: dict[str, float | int | str] = {"core": str(config), "family": "xc7"}
        figures |= resources(synthesize(verilog))
    figures["lookups_per_cycle_most"] = config.banks * config.lanes
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
