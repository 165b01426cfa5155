"""The core's integer arithmetic in torch, with gradients that pass straight through the rounding.

Integers are held as float32 or float64 where they are exact. What these functions return is what
`lutdla.reference` computes, bit for bit.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from lutdla.nn.native.build import in_threads, library, pointer
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


def requantize(acc: Tensor, ratio: Tensor, offset: Tensor, constants: tuple[Tensor, Tensor, Tensor], low: int,
               high: int, added: Tensor | None = None) -> Tensor:
    """clamp(((acc * mult + bias) >> shift) + added) of accumulators, to the last bit; float64 holds every step exactly.

    Args:
        acc: (..., N) integers as float32.
        ratio, offset: (N,) real numbers that the constants are close to: take the gradients, as acc and added do, of
            acc * ratio + offset + added inside low..high.
        constants: mult, bias, shift of `fixed_point`, float64 (N,).
        added: (..., N) integers, a residual.
    """
    return _Requantize.apply(acc, ratio, offset, added, constants, low, high)  # type: ignore[no-any-return,no-untyped-call]


class _Requantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, acc: Tensor, ratio: Tensor, offset: Tensor, added: Tensor | None,
                constants: tuple[Tensor, Tensor, Tensor], low: int, high: int) -> Tensor:
        mult, bias, shift = constants
        native = library("sums.cpp") if acc.device.type == "cpu" else None
        if native is None:
            values = ((acc.double() * mult + bias) * torch.exp2(-shift)).floor()
            result = (values + (0.0 if added is None else added)).clamp(low, high).float()
        else:
            result = _requantize_native(acc, mult, bias, torch.exp2(-shift), added, (low, high), native)
        ctx.save_for_backward(result, ratio)
        ctx.clamp, ctx.native = (low, high), native
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        work = _gradient if ctx.native is None else _gradient_native
        of_acc, of_offset, of_added = work(grads[0].contiguous(), *ctx.saved_tensors, ctx.clamp, ctx.native)
        return of_acc, None, of_offset, of_added if ctx.needs_input_grad[3] else None, None, None, None


def _gradient(grad: Tensor, result: Tensor, ratio: Tensor, clamp: tuple[int, int],
              native: None) -> tuple[Tensor, Tensor, Tensor]:
    inside = grad * ((result > clamp[0]) & (result < clamp[1]))
    return inside * ratio, inside.flatten(0, -2).sum(dim=0), inside


def _gradient_native(grad: Tensor, result: Tensor, ratio: Tensor, clamp: tuple[int, int],
                     native: ctypes.CDLL) -> tuple[Tensor, Tensor, Tensor]:
    n, inside, of_acc = grad.shape[-1], torch.empty_like(grad), torch.empty_like(grad)
    of_offset = torch.zeros(torch.get_num_threads(), n)
    ratio = ratio.float().contiguous()

    def work(thread: int, begin: int, end: int) -> None:
        native.requantize_gradient(pointer(grad), pointer(result), pointer(ratio), pointer(inside), pointer(of_acc),
                                   pointer(of_offset[thread]), ctypes.c_float(clamp[0]), ctypes.c_float(clamp[1]),
                                   ctypes.c_long(n), ctypes.c_long(begin), ctypes.c_long(end))

    in_threads(grad.numel() // n, work)
    return of_acc, of_offset.sum(dim=0), inside


def _requantize_native(acc: Tensor, mult: Tensor, bias: Tensor, unit: Tensor, added: Tensor | None,
                       clamp: tuple[int, int], native: ctypes.CDLL) -> Tensor:
    n, result = acc.shape[-1], torch.empty_like(acc)
    acc = acc.contiguous()
    added = None if added is None else added.contiguous()

    def work(thread: int, begin: int, end: int) -> None:
        native.requantize(pointer(acc), pointer(mult), pointer(bias), pointer(unit), pointer(added), pointer(result),
                          ctypes.c_float(clamp[0]), ctypes.c_float(clamp[1]), ctypes.c_long(n), ctypes.c_long(begin),
                          ctypes.c_long(end))

    in_threads(acc.numel() // n, work)
    return result
