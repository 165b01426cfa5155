"""An `IntegerNetwork` evaluated in plain numpy, by the words of its docstrings: no torch, no core."""

import numpy as np

from lutdla.nn.metrics import METRICS
from lutdla.spec.config import CoreConfig


def indices(values, feature_map, metric):
    """Index of each slice of a map (B, C, H, W): (S, B, H, W)."""
    books = feature_map.codebooks.astype(np.int64)
    s, width = feature_map.subspaces, feature_map.slice
    batch, channels, height, columns = values.shape
    slices = np.zeros((s, books.shape[2], batch, height, columns), np.int64)
    for channel in range(channels):
        slices[channel // width, channel % width] = values[:, channel]
    flat = slices.reshape(s, books.shape[2], -1).transpose(0, 2, 1)
    return METRICS[metric].nearest(flat, books).reshape(s, batch, height, columns)


def sums(operand, index, height, width):
    """(B, height, width, N): entry by entry; outside the map nothing is added."""
    tables = operand.tables.astype(np.int64)
    s, batch, rows, columns = index.shape
    (kh, kw), (ah, aw) = operand.kernel, operand.average
    total = np.zeros((batch, height, width, tables.shape[3]), np.int64)
    for y in range(height):
        for x in range(width):
            for i in range(kh * ah):
                for j in range(kw * aw):
                    py = (y * operand.stride[0] - operand.padding[0]) * ah + i
                    px = (x * operand.stride[1] - operand.padding[1]) * aw + j
                    if 0 <= py < rows and 0 <= px < columns:
                        entries = tables[i // ah * kw + j // aw]  # (S, c, N)
                        for k in range(s):
                            total[:, y, x] += entries[k][index[k, :, py, px]]
    return total


def pooled(values, pool, stride):
    """Max-pooling of (B, H, W, N), whole windows only."""
    height, width = ((size - kernel) // by + 1 for size, kernel, by in zip(values.shape[1:3], pool, stride))
    return np.stack([np.stack([
        values[:, y * stride[0] : y * stride[0] + pool[0], x * stride[1] : x * stride[1] + pool[1]].max(axis=(1, 2))
        for x in range(width)], axis=1) for y in range(height)], axis=1)  # fmt: skip


def evaluate(network, images, metric="l2"):
    """Raw accumulators (B, N) of int8 input maps (B, C, H, W)."""
    maps, index = network.maps(), {}
    values = {network.input.name: images.astype(np.int64)}

    def index_of(name):
        if name not in index:
            index[name] = indices(values[name], maps[name], metric)
        return index[name]

    for layer in network.layers:
        acc = sums(layer.operand, index_of(layer.operand.source), layer.height, layer.width)
        if layer.shortcut is not None:
            acc = acc + sums(layer.shortcut, index_of(layer.shortcut.source), layer.height, layer.width)
        if layer.target is None:
            return acc.reshape(len(acc), -1)
        y = (acc * layer.mult + layer.bias) >> layer.shift
        if layer.residual is not None:
            y = y + values[layer.residual].transpose(0, 2, 3, 1)
        y = pooled(np.clip(y, layer.low, layer.high), layer.pool, layer.pool_stride).transpose(0, 3, 1, 2)
        assert y.shape[1:] == (layer.target.channels, layer.target.height, layer.target.width)
        values[layer.target.name] = y
    raise AssertionError("the network has no last layer")


def input_maps(network, values):
    """Quantized inputs int8 (B, values) as the input map (B, C, H, W), from the frames that the core gets."""
    layout, feature_map = network.layout, network.input
    s, _, v = feature_map.codebooks.shape
    config = CoreConfig(v=v, lanes=max(16, v), encoders=1, blocks=1)
    frames = layout.arrange(values, config)
    pixels = frames.reshape(len(values), feature_map.height, feature_map.width, s, v)[..., : feature_map.slice]
    channels = pixels.reshape(*pixels.shape[:3], -1)[..., : feature_map.channels]
    return channels.transpose(0, 3, 1, 2)
