"""Encoding in training: the nearest centroid of each slice, the values it stands for, and gradients.

On a CPU with a compiler, `native/encode.cpp` does the work, many pixels at once; otherwise torch operations give the
same indices, and gradients that differ by rounding.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from lutdla.nn.gradients import Gradient, shares
from lutdla.nn.metrics import METRICS, Metric
from lutdla.nn.native.build import in_threads, library, pointer

NATIVE_C = 256
"""Centroids of the compiled kernels, at most: indices are bytes."""

CHUNK = 4096
"""Slices of a subspace at a time in torch: distances to all centroids stay in the cache."""


def encode(x: Tensor, codebooks: Tensor, real: Tensor, metric: Metric, gradient: Gradient,
           carrier: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Indices of the nearest centroids, the lowest of equals, and what they stand for.

    Args:
        x: (B, H, W, S * v), on the int8 grid, contiguous.
        codebooks: (S, c, v) on the int8 grid.
        real: (S, c, v), what centroids stand for.
        metric: distance.
        gradient: how gradients pass to x and codebooks.
        carrier: (B, H, W, S * v), what x stands for: takes `gradient.straight` of the gradient; None: none does.

    Returns:
        index uint8 (B, H, W, S); decoded (B, H, W, S * v), with gradients to x, codebooks, real and carrier.
    """
    return _Encode.apply(x, codebooks, real, carrier, metric, gradient)  # type: ignore[no-any-return,no-untyped-call]


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, codebooks: Tensor, real: Tensor, carrier: Tensor | None, metric: Metric,
                gradient: Gradient) -> tuple[Tensor, Tensor]:
        native = _native(metric, codebooks)
        index, decoded, nearest = (_encode if native is None else _encode_native)(x, codebooks, real, metric, native)
        ctx.save_for_backward(x, codebooks, real, index, nearest)
        ctx.metric, ctx.gradient, ctx.native = metric, gradient, native
        ctx.mark_non_differentiable(index)
        return index, decoded

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, codebooks, real, index, nearest = ctx.saved_tensors
        grad = grads[1].contiguous()
        needs_x, needs_codebooks, needs_real, needs_carrier = ctx.needs_input_grad[:4]
        grad_x = grad_codebooks = grad_real = None
        rates = ctx.gradient.rates(nearest)
        if rates is not None and (needs_x or needs_codebooks):
            work = _soft if ctx.native is None else _soft_native
            grad_x, grad_codebooks = work(x, grad, codebooks, real, rates, ctx.metric, ctx.native)
        if needs_real:
            grad_real = (_gather if ctx.native is None else _gather_native)(grad, index, real, ctx.native)
        straight = grad * ctx.gradient.straight if needs_carrier and ctx.gradient.straight else None
        return grad_x, grad_codebooks, grad_real, straight, None, None


def _native(metric: Metric, codebooks: Tensor) -> ctypes.CDLL | None:
    _, c, v = codebooks.shape
    if codebooks.device.type != "cpu" or c > NATIVE_C:
        return None
    return library("encode.cpp", METRIC=list(METRICS).index(metric.name), V=v, C=c)


# -- compiled ----------------------------------------------------------------------------------------------------------
def _encode_native(x: Tensor, codebooks: Tensor, real: Tensor, metric: Metric,
                   native: ctypes.CDLL) -> tuple[Tensor, Tensor, Tensor]:
    s = len(codebooks)
    index = torch.empty((*x.shape[:-1], s), dtype=torch.uint8)
    count, decoded = index.numel() // s, torch.empty_like(x)
    books, real = codebooks.detach().contiguous(), real.detach().contiguous()
    nearest = torch.zeros(torch.get_num_threads(), s, dtype=torch.float64)

    def work(thread: int, begin: int, end: int) -> None:
        native.encode(pointer(x), pointer(books), pointer(real), pointer(index), pointer(decoded),
                      pointer(nearest[thread]), ctypes.c_long(s), ctypes.c_long(begin), ctypes.c_long(end))

    in_threads(count, work)
    return index, decoded, (nearest.sum(dim=0) / max(1, count)).float()


def _soft_native(x: Tensor, grad: Tensor, codebooks: Tensor, real: Tensor, rates: Tensor, metric: Metric,
                 native: ctypes.CDLL) -> tuple[Tensor, Tensor]:
    s, c, v = codebooks.shape
    books, values = codebooks.detach().contiguous(), real.detach().contiguous()
    grad_x, grad_books = torch.empty_like(x), torch.zeros(torch.get_num_threads(), s, c, v, native.lanes())

    def work(thread: int, begin: int, end: int) -> None:
        native.soft_choice(pointer(x), pointer(grad), pointer(books), pointer(values), pointer(rates), pointer(grad_x),
                           pointer(grad_books[thread]), ctypes.c_long(s), ctypes.c_long(begin), ctypes.c_long(end))

    in_threads(x.numel() // (s * v), work)
    return grad_x, grad_books.sum(dim=(0, 4))


def _gather_native(grad: Tensor, index: Tensor, real: Tensor, native: ctypes.CDLL) -> Tensor:
    s = len(real)
    total = torch.zeros(torch.get_num_threads(), *real.shape)

    def work(thread: int, begin: int, end: int) -> None:
        native.gather(pointer(grad), pointer(index), pointer(total[thread]), ctypes.c_long(s), ctypes.c_long(begin),
                      ctypes.c_long(end))

    in_threads(index.numel() // s, work)
    return total.sum(dim=0)


# -- torch -------------------------------------------------------------------------------------------------------------
def _chunks(values: Tensor, s: int, v: int) -> Iterator[Tensor]:
    """Slices (S, M', v) of values (..., S * v), some at a time."""
    for part in torch.split(values.view(-1, s, v), CHUNK):
        yield part.transpose(0, 1)


def _encode(x: Tensor, codebooks: Tensor, real: Tensor, metric: Metric, native: None) -> tuple[Tensor, Tensor, Tensor]:
    s, c, v = codebooks.shape
    codebooks, nearest, found = codebooks.detach(), torch.zeros(s, dtype=torch.float64, device=x.device), []
    for slices in _chunks(x.detach(), s, v):
        index = metric.nearest_torch(slices, codebooks)  # (S, M')
        chosen = codebooks.gather(1, index[:, :, None].expand(-1, -1, v))  # (S, M', v)
        nearest += metric.between_torch(slices, chosen).double().sum(dim=1)
        found.append(index.t())
    rows = torch.cat(found)  # (M, S)
    offsets = torch.arange(s, device=x.device) * c
    decoded = real.detach().reshape(s * c, v)[rows + offsets].view(x.shape)
    count = max(1, len(rows))
    return rows.to(torch.uint8).view(*x.shape[:-1], s), decoded, (nearest / count).float()


def _soft(x: Tensor, grad: Tensor, codebooks: Tensor, real: Tensor, rates: Tensor, metric: Metric,
          native: None) -> tuple[Tensor, Tensor]:
    s, _, v = codebooks.shape
    grad_x, total = [], torch.zeros_like(codebooks)
    for slices, of_slices in zip(_chunks(x.detach(), s, v), _chunks(grad, s, v)):
        with torch.enable_grad():
            part, books = slices.requires_grad_(), codebooks.detach().requires_grad_()
            distance = metric.distance_torch(part, books)  # (S, c, M')
        share, gain = shares(distance.detach(), rates), real.detach() @ of_slices.transpose(1, 2)  # (S, c, M')
        pull = share * (gain - (share * gain).sum(dim=1, keepdim=True)) * -rates[:, None, None]
        of_part, of_books = torch.autograd.grad(distance, (part, books), pull)
        grad_x.append(of_part.transpose(0, 1))
        total += of_books
    return torch.cat(grad_x).reshape(x.shape), total


def _gather(grad: Tensor, index: Tensor, real: Tensor, native: None) -> Tensor:
    s, c, v = real.shape
    rows = index.view(-1, s).long() + torch.arange(s, device=index.device) * c
    total = torch.zeros(s * c, v, device=grad.device)
    return total.index_add_(0, rows.flatten(), grad.view(-1, v)).view(s, c, v)
