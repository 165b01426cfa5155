"""Operations that look up or multiply matrices: what is left of a network's layers on the host."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.runtime.host_ops.elementwise import sigmoid
from lutdla.runtime.host_ops.shapes import conv_windows

Array = npt.NDArray[Any]


def embedding(indices: Array, *, weight: Array) -> Array:
    """Rows of a matrix, by number."""
    if indices.size and not 0 <= indices.min() <= indices.max() < len(weight):
        raise ValueError(f"indices are {indices.min()}..{indices.max()}, the table has rows 0..{len(weight) - 1}")
    return weight[indices]


def linear(x: Array, *, weight: Array, bias: Array | None = None) -> Array:
    """x W^T + b, weight (N, K)."""
    y = x @ weight.T
    return y if bias is None else y + bias


def conv1d(x: Array, *, weight: Array, bias: Array | None = None, stride: int = 1, padding: int = 0) -> Array:
    """A convolution of sequences (B, C, L), weight (N, C, kernel)."""
    windows = conv_windows(x, kernel=weight.shape[2], stride=stride, padding=padding)  # (B, positions, C, kernel)
    y = windows.reshape(*windows.shape[:2], -1) @ weight.reshape(len(weight), -1).T
    return (y if bias is None else y + bias).transpose(0, 2, 1)


def matmul(x: Array, y: Array) -> Array:
    """Product of matrices in the last two axes."""
    return np.matmul(x, y)


def attention(query: Array, key: Array, value: Array, mask: Array | None = None, *,
              scale: float | None = None) -> Array:
    """Scaled dot-product attention of (..., T, size).

    Args:
        mask: bool, False where a key is not looked at; or real values that are added. A query that may look at no key
            gets 0.
        scale: of the products; None: 1 / sqrt(size).
    """
    scores = np.matmul(query, key.swapaxes(-1, -2)) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    peak = scores.max(-1, keepdims=True)
    raised = np.exp(scores - np.where(np.isneginf(peak), 0, peak))
    share = raised / np.maximum(raised.sum(-1, keepdims=True), np.finfo(np.float32).tiny)
    return np.matmul(share, value)


def lstm(x: Array, *, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array) -> Array:
    """Outputs (B, T, hidden) of one layer of LSTM over (B, T, K) whose state begins at 0; gates i, f, g, o as in
    torch."""
    gates = x @ weight_ih.T + (bias_ih + bias_hh)  # (B, T, 4 * hidden)
    hidden = weight_hh.shape[1]
    h = c = np.zeros((len(x), hidden), x.dtype)
    out = np.empty((*x.shape[:2], hidden), x.dtype)
    for t in range(x.shape[1]):
        i, f, g, o = np.split(gates[:, t] + h @ weight_hh.T, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out[:, t] = h
    return out
