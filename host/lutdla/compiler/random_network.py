"""Random integer networks: what tests, `lutdla verify` benchmarks and examples run when no training is wanted."""

from __future__ import annotations

import numpy as np

from lutdla.compiler.network import IntegerNetwork, LinearLayer
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import SHIFT_MAX

SPREAD = 48
"""Standard deviation that requantised values are aimed at: inside the clamp, mostly, so that inputs show in results."""


def random_network(config: CoreConfig, sizes: tuple[int, ...], seed: int = 0) -> IntegerNetwork:
    """A network of random codebooks, tables and constants, scaled so that layers do not saturate.

    Args:
        config: the core it is meant for (v, c, acc_bits).
        sizes: values in, hidden channels..., outputs.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    limit = min(127, (1 << (config.acc_bits - 1)) // -(-max(sizes) // config.v) - 1)
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        s = -(-inputs // config.v)
        mult = rng.integers(1 << 10, 1 << 15, outputs)
        spread = limit * np.sqrt(s / 3)  # of the accumulators: sums of s uniform entries
        shift = np.clip(np.rint(np.log2(spread * mult / SPREAD)), 1, SHIFT_MAX).astype(np.int64)
        offset = rng.integers(-SPREAD, SPREAD + 1, outputs)
        low = int(rng.choice((-128, -100, 0)))  # 0: as ReLU does
        layers.append(LinearLayer(
            name=f"layer{i}",
            codebooks=rng.integers(-128, 128, (s, config.c, config.v)).astype(np.int8),
            tables=rng.integers(-limit - 1, limit + 1, (s, config.c, outputs)).astype(np.int8),
            mult=mult, bias=(offset << shift) + (1 << (shift - 1)), shift=shift,
            low=low, high=int(rng.integers(90, 128)),
        ))  # fmt: skip
    return IntegerNetwork(tuple(layers), (sizes[0],), 1.0, 0, np.ones(sizes[-1], np.float32),
                          np.zeros(sizes[-1], np.float32))
