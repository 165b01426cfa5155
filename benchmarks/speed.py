"""How fast the back ends are, for a network like the demo's: `python -m benchmarks.speed`."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lutdla
from lutdla.backends.rtl import RtlModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec import CoreConfig
from lutdla_hdl.convert import convert

SIZES = (784, 64, 64, 10)
IMAGES = {"emulator": 10_000, "pynq": 10_000, "rtl": 2_000, "myhdl": 1}
"""Back end -> images of a timed run: some seconds each."""


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Shortest wall time of some repeats, in seconds."""
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def main() -> None:
    """Measure, show, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    config = CoreConfig()
    artefact = assemble(random_network(config, SIZES), config)
    figures: dict[str, float | int | str] = {"network": "-".join(map(str, SIZES)), "core": str(config)}
    with tempfile.TemporaryDirectory() as folder:
        figures["conversion_s"] = round(seconds(lambda: convert(config, folder), 1), 2)
    RtlModel(config).close()  # built now, so that it is not timed below
    for name, images in IMAGES.items():
        x = np.random.default_rng(0).integers(-128, 128, (images, SIZES[0]), np.int8)
        with lutdla.open(name, config=config) as accelerator:
            begin = time.perf_counter()
            net = accelerator.load(artefact)
            figures[f"{name}_load_s"] = round(time.perf_counter() - begin, 3)
            taken = seconds(lambda net=net, x=x: net.raw(x), 1 if name == "myhdl" else 3)
            figures[f"{name}_images_per_s"] = round(images / taken, 1)
            if accelerator.cycle_exact:
                figures[f"{name}_cycles_per_s"] = round(net.profile.cycles / taken)
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
