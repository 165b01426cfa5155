"""Cycles of a network for its report: predicted, and counted where a cycle-exact core is at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.runtime import open as open_target
from lutdla.runtime.profile import STALLS
from lutdla.spec.artefact import Artefact

PASSES = 4
"""That the core runs: the last one is in steady state."""


@dataclass(frozen=True)
class Counted:
    """What a cycle-exact core counted.

    Attributes:
        backend: which.
        images: that ran.
        cycles_per_image: the mean of all passes, the first one included, which nothing overlaps.
        utilization: share of banks and cycles that did a lookup.
        layers: layer -> cycles of an image, in the newest pass.
        stalls: cause -> cycles of an image.
    """

    backend: str
    images: int
    cycles_per_image: float
    utilization: float
    layers: dict[str, float]
    stalls: dict[str, float]


def is_at_hand(artefact: Artefact) -> bool:
    """Whether the Verilated core of an artefact was built before."""
    from lutdla.backends.verilate import built

    return built(artefact.config) is not None


def count(artefact: Artefact, x: npt.NDArray[np.int8], backend: str = "rtl") -> Counted:
    """Run some passes on a cycle-exact back end.

    Args:
        artefact: what runs.
        x: quantized inputs (inputs, *input shape), at least one; they are repeated as needed.
        backend: its name.

    Raises:
        ToolError: a tool is missing or failed.
    """
    images = artefact.image.program.images
    with open_target(backend, config=artefact.config) as accelerator:
        network = accelerator.load(artefact)
        network.raw(np.resize(x, (PASSES * images, *artefact.input_shape)))
        profile = network.profile
    known = set(artefact.layers[1:])
    return Counted(
        backend, profile.images, profile.cycles_per_image, profile.utilization,
        {name: cycles / images for name, cycles in profile.layers() if name in known},
        {cause: getattr(profile, f"stall_{cause}") / profile.images for cause in STALLS},
    )  # fmt: skip
