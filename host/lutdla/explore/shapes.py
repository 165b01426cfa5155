"""What cost models need to know of a network: sizes of its maps and layers, without any weight, v or c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutdla.compiler.network import FeatureMap, IntegerNetwork, Operand
from lutdla.explore.columns import Column, Columns, ceil_div

Pair = tuple[int, int]


@dataclass(frozen=True)
class MapShape:
    """A feature map.

    Attributes:
        name: its own.
        channels, height, width: its size.
        slice: channels in a subspace; None: as many as the core's v. A map that a layer writes with fewer is encoded
            several times (`lutdla.compiler.encodings`).
        written: by a layer; otherwise frames fill it.
    """

    name: str
    channels: int
    height: int
    width: int
    slice: int | None = None
    written: bool = True

    @property
    def pixels(self) -> int:
        """Height times width."""
        return self.height * self.width

    def encodings(self, cores: Columns) -> Column:
        """How often each pixel is encoded."""
        return np.asarray(cores.v // self.slice if self.written and self.slice is not None else 0 * cores.v + 1)

    def subspaces(self, cores: Columns) -> Column:
        """Indices of a pixel, of one encoding."""
        slices = ceil_div(self.channels, cores.v if self.slice is None else self.slice)
        return np.asarray(ceil_div(slices, self.encodings(cores)))

    def words(self, cores: Columns) -> Column:
        """Words of the index memory that hold the indices of a pixel, of one encoding."""
        return np.asarray(ceil_div(self.subspaces(cores), cores.blocks))

    def size(self, cores: Columns) -> Column:
        """Words of the index memory that the map takes."""
        return np.asarray(self.encodings(cores) * self.pixels * self.pitch(cores))

    def pitch(self, cores: Columns) -> Column:
        """Words from one pixel to the next (`lutdla.compiler.geometry.MapGeometry`)."""
        if not self.written:
            return self.words(cores)
        return np.maximum(self.words(cores), ceil_div(self.groups(cores), cores.groups_per_word))

    def groups(self, cores: Columns) -> Column:
        """Groups of values of a pixel, in rows of `lanes` channels."""
        return np.asarray(ceil_div(self.channels, cores.lanes) * cores.groups_per_row)


@dataclass(frozen=True)
class OperandShape:
    """A convolution of a map, as in `lutdla.compiler.network.Operand`; pairs are (vertical, horizontal)."""

    source: MapShape
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    average: Pair = (1, 1)

    @property
    def taps(self) -> int:
        """Kernel positions."""
        return self.kernel[0] * self.kernel[1]

    @property
    def squares(self) -> int:
        """Pixels averaged before."""
        return self.average[0] * self.average[1]


@dataclass(frozen=True)
class LayerShape:
    """A layer, as in `lutdla.compiler.network.LookupLayer`.

    Attributes:
        name: of the layer.
        operand, shortcut: what is summed.
        height, width: pixels of the sum, before max-pooling.
        outputs: channels.
        target: the map written; None for the last layer.
        residual: name of the map whose values are added.
        pool, pool_stride: window and stride of max-pooling.
        encode, store: whether the target is needed as indices, and as values.
    """

    name: str
    operand: OperandShape
    height: int
    width: int
    outputs: int
    target: MapShape | None = None
    shortcut: OperandShape | None = None
    residual: str | None = None
    pool: Pair = (1, 1)
    pool_stride: Pair = (1, 1)
    encode: bool = True
    store: bool = False

    @property
    def pixels(self) -> int:
        """Pixels of the sum."""
        return self.height * self.width

    @property
    def sums(self) -> int:
        """Sums of a channel that the core makes: pixels in two pools are summed for each."""
        return self.pixels if self.target is None else self.target.pixels * self.pool[0] * self.pool[1]

    @property
    def operands(self) -> tuple[OperandShape, ...]:
        """Operand and shortcut."""
        return (self.operand,) if self.shortcut is None else (self.operand, self.shortcut)

    @property
    def multiplications(self) -> int:
        """Of the dense layer."""
        return sum(self.pixels * self.outputs * part.taps * part.source.channels for part in self.operands)

    @property
    def covers(self) -> bool:
        """Whether it sums over its whole map for one pixel (`lutdla.compiler.reduction.covers`)."""
        part, source = self.operand, self.operand.source
        covered = (part.kernel[0] * part.average[0], part.kernel[1] * part.average[1]) == (source.height, source.width)
        return (self.pixels == 1 and self.shortcut is None and part.padding == (0, 0) and covered
                and (1, 1) in (part.kernel, part.average))


@dataclass(frozen=True)
class NetworkShape:
    """A network: its input map and its layers in order."""

    name: str
    input: MapShape
    layers: tuple[LayerShape, ...]

    @property
    def multiplications(self) -> int:
        """Of the dense network, for one input."""
        return sum(layer.multiplications for layer in self.layers)

    def readers(self, name: str) -> list[int]:
        """Layers that look a map up."""
        return [i for i, layer in enumerate(self.layers) if name in [part.source.name for part in layer.operands]]

    @classmethod
    def of(cls, network: IntegerNetwork, name: str = "") -> NetworkShape:
        """The shape of a network; maps with the most values in a subspace follow the core's v."""
        read = {part.source for layer in network.layers for part in (layer.operand, layer.shortcut) if part is not None}
        added = {layer.residual for layer in network.layers}
        v = max(value.codebooks.shape[2] for value in network.maps().values())
        maps = {key: _map(value, value is not network.input, key in read, v) for key, value in network.maps().items()}
        layers = []
        for layer in network.layers:
            target = None if layer.target is None else layer.target.name
            layers.append(LayerShape(
                layer.name, _operand(layer.operand, maps), layer.height, layer.width, layer.outputs,
                None if target is None else maps[target],
                None if layer.shortcut is None else _operand(layer.shortcut, maps), layer.residual, layer.pool,
                layer.pool_stride, target in read, target in added,
            ))  # fmt: skip
        return cls(name, maps[network.input.name], tuple(layers))


def _map(value: FeatureMap, written: bool, read: bool, v: int) -> MapShape:
    follows = value.slice == v or (written and not read)  # what is only added, is never encoded
    return MapShape(value.name, value.channels, value.height, value.width, None if follows else value.slice, written)


def _operand(operand: Operand, maps: dict[str, MapShape]) -> OperandShape:
    return OperandShape(maps[operand.source], operand.kernel, operand.stride, operand.padding, operand.average)
