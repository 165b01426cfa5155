"""Area of the demo's core on an XC7Z020, by yosys: `python -m benchmarks.area`. An estimate, not Vivado's result."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from lutdla.spec import CoreConfig
from lutdla_hdl.convert import convert
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize


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
