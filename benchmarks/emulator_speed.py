"""The emulator beside torch's dense network, image for image: `python -m benchmarks.emulator_speed`.

Both get the same float32 images, in batches of the same size, with as many threads, and take turns: the ratios are of
neighbouring runs, and their median counts. Weights are random: the time depends on shapes only. Results of the
emulator are compared with the reference in the same run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

import lutdla
from benchmarks.command import run
from benchmarks.layout import LAYOUT
from lutdla.backends.emulator import EmulatorModel
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.compiler.topologies import topology
from lutdla.models.mlp import mlp
from lutdla.models.resnet import resnet8
from lutdla.native.variants import SWITCH, VARIANTS, load, variant
from lutdla.runtime.network import Network
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.verify import reference_results
from lutdla_overlay.cores import load_core

BATCH, THREADS, PAIRS = 1024, 1, 15
"""Images of a call; threads of both; turns of each."""
BATCHES = (1, 32, 256)
"""Further batches, for the table."""
CHECKED = 3
"""Images that the reference computes too: some seconds each."""
HIDDEN = (64, 64)


STREAMED = "xc7z010"
"""A core that holds few of ResNet-8's tables: they come again with every four images."""


def networks() -> dict[str, tuple[Artefact, nn.Module]]:
    """Name -> lookup network, and the dense network of the same shape."""
    small, streamed = CoreConfig(), load_core(STREAMED).config
    return {
        "resnet8": (assemble(topology("resnet8", LAYOUT), LAYOUT), resnet8().eval()),
        "resnet8_streamed": (assemble(topology("resnet8", streamed), streamed), resnet8().eval()),
        "mlp": (assemble(random_network(small, (784, *HIDDEN, 10)), small), mlp((784,), hidden=HIDDEN).eval()),
    }


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def paired(ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> tuple[float, float, float]:
    """Median times of two calls that take turns, and the median of how often the first goes into the second."""
    for work in (ours, theirs):
        work()
    taken = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    return median(a for a, _ in taken), median(b for _, b in taken), median(b / a for a, b in taken)


def measure_network(name: str, artefact: Artefact, dense: nn.Module) -> dict[str, Any]:
    """Figures of a network."""
    rng, figures = np.random.default_rng(0), {}
    images = rng.uniform(-1, 1, (max(BATCH, *BATCHES), *artefact.input_shape)).astype(np.float32)
    with lutdla.open("emulator", config=artefact.config) as accelerator, torch.inference_mode():
        network = accelerator.load(artefact)
        checked = artefact.quantize(images[:CHECKED]).reshape(-1, *artefact.input_shape)
        figures[f"mismatches_{name}"] = int((network.raw(checked) != reference_results(artefact, checked)).sum())
        for batch in (BATCH, *BATCHES):
            x = images[:batch]
            tensor = torch.from_numpy(x)
            ours, theirs, ratio = paired(lambda x=x: network(x), lambda x=tensor: dense(x), PAIRS)  # type: ignore[misc]
            ending = name if batch == BATCH else f"{name}_b{batch}"
            figures |= {f"ratio_{ending}": round(ratio, 2), f"images_per_s_{ending}": round(batch / ours),
                        f"torch_images_per_s_{ending}": round(batch / theirs)}
        figures |= shares(name, network, images[:BATCH])
    return figures | others(name, artefact, images[:BATCH])


def shares(name: str, network: Network, x: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Where the time of a call goes: Python around the exchange, the core's engine, and what is between them."""
    model: EmulatorModel = network._accelerator.core().backend.model  # type: ignore[attr-defined]
    engine, inside, total = model._engine, [], []
    assert engine is not None, "the network has run"
    compute = engine.run

    def timed(*given: Any) -> Any:
        begin = time.perf_counter()
        try:
            return compute(*given)
        finally:
            inside.append(time.perf_counter() - begin)

    engine.run = timed  # type: ignore[method-assign]
    python = []
    for _ in range(PAIRS):
        total.append(seconds(lambda: network(x)))
        python.append(network.profile.host_s)
    engine.run = compute  # type: ignore[method-assign]
    whole = sum(total)
    share, rest = sum(inside) / whole, sum(python) / whole
    return {f"engine_share_{name}": round(share, 3), f"python_share_{name}": round(rest, 3),
            f"packets_share_{name}": round(1 - share - rest, 3)}


def others(name: str, artefact: Artefact, x: np.ndarray[Any, Any]) -> dict[str, Any]:
    """How much faster the chosen kernels are than those for other processors, and than numpy."""
    found, times = {}, {}
    chosen = variant()
    for other in (chosen, *(kernel for kernel in VARIANTS if kernel != chosen and load(kernel)), "0"):
        os.environ[SWITCH] = other
        with lutdla.open("emulator", config=artefact.config) as accelerator:
            network = accelerator.load(artefact)
            network(x)
            times[other] = median(seconds(lambda network=network: network(x)) for _ in range(3))
        if other != chosen:
            found[f"times_{'numpy' if other == '0' else other}_{name}"] = round(times[other] / times[chosen], 2)
    del os.environ[SWITCH]
    return found


def measure() -> dict[str, Any]:
    """All figures."""
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    os.environ.pop(SWITCH, None)
    torch.set_num_threads(THREADS)
    figures: dict[str, Any] = {"threads": THREADS, "batch": BATCH, "kernels": variant(), "torch": torch.__version__}
    for name, (artefact, dense) in networks().items():
        figures |= measure_network(name, artefact, dense)
    return figures


if __name__ == "__main__":
    run("emulator_speed", __doc__, measure)
