"""The core's integer arithmetic in torch, with gradients that pass straight through the rounding.

Integers are held as float32 or float64 where they are exact. What these functions return is what
`lutdla.reference` computes, bit for bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

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
    return _StraightThrough.apply(carrier, value)  # type: ignore[no-any-return]


def round_to_grid(x: Tensor) -> Tensor:
    """Rounded to integers -128..127; the gradient passes the rounding but not the clamp."""
    inside = x.clamp(-128, 127)
    return straight_through(inside, inside.detach().round())


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tables: Tensor, x: Tensor, rows: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(rows, slope)
        ctx.shape = tables.shape
        return F.embedding_bag(rows.contiguous(), tables.flatten(0, 1), mode="sum")

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        rows, slope = ctx.saved_tensors
        tables = x = None
        if ctx.needs_input_grad[0]:
            s, c, n = ctx.shape
            one_hot = torch.zeros(len(rows), s * c).scatter_(1, rows, 1.0)
            tables = (one_hot.t() @ grads[0]).view(s, c, n)
        if ctx.needs_input_grad[1]:
            x = grads[0] @ slope
        return tables, x, None, None


def lookup(tables: Tensor, index: Tensor, x: Tensor, slope: Tensor) -> Tensor:
    """Accumulators: the sum over subspaces of the table rows that the indices choose.

    Args:
        tables: (S, c, N) integers, |sum| below 2^24.
        index: int64 (S, M).
        x: (M, S * v), the values that were encoded: they get the gradient of the product they stand for.
        slope: (N, S * v), that gradient: how much one step of x would move an accumulator.

    Returns:
        (M, N) integers as float32.
    """
    rows = index.t() + torch.arange(len(index)) * tables.shape[1]  # (M, S)
    return _Lookup.apply(tables, x, rows, slope)  # type: ignore[no-any-return]


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


def requantize(acc: Tensor, mult: Tensor, bias: Tensor, shift: Tensor, low: int, high: int) -> Tensor:
    """clamp((acc * mult + bias) >> shift) of accumulators (M, N) as float32; float64 holds every step exactly."""
    return ((acc.double() * mult + bias) * torch.exp2(-shift)).floor().clamp(low, high).float()
