"""Random integer networks: what tests, benchmarks and planning run when no training is wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig
from lutdla.spec.frame_layout import FrameLayout
from lutdla.spec.memory import SHIFT_MAX

SPREAD = 48
"""Standard deviation that requantised values are aimed at: inside the clamp, mostly, so that inputs show in results."""

Pair = tuple[int, int]


def pair(value: int | Pair) -> Pair:
    """(vertical, horizontal) of one number for both, or of both."""
    return (value, value) if isinstance(value, int) else value


class NetworkBuilder:
    """Builds a network of random codebooks, tables and constants, layer by layer, scaled so that they do not saturate.

    Args:
        config: the core it is meant for (v, c, acc_bits).
        input_shape: of one input: (values,), (channels, length) or (channels, height, width).
        slice: channels in a subspace of the input map, None: v.
        space_to_depth: see `FrameLayout`.
        seed: of the random numbers.
    """

    def __init__(self, config: CoreConfig, input_shape: tuple[int, ...], *, slice: int | None = None,
                 space_to_depth: int = 1, seed: int = 0) -> None:
        self.config, self.input_shape, self.rng = config, input_shape, np.random.default_rng(seed)
        channels, *size = input_shape
        height, width = (1, 1) if not size else (1, size[0]) if len(size) == 1 else size
        self.layout = FrameLayout(channels, height, width, slice or config.v, space_to_depth)
        self.input = self._map("input", *self.layout.map_shape, self.layout.slice)
        self.maps = {"input": self.input}
        self.layers: list[LookupLayer] = []

    def conv(self, source: str, channels: int, kernel: int | Pair = 1, *, stride: int | Pair = 1,
             padding: int | Pair = 0, average: int | Pair = 1, pool: int | Pair = 1,
             pool_stride: int | Pair | None = None, shortcut: str | None = None, shortcut_stride: int | Pair = 1,
             residual: str | None = None, low: int | None = None, name: str | None = None, v: int | None = None,
             c: int | None = None) -> str:
        """Add a layer; returns the name of the map it writes. `low` None: any. `v`, `c`: of the map, None: the core's.

        Raises:
            CompileError: the kernel or the pool does not fit into the map.
        """
        name = name or f"layer{len(self.layers)}"
        operand, (height, width) = self._operand(name, source, channels, pair(kernel), pair(stride), pair(padding),
                                                 pair(average))
        window, apart = pair(pool), pair(pool if pool_stride is None else pool_stride)
        other = None if shortcut is None else Operand(
            shortcut, self._tables(1, self.maps[shortcut], channels), stride=pair(shortcut_stride))
        terms = _terms(operand) + (0 if other is None else _terms(other))
        operand, other = self._scaled(operand, terms), None if other is None else self._scaled(other, terms)
        mult = self.rng.integers(1 << 10, 1 << 15, channels)
        spread = self._limit(terms) * np.sqrt(terms / 3)  # of the accumulators: sums of uniform entries
        shift = np.clip(np.rint(np.log2(spread * mult / SPREAD)), 1, SHIFT_MAX).astype(np.int64)
        offset = self.rng.integers(-SPREAD, SPREAD + 1, channels)
        pooled = [(size - w) // a + 1 for size, w, a in zip((height, width), window, apart)]
        if min(pooled) < 1:
            raise CompileError(f"layer {name}: a pool of {window} does not fit into {height} x {width} pixels")
        target = self._map(f"{name}.out", channels, *pooled, v or self.config.v, v, c)
        self.layers.append(LookupLayer(
            name, operand, height, width, mult, (offset << shift) + (1 << (shift - 1)), shift,
            int(self.rng.choice((-128, -100, 0))) if low is None else low, int(self.rng.integers(90, 128)), target,
            other, residual, window, apart,
        ))  # fmt: skip
        self.maps[target.name] = target
        return target.name

    def build(self, source: str, outputs: int, *, average: bool = False, name: str = "output") -> IntegerNetwork:
        """The network, with a last layer that is fully connected to map `source`, or to its global average."""
        size = (self.maps[source].height, self.maps[source].width)
        operand, _ = self._operand(name, source, outputs, (1, 1) if average else size, (1, 1), (0, 0),
                                   size if average else (1, 1))
        nothing = np.zeros(outputs, np.int64)
        last = LookupLayer(name, self._scaled(operand, _terms(operand)), 1, 1, nothing, nothing, nothing)
        return IntegerNetwork(self.input, (*self.layers, last), self.input_shape, self.layout, 1.0, 0,
                              np.ones(outputs, np.float32), np.zeros(outputs, np.float32))

    def _map(self, name: str, channels: int, height: int, width: int, slice: int, v: int | None = None,
             c: int | None = None) -> FeatureMap:
        shape = -(-channels // slice), c or self.config.c, v or self.config.v
        books = self.rng.integers(-128, 128, shape).astype(np.int8)
        books[:, :, slice:] = 0
        if channels % slice:
            books[-1, :, channels % slice :] = 0
        return FeatureMap(name, channels, height, width, books, slice)

    def _operand(self, name: str, source: str, channels: int, kernel: Pair, stride: Pair, padding: Pair,
                 average: Pair) -> tuple[Operand, Pair]:
        origin = self.maps[source]
        height, width = ((size // a + 2 * p - k) // s + 1 for size, k, s, p, a in
                         zip((origin.height, origin.width), kernel, stride, padding, average))
        if min(height, width) < 1:
            raise CompileError(f"layer {name}: a kernel of {kernel} does not fit into map {source}")
        tables = self._tables(kernel[0] * kernel[1], origin, channels)
        return Operand(source, tables, kernel, stride, padding, average), (height, width)

    def _tables(self, taps: int, source: FeatureMap, channels: int) -> npt.NDArray[np.int8]:
        return self.rng.integers(-128, 128, (taps, *source.codebooks.shape[:2], channels)).astype(np.int8)

    def _limit(self, terms: int) -> int:
        return max(0, min(127, (1 << (self.config.acc_bits - 1)) // terms - 1))

    def _scaled(self, operand: Operand, terms: int) -> Operand:
        """Tables small enough for the accumulators."""
        tables = operand.tables.astype(np.int64) * (self._limit(terms) + 1) // 128
        return Operand(operand.source, tables.astype(np.int8), operand.kernel, operand.stride, operand.padding,
                       operand.average)


def _terms(operand: Operand) -> int:
    """Lookups of a sum."""
    taps, subspaces = operand.tables.shape[:2]
    return taps * subspaces * operand.average[0] * operand.average[1]


def random_network(config: CoreConfig, sizes: tuple[int, ...], seed: int = 0) -> IntegerNetwork:
    """A multilayer perceptron.

    Args:
        config: the core it is meant for (v, c, acc_bits).
        sizes: values in, hidden channels..., outputs.
        seed: of the random numbers.
    """
    builder, source = NetworkBuilder(config, (sizes[0],), seed=seed), "input"
    for channels in sizes[1:-1]:
        source = builder.conv(source, channels)
    return builder.build(source, sizes[-1], name=f"layer{len(sizes) - 2}")
