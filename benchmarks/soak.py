"""Long use: `python -m benchmarks.soak`.

Random batches of several networks through the public interface, on the emulator and on the Verilated core with random
pauses in both streams; networks are loaded in turn, and the device is recovered now and then. Every result is compared
with the reference, the core's counter of images with what was sent, and the memory of the process before and after.
The exit status is 1 when something differs, or the process grew by more than `MOST_GROWTH_MIB`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress

from benchmarks.faults import CONFIG, artefacts
from lutdla.backends import open_backend
from lutdla.backends.protocol import Backend
from lutdla.backends.rtl import RtlModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.runtime import Accelerator
from lutdla.spec.artefact import Artefact
from lutdla.verify import reference_results

POOL = 512
"""Different inputs of each network; their results are computed once, by the reference."""
STALL = 0.2
STREAMED = 64
"""Batches of networks with streamed tables are so much smaller: their tables come anew with each pass."""
WARM = 0.2
"""Share of the images after which memory is measured for the first time."""
MOST_GROWTH_MIB = 32.0
"""Growth of the process that is no leak: what an allocator keeps of the largest batches so far."""


@dataclass(frozen=True)
class Known:
    """A network, inputs, and the results that are right."""

    artefact: Artefact
    x: npt.NDArray[np.int8]
    expected: npt.NDArray[np.int32]

    @classmethod
    def of(cls, artefact: Artefact, seed: int) -> Known:
        """A pool of random inputs."""
        x = np.random.default_rng(seed).integers(-128, 128, (POOL, *artefact.input_shape)).astype(np.int8)
        return cls(artefact, x, reference_results(artefact, x))


@dataclass
class Soak:
    """What has come of it so far.

    Attributes:
        images, mismatches: images run, and those with a wrong result.
        miscounts: calls after which the core had counted other images than it was sent.
        loads, recoveries: of networks, and of the device by hand.
        rss_growth_mib: memory of the process at the end, less that after `WARM` of the images.
    """

    images: int = 0
    mismatches: int = 0
    miscounts: int = 0
    loads: int = 0
    recoveries: int = 0
    rss_growth_mib: float = 0.0


def resident_mib() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def soak(backend: Backend, known: list[Known], images: int, most: int, seed: int) -> Iterator[Soak]:
    """Run so many images in batches of 1 to `most`; yields after each batch what has come of it."""
    random, so_far, start = Random(seed), Soak(), 0.0
    with Accelerator(backend.name, backend, retries=0) as accelerator:
        network, at = None, known[0]
        while so_far.images < images:
            if network is None or random.random() < 0.05:
                at = random.choice(known)
                network = accelerator.load(at.artefact)
                so_far.loads += 1
            elif random.random() < 0.02:
                accelerator.recover()
                so_far.recoveries += 1
            largest = max(1, most // STREAMED) if at.artefact.image.pieces else most
            chosen = np.array([random.randrange(POOL) for _ in range(random.randint(1, largest))])
            before = accelerator.core().read("IMAGES")
            raw = network.raw(at.x[chosen])
            counted = (accelerator.core().read("IMAGES") - before) & 0xFFFF_FFFF
            each = at.artefact.image.program.images
            so_far.miscounts += counted != -(-len(chosen) // each) * each
            so_far.mismatches += int((raw != at.expected[chosen]).any(axis=1).sum())
            so_far.images += len(chosen)
            if not start and so_far.images >= WARM * images:
                start = resident_mib()
            so_far.rss_growth_mib = resident_mib() - start if start else 0.0
            yield so_far


def main() -> None:
    """Run, show progress, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--images", type=int, default=1_200_000, help="on the emulator")
    parser.add_argument("--rtl-images", type=int, default=10_000, help="on the Verilated core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    known = [Known.of(artefact, seed) for seed, artefact in enumerate(artefacts())]
    rtl = SimulatedBackend("rtl", RtlModel(CONFIG, STALL, options.seed))
    runs = {"emulator": (open_backend("emulator", CONFIG), options.images, 4096), "rtl": (rtl, options.rtl_images, 32)}
    found: dict[str, float] = {}
    with Progress() as progress:
        for name, (backend, images, most) in runs.items():
            task, started, last = progress.add_task(name, total=images), time.monotonic(), Soak()
            for last in soak(backend, known, images, most, options.seed):
                progress.update(task, completed=last.images)
            found |= {
                f"{name}_images": last.images, f"{name}_mismatches": last.mismatches,
                f"{name}_miscounts": last.miscounts, f"{name}_loads": last.loads,
                f"{name}_recoveries": last.recoveries, f"{name}_rss_growth_mib": round(last.rss_growth_mib, 2),
                f"{name}_seconds": round(time.monotonic() - started, 1),
            }  # fmt: skip
    totals = {
        "mismatches": found["emulator_mismatches"] + found["rtl_mismatches"],
        "miscounts": found["emulator_miscounts"] + found["rtl_miscounts"],
        "rss_growth_mib": round(found["emulator_rss_growth_mib"] + found["rtl_rss_growth_mib"], 2),
    }
    console = Console(highlight=False)
    console.print_json(json.dumps(found | totals))
    if options.json is not None:
        options.json.write_text(json.dumps(found | totals, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(totals["mismatches"] or totals["miscounts"] or totals["rss_growth_mib"] > MOST_GROWTH_MIB))


if __name__ == "__main__":
    main()
