"""Operations on each value by itself. float32 in, float32 out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def add(x: Array, y: Array) -> Array:
    """x + y."""
    return np.add(x, y)


def sub(x: Array, y: Array) -> Array:
    """x - y."""
    return np.subtract(x, y)


def mul(x: Array, y: Array) -> Array:
    """x * y."""
    return np.multiply(x, y)


def div(x: Array, y: Array) -> Array:
    """x / y."""
    return np.divide(x, y)


def neg(x: Array) -> Array:
    """-x."""
    return np.negative(x)


def sqrt(x: Array) -> Array:
    """Square root."""
    return np.sqrt(x)


def square(x: Array) -> Array:
    """x * x."""
    return np.square(x)


def exp(x: Array) -> Array:
    """e to the x."""
    return np.exp(x)


def abs(x: Array) -> Array:
    """Without the sign."""
    return np.abs(x)


def tanh(x: Array) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(x)


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def clamp(x: Array, *, low: float | None = None, high: float | None = None) -> Array:
    """Limited to low..high."""
    return np.clip(x, low, high)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), in a form that does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def silu(x: Array) -> Array:
    """x * sigmoid(x)."""
    return x * sigmoid(x)


def gelu(x: Array, *, approximate: str = "none") -> Array:
    """x times the normal distribution function of x; `tanh` approximates that as torch does."""
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    if approximate != "none":
        raise ValueError(f"approximate is {approximate!r}: use 'none' or 'tanh'")
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


def erf(x: Array) -> Array:
    """The error function: numpy has none.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: wrong by 1.5e-7 at most.
    """
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


def cast(x: Array, *, dtype: str) -> Array:
    """To another type: float32, int64 or bool."""
    if dtype not in ("float32", "int64", "bool"):
        raise ValueError(f"dtype is {dtype!r}: use 'float32', 'int64' or 'bool'")
    return x.astype(dtype)


def not_equal(x: Array, y: Array) -> Array:
    """x != y, as bool."""
    return np.not_equal(x, y)


def equal(x: Array, y: Array) -> Array:
    """x == y, as bool."""
    return np.equal(x, y)


def where(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, else y."""
    return np.where(condition, x, y)


def constant(*, value: Array) -> Array:
    """A tensor of the pipeline."""
    return value


def scalar(*, value: float) -> float:
    """A number. Python's own, which leaves the type of arrays alone."""
    return value
