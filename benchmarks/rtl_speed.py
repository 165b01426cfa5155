"""How fast the Verilated core runs ResNet-8, and what it takes to get there: `python -m benchmarks.rtl_speed`."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.command import run
from benchmarks.layout import LAYOUT
from lutdla.backends.rtl import RtlModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.spec.packets import load_packets, run_packets
from lutdla_hdl.convert import convert

IMAGES, REPEATS = 40, 3
"""Images of a run, some seconds of simulation; runs, of which the middle one counts."""


def measure() -> dict[str, Any]:
    """Conversion and build with an empty cache, then the speed of simulation."""
    config = LAYOUT
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LUTDLA_CACHE"] = folder
        start = time.perf_counter()
        convert(config, Path(folder) / "verilog")
        conversion = time.perf_counter() - start
        start = time.perf_counter()
        model = RtlModel(config)
        build = time.perf_counter() - start
    artefact = assemble(topology("resnet8", config), config)
    for packet in load_packets(artefact.image, config, artefact.model_id):
        model.send(packet)
    while not model.sent():
        model.step()
    values = np.random.default_rng(0).integers(-128, 128, (IMAGES, artefact.layout.values)).astype(np.int8)
    frame, speeds = run_packets(artefact.frames(values), artefact.image, config), []
    for _ in range(REPEATS):
        model.send(frame)
        before, start = model.cycles, time.perf_counter()
        while model.receive() is None:
            model.step()
        speeds.append((model.cycles - before) / (time.perf_counter() - start))
    model.close()
    return {
        "configuration": str(config), "network": "resnet8",
        "cycles_per_s": round(sorted(speeds)[REPEATS // 2]), "conversion_s": round(conversion, 1),
        "conversion_and_build_s": round(build, 1),
    }  # fmt: skip


if __name__ == "__main__":
    run("rtl_speed", __doc__, measure)
