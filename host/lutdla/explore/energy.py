"""First-order energy of an image: what is read, added and compared, times what each costs. A model, not a measurement.

Costs are those of 45 nm silicon at 0.9 V (M. Horowitz, "Computing's energy problem", ISSCC 2014, figure 1.1.9). Logic
of an FPGA takes several times as much, and power that flows while nothing switches is not counted: use the energies of
two cores to compare them, not to choose a battery.

    tables   steps x banks x lanes bytes are read, and added up
    indices  steps x ports words are read
    encoding vectors x c distances of v differences each, and as many comparisons
    DRAM     frames, streamed tables and results
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.explore.columns import Columns
from lutdla.explore.shapes import NetworkShape

ADD_BIT_PJ = 0.1 / 32
"""An addition, subtraction or comparison, a bit of its width."""

MULTIPLY_PJ = 0.2
"""Of 8 by 8 bits."""

MEMORY_BIT_PJ = 10 / 64
"""Read from a memory of 8 KiB: block RAMs are of 4.5."""

DRAM_BIT_PJ = 1300 / 64
"""Read from or written to DRAM; the least of what is said."""


def image_energy(shape: NetworkShape, cores: Columns, steps: Any, moved_bytes: Any) -> npt.NDArray[np.float64]:
    """Energy of an image in microjoules, a column.

    Args:
        shape: of the network.
        cores: the cores.
        steps: of an image, in which every port looks a word of indices up.
        moved_bytes: of an image, to and from DRAM.
    """
    entries = steps * cores.banks * cores.lanes
    looked_up = entries * (8 * MEMORY_BIT_PJ + cores.acc_bits / 2 * ADD_BIT_PJ)  # the tree's sums grow on their way
    summed = 2 * steps * cores.lanes * cores.acc_bits * MEMORY_BIT_PJ  # accumulators: read and written
    indices = steps * cores.ports * cores.blocks * cores.index_bits * MEMORY_BIT_PJ
    multiplied = np.where(cores.is_metric("l2"), MULTIPLY_PJ, 0.0)
    distance = cores.v * (2 * cores.distance_bits * ADD_BIT_PJ + multiplied) + cores.distance_bits * ADD_BIT_PJ
    encoded = _vectors(shape, cores) * cores.c * distance
    return np.asarray((looked_up + summed + indices + encoded + 8 * moved_bytes * DRAM_BIT_PJ) / 1e6)


def _vectors(shape: NetworkShape, cores: Columns) -> Any:
    """Vectors of an image that are encoded."""
    written = [layer.target for layer in shape.layers if layer.target is not None and layer.encode]
    return sum(at.pixels * at.subspaces(cores) * at.encodings(cores) for at in (shape.input, *written))
