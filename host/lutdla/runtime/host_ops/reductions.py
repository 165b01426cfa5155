"""Operations that take the values of some axes together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def sum(x: Array, *, axes: list[int], keep: bool = False) -> Array:
    """Sum."""
    return x.sum(tuple(axes), keepdims=keep)


def mean(x: Array, *, axes: list[int], keep: bool = False) -> Array:
    """Average."""
    return x.mean(tuple(axes), keepdims=keep)


def amax(x: Array, *, axes: list[int], keep: bool = False) -> Array:
    """Largest value."""
    return x.max(tuple(axes), keepdims=keep)


def amin(x: Array, *, axes: list[int], keep: bool = False) -> Array:
    """Least value."""
    return x.min(tuple(axes), keepdims=keep)


def softmax(x: Array, *, axis: int) -> Array:
    """e to the values, divided by their sum."""
    raised = np.exp(x - x.max(axis, keepdims=True))
    return raised / raised.sum(axis, keepdims=True)


def layer_norm(x: Array, *, shape: list[int], weight: Array | None = None, bias: Array | None = None,
               eps: float = 1e-5) -> Array:
    """Mean 0 and variance 1 over the last axes, of this shape; then scaled by weight and moved by bias."""
    if list(x.shape[x.ndim - len(shape) :]) != list(shape):
        raise ValueError(f"it normalises axes of {tuple(shape)}, the value has shape {x.shape}")
    axes = tuple(range(-len(shape), 0))
    centred = x - x.mean(axes, keepdims=True)
    y = centred / np.sqrt(np.square(centred).mean(axes, keepdims=True) + eps)
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def normalize(x: Array, *, axis: int, eps: float = 1e-12) -> Array:
    """Vectors along an axis, scaled to Euclidean length 1."""
    length = np.sqrt(np.square(x).sum(axis, keepdims=True))
    return x / np.maximum(length, eps)
