"""Cycles of a network on the Verilated core, and the core's area by yosys, for a part:

    python -m benchmarks.network_rtl resnet8 --core xc7z020 --json FILE

Weights are random: the cycles depend on shapes only. Cycles an image are counted in the steady state (a long run less a
short one), by the core's own counters. The clock is an assumption, and so is every rate that follows from it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import lutdla
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import TOPOLOGIES, topology
from lutdla.runtime.profile import STALLS, Profile
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla_hdl.convert import convert
from lutdla_hdl.resources import resources
from lutdla_hdl.synthesis import synthesize
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.cores import Core, load_core

PASSES = (2, 6)
"""Passes of the short and of the long run."""

TIMEOUT_S = 1800.0


def dataflow(artefact: Artefact) -> str:
    """How the network's tables get into the core."""
    streamed = sum(piece.tables.nbytes for piece in artefact.image.pieces)
    if not streamed:
        return "resident"
    return f"stationary ({streamed / artefact.image.table_bytes:.0%} of the tables streamed)"


def cycles(artefact: Artefact, config: CoreConfig) -> tuple[dict[str, float], Profile]:
    """Counters of an image in the steady state, and the profile of the long run."""
    images, rng = artefact.image.program.images, np.random.default_rng(0)
    profiles = []
    with lutdla.open("rtl", config=config, timeout_s=TIMEOUT_S) as accelerator:
        network = accelerator.load(artefact)
        for passes in PASSES:
            network.raw(rng.integers(-128, 128, (passes * images, *artefact.input_shape)).astype(np.int8))
            profiles.append(network.profile)
    short, long = profiles
    count = long.images - short.images
    names = ("cycles", "lookups", "padding", *(f"stall_{cause}" for cause in STALLS))
    return {name: (getattr(long, name) - getattr(short, name)) / count for name in names}, long


def area(core: Core) -> dict[str, float]:
    """Resources of a core, and seconds that conversion and synthesis took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        verilog = convert(core.config, folder)
        converted = time.perf_counter()
        found = resources(synthesize(verilog, family=core.family, options=core.synthesis_options))
        return found | {"conversion_s": round(converted - start, 1),
                        "synthesis_s": round(time.perf_counter() - converted, 1)}


def shares(found: dict[str, float], core: str) -> dict[str, float]:
    """Shares of the smallest part that the core is named for."""
    boards = [load_board(key) for key in board_names()]
    named = [board for board in boards if board.core == core or board.part.startswith(core.split("-")[0])]
    board = min(named, key=lambda board: board.resources.lut)
    return {
        "lut_share": round((found["lut"] + found["lutram"]) / board.resources.lut, 4),
        "uram_share": round(found["uram"] / max(1, board.resources.uram), 4),
        "ramb36_share": round(found["ramb36"] / board.resources.bram36, 4),
        "dsp_share": round(found["dsp"] / board.resources.dsp, 4),
    }


def measure(name: str, core_key: str, flow: str, batch: int | None, with_area: bool) -> tuple[dict[str, Any], Profile]:
    """All figures of a network on a core."""
    core = load_core(core_key)
    config = core.config
    artefact = assemble(topology(name, config), config, dataflow=flow, batch=batch)
    image, profile = cycles(artefact, config)
    slots = image["cycles"] * config.banks
    figures: dict[str, Any] = {
        "network": name, "core": core_key, "configuration": str(config), "dataflow": dataflow(artefact),
        "images_per_pass": artefact.image.program.images, "cycles_per_image": round(image["cycles"], 1),
        "utilization": round((image["lookups"] + image["padding"]) / slots, 4),
        "utilization_without_padding": round(image["lookups"] / slots, 4),
        "ports": config.ports, "blocks": config.blocks, "lanes": config.lanes, "encoders": config.encoders,
        "clock_mhz_assumed": core.clock_mhz_assumed,
        "images_per_s_predicted": round(core.clock_mhz_assumed * 1e6 / image["cycles"], 1),
        "table_bytes": artefact.image.table_bytes,
        **{f"{key}_per_image": round(value, 1) for key, value in image.items() if key.startswith("stall")},
    }  # fmt: skip
    if with_area:
        found = area(core)
        figures |= found | shares(found, core_key)
    return figures, profile


def show(figures: dict[str, Any], profile: Profile) -> None:
    """Figures and cycles of each layer in the terminal."""
    console, table = Console(), Table(title=f"{figures['network']} on {figures['core']}: cycles of a pass")
    table.add_column("layer")
    table.add_column("cycles", justify="right")
    for layer, count in profile.layers():
        table.add_row(layer, f"{count:,}")
    console.print(table)
    console.print_json(json.dumps(figures))


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network_rtl", description=__doc__)
    parser.add_argument("network", choices=TOPOLOGIES)
    parser.add_argument("--core", default="xc7z020", help="a file of overlay/lutdla_overlay/cores/")
    parser.add_argument("--dataflow", default="auto", choices=("auto", "resident", "stationary"))
    parser.add_argument("--batch", type=int, help="images of a pass; default: what the compiler picks")
    parser.add_argument("--no-area", action="store_true", help="leave out the synthesis, which takes minutes")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    figures, profile = measure(options.network, options.core, options.dataflow, options.batch, not options.no_area)
    show(figures, profile)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
