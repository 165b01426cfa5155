"""What the host adds to the device's own time, on the emulated board: `python -m benchmarks.host_overhead`.

Images go through pynq's own classes to an emulated device. The time that the model of the core itself takes is
subtracted; all else is counted: Python, pynq, and also the emulation of DMA and caches, which a board does in hardware.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import lutdla
from benchmarks.command import run
from benchmarks.emulator_speed import networks
from lutdla.native.variants import variant

BATCHES = {1: 300, 32: 60, 1024: 9}
"""Images of a call -> calls, whose median counts."""
NETWORKS = ("resnet8", "mlp")
MAIN = "resnet8"
"""The network whose figures have no name: it has the larger frames, 16 KiB each."""


class Inside:
    """Seconds spent in the model of the core."""

    def __init__(self, model: Any) -> None:
        self.seconds = 0.0
        for name in ("send", "step", "receive"):
            setattr(model, name, self._timed(getattr(model, name)))

    def _timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            begin = time.perf_counter()
            try:
                return work(*given)
            finally:
                self.seconds += time.perf_counter() - begin

        return timed


def measure() -> dict[str, Any]:
    """Microseconds an image, for each network and batch."""
    figures: dict[str, Any] = {"kernels": variant()}
    for name, (artefact, _) in networks().items():
        if name not in NETWORKS:
            continue
        rng = np.random.default_rng(0)
        with lutdla.open("pynq", config=artefact.config) as accelerator:
            network = accelerator.load(artefact)
            inside = Inside(accelerator.core().backend._device.model)  # type: ignore[attr-defined]
            for batch, calls in BATCHES.items():
                x = rng.uniform(-1, 1, (batch, *artefact.input_shape)).astype(np.float32)
                outside, python = [], []
                for _ in range(calls + 1):  # the first call allocates
                    inside.seconds, begin = 0.0, time.perf_counter()
                    network(x)
                    outside.append(time.perf_counter() - begin - inside.seconds)
                    python.append(network.profile.host_s)
                ending = f"b{batch}" if name == MAIN else f"{name}_b{batch}"
                figures[f"us_per_image_{ending}"] = round(median(outside[1:]) * 1e6 / batch, 2)
                figures[f"python_us_per_image_{ending}"] = round(median(python[1:]) * 1e6 / batch, 2)
    return figures


if __name__ == "__main__":
    run("host_overhead", __doc__, measure)
