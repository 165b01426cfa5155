"""What a network computes, with no core in mind: layer by layer on whole maps. Tests compare programs with it."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand

Int = npt.NDArray[np.int64]


def evaluate(network: IntegerNetwork, values: npt.NDArray[np.int8], metric: str) -> Int:
    """Sums of the last layer, (images, pixels * outputs), of quantized inputs (images, values) in the array's order."""
    maps = {network.input.name: _arrange(network, values.astype(np.int64))}  # (images, height, width, channels)
    indices = {network.input.name: _encode(maps[network.input.name], network.input, metric)}
    for layer in network.layers:
        sums = _sums(layer.operand, indices[layer.operand.source], layer)
        if layer.shortcut is not None:
            sums = sums + _sums(layer.shortcut, indices[layer.shortcut.source], layer)
        if layer.target is None:
            return sums.reshape(len(sums), -1)
        added = 0 if layer.residual is None else maps[layer.residual]
        out = np.clip(((sums * layer.mult + layer.bias) >> layer.shift) + added, layer.low, layer.high)
        maps[layer.target.name] = _max_pool(out, layer)
        indices[layer.target.name] = _encode(maps[layer.target.name], layer.target, metric)
    raise AssertionError("the last layer of a network has no target")


def _arrange(network: IntegerNetwork, values: Int) -> Int:
    layout = network.layout
    side, (channels, height, width) = layout.space_to_depth, layout.map_shape
    cut = values.reshape(len(values), layout.channels, height, side, width, side)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(len(values), height, width, channels)


def _encode(values: Int, feature_map: FeatureMap, metric: str) -> Int:
    """Index of the nearest centroid for each slice of a pixel, the lowest of equals: (images, height, width, S)."""
    books = feature_map.codebooks.astype(np.int64)  # (S, c, v)
    slices = np.zeros((*values.shape[:3], len(books), books.shape[2]), np.int64)
    for s in range(len(books)):
        block = s % (len(books) // feature_map.encodings)
        part = values[..., block * feature_map.slice : (block + 1) * feature_map.slice]
        slices[..., s, : part.shape[-1]] = part
    difference = np.abs(slices[..., None, :] - books)  # (images, height, width, S, c, v)
    distance = {"l2": lambda: (difference**2).sum(-1), "l1": lambda: difference.sum(-1),
                "chebyshev": lambda: difference.max(-1)}[metric]()  # fmt: skip
    return distance.argmin(-1)


def _sums(operand: Operand, indices: Int, layer: LookupLayer) -> Int:
    """Sums of lookups: (images, height, width, N)."""
    images, height, width, subspaces = indices.shape
    (ah, aw), tables = operand.average, operand.tables.astype(np.int64)
    total = np.zeros((images, layer.height, layer.width, tables.shape[3]), np.int64)
    for (ky, kx), ay, ax in product(product(*map(range, operand.kernel)), range(ah), range(aw)):
        y = np.arange(layer.height) * operand.stride[0] + ky - operand.padding[0]  # in averaged pixels
        x = np.arange(layer.width) * operand.stride[1] + kx - operand.padding[1]
        inside = ((y >= 0) & (y < height // ah))[:, None] & ((x >= 0) & (x < width // aw))
        window = indices[:, np.clip(y * ah + ay, 0, height - 1)][:, :, np.clip(x * aw + ax, 0, width - 1)]
        for s in range(subspaces):
            total += tables[ky * operand.kernel[1] + kx, s][window[..., s]] * inside[None, :, :, None]
    return total


def _max_pool(values: Int, layer: LookupLayer) -> Int:
    assert layer.target is not None
    rows = np.arange(layer.target.height) * layer.pool_stride[0]
    columns = np.arange(layer.target.width) * layer.pool_stride[1]
    parts = [values[:, rows + wy][:, :, columns + wx] for wy, wx in product(*map(range, layer.pool))]
    return np.max(parts, axis=0)
