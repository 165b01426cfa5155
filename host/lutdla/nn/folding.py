"""What folds into a lookup layer's weights: batch norm, the kernel that covers a map, space-to-depth of the input."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.nn.geometry import Geometry
from lutdla.nn.graph import Reading


def folded(reading: Reading) -> tuple[Tensor, Tensor]:
    """Weight (N, C, kernel height, kernel width) and bias (N,) of a reading: batch norm and space-to-depth included."""
    module = reading.module
    weight = module.weight.detach().reshape(len(module.weight), -1, *reading.geometry.kernel)
    bias = torch.zeros(len(weight)) if module.bias is None else module.bias.detach()
    if reading.batch_norm is not None:
        gain, shift = _batch_norm(reading.batch_norm)
        weight, bias = weight * gain[:, None, None, None], bias * gain + shift
    if reading.to_depth is not None:
        weight = weight_to_depth(weight, reading.geometry, reading.to_depth, reading.geometry.stride[0])
    return weight, bias


def _batch_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Gain and shift of each channel (N,)."""
    assert norm.running_mean is not None, "read_network refuses batch norm without statistics"
    assert norm.running_var is not None
    gain = (norm.running_var + norm.eps).rsqrt()
    shift = -norm.running_mean * gain
    if norm.weight is not None:
        gain, shift = gain * norm.weight.detach(), shift * norm.weight.detach() + norm.bias.detach()
    return gain, shift


def to_depth(geometry: Geometry, side: int, height: int, width: int) -> Geometry:
    """The same convolution of the map behind space-to-depth with squares of `side` = the stride; `height` and `width`
    are those of the map before, multiples of it."""
    begin = [-(-pad // side) for pad in geometry.padding]  # squares above and left that hold the padding
    kernel = [-(-(size + first * side - pad) // side)
              for size, first, pad in zip(geometry.kernel, begin, geometry.padding)]
    squares = (height // side, width // side)
    end = [out - 1 + size - first - count
           for out, size, first, count in zip(geometry.output(height, width), kernel, begin, squares)]
    return Geometry((kernel[0], kernel[1]), (1, 1), (begin[0], begin[1]), (end[0], end[1]))


def weight_to_depth(weight: Tensor, before: Geometry, after: Geometry, side: int) -> Tensor:
    """Weights (N, C, kernel height, kernel width) for the map behind space-to-depth: (N, C * side * side, kernel');
    0 where a square reaches past the kernel."""
    first = [after.padding[axis] * side - before.padding[axis] for axis in (0, 1)]
    last = [after.kernel[axis] * side - first[axis] - before.kernel[axis] for axis in (0, 1)]
    return F.pixel_unshuffle(F.pad(weight, (first[1], last[1], first[0], last[0])), side)
