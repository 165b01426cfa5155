"""Operations that only move values. Axes count from 0, or from -1 at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def reshape(x: Array, *, shape: list[int]) -> Array:
    """Another shape; one size may be -1."""
    return x.reshape(shape)


def flatten(x: Array, *, start: int = 0, end: int = -1) -> Array:
    """Axes start..end as one."""
    first, last = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:first], int(np.prod(x.shape[first : last + 1])), *x.shape[last + 1 :])


def unflatten(x: Array, *, axis: int, sizes: list[int]) -> Array:
    """One axis as several; one size may be -1."""
    at = axis % x.ndim
    return x.reshape(*x.shape[:at], *sizes, *x.shape[at + 1 :])


def permute(x: Array, *, axes: list[int]) -> Array:
    """Axes in another order."""
    return x.transpose(axes)


def transpose(x: Array, *, first: int, second: int) -> Array:
    """Two axes exchanged."""
    return x.swapaxes(first, second)


def unsqueeze(x: Array, *, axis: int) -> Array:
    """A new axis of length 1."""
    return np.expand_dims(x, axis)


def squeeze(x: Array, *, axis: int) -> Array:
    """Without an axis, where its length is 1."""
    return x.squeeze(axis) if x.shape[axis] == 1 else x


def select(x: Array, *, axis: int, index: int) -> Array:
    """One place of an axis."""
    return np.take(x, index, axis)


def getitem(x: Array, *, index: list[Any]) -> Array:
    """x[index], one entry an axis: a number, null (a new axis), "..." or [start, stop, step] with nulls."""
    return x[tuple(_entry(entry) for entry in index)]


def _entry(entry: Any) -> Any:
    if entry == "...":
        return ...
    return slice(*entry) if isinstance(entry, list) else entry


def concatenate(*parts: Array, axis: int) -> Array:
    """Arrays one behind the other."""
    return np.concatenate(parts, axis)


def pad(x: Array, *, widths: list[int], mode: str = "constant", value: float = 0.0) -> Array:
    """Longer at both ends of the last axes.

    Args:
        widths: before and after the last axis, then the one before it, and so on, as in torch.
        mode: constant, reflect or replicate.
        value: what constant padding holds.
    """
    pairs = [(widths[i], widths[i + 1]) for i in range(0, len(widths), 2)][::-1]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    if mode == "constant":
        return np.pad(x, pairs, constant_values=value)
    modes = {"reflect": "reflect", "replicate": "edge"}
    if mode not in modes:
        raise ValueError(f"mode is {mode!r}: use 'constant', 'reflect' or 'replicate'")
    return np.pad(x, pairs, mode=modes[mode])  # type: ignore[call-overload]


def unfold(x: Array, *, axis: int, size: int, step: int) -> Array:
    """Windows of an axis: their values become a new last axis. A view, nothing is copied."""
    at = axis % x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=at)
    return windows[(slice(None),) * at + (slice(None, None, step),)]


def conv_windows(x: Array, *, kernel: int, stride: int = 1, padding: int = 0) -> Array:
    """What a convolution of sequences reads: (B, C, L) -> (B, positions, C, kernel). Without padding, a view."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding))) if padding else x
    return np.moveaxis(unfold(padded, axis=2, size=kernel, step=stride), 2, 1)
