"""Lookup tables per int8 MAC/cycle: the whole lookup core against a dense array, by the same yosys.

    python -m benchmarks.dense_baseline --json FILE

The dense array (`lutdla_hdl.dense_array`) is output-stationary, 16 x 16 MACs, synthesized without DSPs and with them.
The core is ResNet-8's, encoders, requantisation, control and AXI included; it counts as `v` MACs for each table entry
added. `lut_per_mac_*` counts lookup tables used as logic and as memory. Estimates by yosys, not Vivado's results.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.layout import LAYOUT
from lutdla.spec import CoreConfig
from lutdla_hdl.convert import convert
from lutdla_hdl.dense_array import convert_array
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize

SIZE, DEPTH = 16, 512
"""Rows and columns of the dense array; steps its memories hold."""

DESIGNS = ("core", "dense", "dense_dsp")


def figures(name: str, cells: dict[str, int], macs: int) -> dict[str, float]:
    """Resources of one design, its lookup tables for each MAC a cycle."""
    found = resources(cells)
    per_mac = (found["lut"] + found["lutram"]) / macs
    return {
        f"lut_per_mac_{name}": round(per_mac, 2), f"macs_per_cycle_{name}": macs,
        **{f"{key}_{name}": found[key] for key in ("lut", "lutram", "ff", "ramb36", "dsp")},
    }  # fmt: skip


def measure(config: CoreConfig, size: int) -> dict[str, float | str]:
    """Convert and synthesize the core and a `size` x `size` array, without and with DSPs."""
    with tempfile.TemporaryDirectory() as folder:
        core = synthesize(convert(config, folder))
        array = convert_array(size, size, DEPTH, folder)
        dense = synthesize(array, top=array.stem, options=("-nodsp",))
        dense_dsp = synthesize(array, top=array.stem)
    found: dict[str, float | str] = {"core": str(config), "family": "xc7"}
    macs = (config.banks * config.lanes * config.v, size * size, size * size)
    for name, cells, count in zip(DESIGNS, (core, dense, dense_dsp), macs):
        found |= figures(name, cells, count)
    return found | {"ratio": round(float(found["lut_per_mac_dense"]) / float(found["lut_per_mac_core"]), 2)}


def table(found: dict[str, float | str]) -> str:
    """The designs side by side."""
    keys = ("macs_per_cycle", "lut", "lutram", "ff", "ramb36", "dsp", "lut_per_mac")
    lines = [f"{key:16}" + "".join(f"{found[f'{key}_{name}']:>12}" for name in DESIGNS) for key in keys]
    told = f"The core takes {found['ratio']} times fewer lookup tables for a MAC a cycle than the array without DSPs."
    return "\n".join(["".ljust(16) + "".join(f"{name:>12}" for name in DESIGNS), *lines, told])


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dense_baseline", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    found = measure(LAYOUT, SIZE)
    print(table(found))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
