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
    return _StraightThrough.apply(carrier, value)  # type: ignore[no-any-return,no-untyped-call]


def round_to_grid(x: Tensor) -> Tensor:
    """Rounded to integers -128..127; the gradient passes the rounding but not the clamp."""
    inside = x.clamp(-128, 127)
    return straight_through(inside, inside.detach().round())


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tables: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.shape = tables.shape
        return F.embedding_bag(rows, tables.flatten(0, 1), mode="sum")

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        s, c, n = ctx.shape
        one_hot = torch.zeros(len(rows), s * c).scatter_(1, rows, 1.0)  # a product beats scattered additions
        return (one_hot.t() @ grads[0]).view(s, c, n), None


def lookup(tables: Tensor, index: Tensor) -> Tensor:
    """Accumulators: the sum over subspaces of the table rows that the indices choose.

    Args:
        tables: (S, c, N) integers, |sum| below 2^24.
        index: int64 (S, M).

    Returns:
        (M, N) integers as float32; the gradient goes to the tables.
    """
    rows = (index.t() + torch.arange(len(index)) * tables.shape[1]).contiguous()  # (M, S)
    return _Lookup.apply(tables, rows)  # type: ignore[no-any-return,no-untyped-call]


def soft_lookup(tables: Tensor, distance: Tensor, temperature: float) -> Tensor:
    """What `lookup` would give if a slice chose every centroid a little, the near ones most: its gradient says where a
    slice, or a centroid, should move so that other table rows are chosen.

    Args:
        tables: (S, c, N).
        distance: (S, c, M), of each slice to each centroid.
        temperature: in mean distances to the nearest centroid, subspace by subspace; larger is softer.

    Returns:
        (M, N), real.
    """
    nearest = distance.detach().amin(dim=1).mean(dim=1)[:, None, None]  # (S, 1, 1)
    weight = torch.softmax(-distance / (temperature * nearest + 1), dim=1)  # + 1: one step of the grid
    return torch.bmm(weight.transpose(1, 2), tables).sum(dim=0)


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
