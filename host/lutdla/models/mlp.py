"""Fully connected layers with ReLU."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import nn

from lutdla.models.fits import check_sizes
from lutdla.nn.layers import Normalize


def mlp(shape: tuple[int, ...] = (28, 28), classes: int = 10, hidden: Sequence[int] = (256, 256),
        std: float = 255.0) -> nn.Sequential:
    """(B, *shape) -> (B, classes).

    Args:
        shape: of an image.
        classes: outputs.
        hidden: values of each hidden layer.
        std: that inputs are divided by: 255 for pixels 0..255, 1 for what is standardized.

    Raises:
        InputError: a hidden layer has less than one value.
    """
    check_sizes("mlp", "hidden", hidden)
    layers: list[nn.Module] = [Normalize(std=std), nn.Flatten()]
    inputs = math.prod(shape)
    for outputs in hidden:
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.Linear(inputs, classes))
