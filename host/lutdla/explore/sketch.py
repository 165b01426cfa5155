"""A network of a shape without weights: what the compiler needs to draw up its program for a core."""

from __future__ import annotations

import numpy as np

from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand
from lutdla.explore.shapes import LayerShape, MapShape, NetworkShape, OperandShape
from lutdla.spec.config import CoreConfig
from lutdla.spec.frame_layout import FrameLayout


def sketch(shape: NetworkShape, config: CoreConfig) -> IntegerNetwork:
    """A network whose tables and codebooks are 0."""
    maps = {layer.target.name: layer.target for layer in shape.layers if layer.target is not None}
    made = {name: _map(at, config) for name, at in {shape.input.name: shape.input, **maps}.items()}
    layers = tuple(_layer(layer, made, config) for layer in shape.layers)
    at, outputs = shape.input, shape.layers[-1].outputs
    layout = FrameLayout(at.channels, at.height, at.width, at.slice or config.v)
    return IntegerNetwork(made[at.name], layers, (at.channels, at.height, at.width), layout, 1.0, 0,
                          np.ones(outputs, np.float32), np.zeros(outputs, np.float32))


def _map(at: MapShape, config: CoreConfig) -> FeatureMap:
    slice_, v = at.slice or config.v, at.slice if at.written and at.slice else config.v
    books = np.zeros((-(-at.channels // slice_), config.c, v), np.int8)
    return FeatureMap(at.name, at.channels, at.height, at.width, books, slice_)


def _layer(layer: LayerShape, maps: dict[str, FeatureMap], config: CoreConfig) -> LookupLayer:
    nothing = np.zeros(layer.outputs, np.int64)
    return LookupLayer(
        layer.name, _operand(layer.operand, layer.outputs, maps, config), layer.height, layer.width, nothing, nothing,
        nothing, 0, 127, None if layer.target is None else maps[layer.target.name],
        None if layer.shortcut is None else _operand(layer.shortcut, layer.outputs, maps, config), layer.residual,
        layer.pool, layer.pool_stride,
    )  # fmt: skip


def _operand(part: OperandShape, outputs: int, maps: dict[str, FeatureMap], config: CoreConfig) -> Operand:
    source = maps[part.source.name]
    tables = np.broadcast_to(np.int8(0), (part.taps, source.codebooks.shape[0], config.c, outputs))
    return Operand(part.source.name, tables, part.kernel, part.stride, part.padding, part.average)
