"""The core's integer arithmetic in torch, with gradients that pass straight through the rounding.

Integers are held as float32 or float64 where they are exact. What these functions return is what
`lutdla.reference` computes, bit for bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX

MULT_BITS = 15
"""Width of a requantization multiplier."""


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, carrier: Tensor, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


def straight_through(carrier: Tensor, value: Tensor) -> Tensor:
    """`value` in the forward pass, to the last bit; the gradient goes to `carrier`."""
    return _StraightThrough.apply(carrier, value)  # type: ignore[no-any-return,no-untyped-call]


def round_to_grid(x: Tensor) -> Tensor:
    """Rounded to integers -128..127; the gradient passes the rounding but not the clamp."""
    inside = x.clamp(-128, 127)
    return straight_through(inside, inside.detach().round())


def fixed_point(ratio: Tensor, offset: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Constants so that (acc * mult + bias) >> shift is acc * ratio + offset, rounded.

    Args:
        ratio: (N,) >= 0.
        offset: (N,).

    Returns:
        mult, bias, shift: float64 (N,) integers in the ranges of `lutdla.spec.MemoryImage`; the bias holds the rounding
        constant. A large offset costs bits of the multiplier, so that the bias fits.
    """
    ratio, offset = ratio.double(), offset.double()
    exponent = torch.frexp(ratio).exponent.double()  # ratio = 0.5..1 * 2^exponent
    room = BIAS_BITS - 2 - torch.frexp(offset.abs() + 1).exponent.double()
    shift = torch.minimum(MULT_BITS - exponent, room).clamp(1, SHIFT_MAX)
    unit = torch.exp2(shift)
    limit = 2.0 ** (BIAS_BITS - 2)
    mult = (ratio * unit).round().clamp(0, 2**MULT_BITS - 1)
    bias = (offset * unit).round().clamp(-limit, limit - 1) + unit / 2
    return mult, bias, shift


def requantize(acc: Tensor, mult: Tensor, bias: Tensor, shift: Tensor, low: int, high: int,
               added: Tensor | float = 0.0) -> Tensor:
    """clamp(((acc * mult + bias) >> shift) + added) of accumulators (..., N) as float32; float64 holds every step
    exactly."""
    return (((acc.double() * mult + bias) * torch.exp2(-shift)).floor() + added).clamp(low, high).float()
