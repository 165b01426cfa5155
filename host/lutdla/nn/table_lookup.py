"""Sums of table entries over a window of indices, with gradients to the tables and to what was encoded.

The forward pass is exact: sums of integers below 2^24, added as float32 in any order. On a CPU with a compiler
`native/sums.cpp` does the work; otherwise torch operations, which give the same sums.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lutdla.nn.geometry import Geometry, Pair
from lutdla.nn.native.build import in_threads, library, pointer

LANES = 16
"""The compiled kernels take rows of a multiple of so many entries."""


def lookup(tables: Tensor, index: Tensor, geometry: Geometry, decoded: Tensor | None = None,
           weight: Tensor | None = None) -> Tensor:
    """Accumulators: for each output pixel the sum, over kernel positions and subspaces, of the entries chosen.

    Args:
        tables: (T, S, c, N) integers, |sum| below 2^24.
        index: uint8 (B, H, W, S), of the nearest centroids.
        geometry: the kernel; zero padding adds exactly 0.
        decoded: (B, H, W, C) what the indices stand for: takes the gradient of the convolution with `weight` that the
            sums are close to.
        weight: (N, C, kernel height, kernel width).

    Returns:
        (B, Ho, Wo, N) integers as float32; the gradient goes to tables and decoded.
    """
    return _Lookup.apply(tables, decoded, weight, index, geometry)  # type: ignore[no-any-return,no-untyped-call]


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tables: Tensor, decoded: Tensor | None, weight: Tensor | None, index: Tensor,
                geometry: Geometry) -> Tensor:
        ctx.native = library("sums.cpp") if tables.device.type == "cpu" else None
        ctx.geometry, ctx.shape = geometry, tables.shape
        ctx.save_for_backward(index, weight)
        return (_look_up if ctx.native is None else _look_up_native)(tables.detach(), index, geometry, ctx.native)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        index, weight = ctx.saved_tensors
        grad, of_tables, of_decoded = grads[0].contiguous(), None, None
        if ctx.needs_input_grad[0]:
            work = _scatter if ctx.native is None else _scatter_native
            of_tables = work(grad, index, ctx.geometry, ctx.shape, ctx.native)
        if ctx.needs_input_grad[1]:
            of_decoded = _input_gradient(grad, weight, index.shape, ctx.geometry)
        return of_tables, of_decoded, None, None, None


def _input_gradient(grad: Tensor, weight: Tensor, shape: torch.Size, geometry: Geometry) -> Tensor:
    """Gradient (B, H, W, C) of the map that a convolution with this geometry takes, from grad (B, Ho, Wo, N)."""
    height, width = shape[1:3]
    (ah, aw), (left, right, top, bottom) = geometry.average, geometry.edges
    down, across = height // ah, width // aw
    weight, grad = weight.contiguous(memory_format=torch.channels_last), grad.permute(0, 3, 1, 2)
    # What the transposed convolution computes; torch.nn.grad.conv2d_input gives the same, but copies maps.
    if geometry.padding == geometry.end:
        inside = _transposed(grad, weight, geometry.stride, geometry.padding, (down, across))
    else:
        size = (down + top + bottom, across + left + right)
        inside = _transposed(grad, weight, geometry.stride, (0, 0), size)[:, :, top : top + down, left : left + across]
    if geometry.area > 1:  # each pixel of a square alike
        inside = inside.repeat_interleave(ah, dim=2).repeat_interleave(aw, dim=3)
        inside = F.pad(inside, (0, width - across * aw, 0, height - down * ah))
    return inside.permute(0, 2, 3, 1)


def _transposed(grad: Tensor, weight: Tensor, stride: Pair, padding: Pair, size: Pair) -> Tensor:
    """Transposed convolution (B, C, *size) of grad (B, N, Ho, Wo)."""
    left = [wanted + 2 * pad - kernel - (count - 1) * step for wanted, pad, kernel, count, step in
            zip(size, padding, weight.shape[2:], grad.shape[2:], stride)]  # fmt: skip
    return F.conv_transpose2d(grad, weight, stride=stride, padding=padding, output_padding=left)


# -- compiled ----------------------------------------------------------------------------------------------------------
def _window(geometry: Geometry, index: Tensor) -> Any:
    """`struct Window` of sums.cpp."""
    _, height, width, _ = index.shape
    values = (height, width, *geometry.output(height, width), *geometry.kernel, *geometry.average, *geometry.stride,
              *geometry.padding)
    return (ctypes.c_long * len(values))(*values)


def _whole_vectors(rows: Tensor) -> Tensor:
    """Rows (..., N) filled up with 0 to a multiple of `LANES`."""
    missing = -rows.shape[-1] % LANES
    return F.pad(rows, (0, missing)) if missing else rows.contiguous()


def _look_up_native(tables: Tensor, index: Tensor, geometry: Geometry, native: ctypes.CDLL) -> Tensor:
    _, s, c, n = tables.shape
    rows = _whole_vectors(tables)
    size = (len(index), *geometry.output(*index.shape[1:3]))
    sums, window = torch.empty(*size, rows.shape[3]), _window(geometry, index)
    index = index.contiguous()

    def work(thread: int, begin: int, end: int) -> None:
        native.look_up(pointer(index), pointer(rows), pointer(sums), window, ctypes.c_long(s), ctypes.c_long(c),
                       ctypes.c_long(rows.shape[3]), ctypes.c_long(begin), ctypes.c_long(end))

    in_threads(size[0] * size[1] * size[2], work)
    return sums[..., :n].contiguous()


def _scatter_native(grad: Tensor, index: Tensor, geometry: Geometry, shape: torch.Size,
                    native: ctypes.CDLL) -> Tensor:
    t, s, c, n = shape
    rows = _whole_vectors(grad)
    total, window, pixels = torch.zeros(t, s, c, rows.shape[3]), _window(geometry, index), grad.numel() // n
    index = index.contiguous()

    def work(thread: int, begin: int, end: int) -> None:
        native.scatter(pointer(index), pointer(total), pointer(rows), window, ctypes.c_long(s), ctypes.c_long(c),
                       ctypes.c_long(rows.shape[3]), ctypes.c_long(pixels), ctypes.c_long(begin), ctypes.c_long(end))

    in_threads(t, work)  # each thread has taps of its own: nothing is written twice
    return total[..., :n]


# -- torch -------------------------------------------------------------------------------------------------------------
def _look_up(tables: Tensor, index: Tensor, geometry: Geometry, native: None) -> Tensor:
    t, s, c, n = tables.shape
    batch, height, width, _ = index.shape
    flat = torch.cat([tables.reshape(t * s * c, n), tables.new_zeros(1, n)])
    sums = F.embedding_bag(_table_rows(index, geometry, c), flat, mode="sum")
    return sums.view(batch, *geometry.output(height, width), n)


def _table_rows(index: Tensor, geometry: Geometry, c: int) -> Tensor:
    """Row of the flattened tables (T * S * c) that each lookup of an output pixel reads: (B * Ho * Wo, lookups).

    Zero padding reads row T * S * c.
    """
    s, device = index.shape[-1], index.device
    (kh, kw), (ah, aw), (sh, sw) = geometry.kernel, geometry.average, geometry.stride
    left, right, top, bottom = geometry.edges
    rows = index.permute(3, 0, 1, 2) + (torch.arange(s, device=device) * c).view(-1, 1, 1, 1)  # (S, B, H, W)
    padding = geometry.taps * s * c
    rows = F.pad(rows, (left * aw, right * aw, top * ah, bottom * ah), value=padding)
    rows = rows.unfold(2, kh * ah, sh * ah).unfold(3, kw * aw, sw * aw)  # (S, B, Ho, Wo, kh * ah, kw * aw)
    down, across = torch.arange(kh * ah, device=device) // ah, torch.arange(kw * aw, device=device) // aw
    rows = (rows + (down * kw)[:, None].add(across) * (s * c)).permute(1, 2, 3, 0, 4, 5)
    return rows.reshape(-1, s * kh * ah * kw * aw).clamp_max(padding)


def _scatter(grad: Tensor, index: Tensor, geometry: Geometry, shape: torch.Size, native: None) -> Tensor:
    """(T, S, c, N): one product with one-hot indices for each kernel position, faster than scattered additions."""
    _, s, c, n = shape
    batch, height, width, _ = index.shape
    hot = F.one_hot(index.long(), c).flatten(3).to(grad.dtype)  # (B, H, W, S * c)
    ah, aw = geometry.average
    down, across = height // ah, width // aw
    hot = hot[:, : down * ah, : across * aw].view(batch, down, ah, across, aw, s * c).sum(dim=(2, 4))
    hot = F.pad(hot, (0, 0, *geometry.edges))  # (B, squares down, squares across, S * c)
    rows, columns = geometry.output(height, width)
    (kh, kw), (sh, sw) = geometry.kernel, geometry.stride
    taps = [(slice(ky, ky + sh * (rows - 1) + 1, sh), slice(kx, kx + sw * (columns - 1) + 1, sw))
            for ky in range(kh) for kx in range(kw)]
    flat = grad.reshape(-1, n)
    return torch.stack([hot[:, ys, xs].reshape(-1, s * c).t() @ flat for ys, xs in taps]).view(shape)
