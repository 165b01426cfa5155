"""Ways to encode, and which of many are worth a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lutdla.explore.shapes import LayerShape, MapShape, NetworkShape, OperandShape


@dataclass(frozen=True)
class Way:
    """A way to encode.

    Attributes:
        v, c, metric: of all layers.
        layers: maps with a v of their own (a divisor of v): names of the layers that read one, and their v.
    """

    v: int
    c: int
    metric: str
    layers: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        own = "".join(f" {name}:{v}" for name, v in self.layers)
        return f"v={self.v} c={self.c} {self.metric}{own}"


def front(values: Sequence[Sequence[float]]) -> npt.NDArray[np.bool_]:
    """Which rows no other row dominates: is at least as small everywhere and smaller somewhere."""
    table = np.asarray(values, np.float64).reshape(len(values), -1)
    no_larger = (table[:, None] <= table[None]).all(axis=2)  # (better, worse)
    smaller = (table[:, None] < table[None]).any(axis=2)
    return np.asarray(~(no_larger & smaller).any(axis=0))


def spread(count: int, most: int) -> list[int]:
    """At most so many of `count` positions, evenly, both ends among them."""
    return sorted({round(at) for at in np.linspace(0, count - 1, min(count, most))})


def with_layers(shape: NetworkShape, way: Way) -> NetworkShape:
    """The shape of a network in which some layers have a v of their own."""
    own = dict(way.layers)
    read = {part.source.name: own[layer.name] for layer in shape.layers if layer.name in own
            for part in layer.operands if part.source.slice is None}

    def map_(at: MapShape) -> MapShape:
        return replace(at, slice=read[at.name]) if read.get(at.name, way.v) != way.v else at

    def operand(part: OperandShape) -> OperandShape:
        return replace(part, source=map_(part.source))

    def layer_(layer: LayerShape) -> LayerShape:
        return replace(layer, operand=operand(layer.operand), target=layer.target and map_(layer.target),
                       shortcut=layer.shortcut and operand(layer.shortcut))

    return NetworkShape(shape.name, map_(shape.input), tuple(layer_(layer) for layer in shape.layers))
