"""Sums of table entries over a window of indices, with gradients to the tables and to the choice of centroids.

The forward pass is exact: sums of integers below 2^24, added as float32 in any order.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from lutdla.nn.geometry import Geometry


def lookup(tables: Tensor, index: Tensor, geometry: Geometry, choice: Tensor | None = None) -> Tensor:
    """Accumulators: for each output pixel the sum, over kernel positions and subspaces, of the entries chosen.

    Args:
        tables: (T, S, c, N) integers, |sum| below 2^24.
        index: int64 (S, B, H, W), of the nearest centroids.
        geometry: the kernel; zero padding adds exactly 0.
        choice: (S, c, B, H, W) how much each pixel would choose each centroid (`soft_choice`). Takes the gradient of
            the sums that softly chosen entries would have.

    Returns:
        (B, Ho, Wo, N) integers as float32; the gradient goes to tables and choice.
    """
    return _Lookup.apply(tables, choice, index, geometry)  # type: ignore[no-any-return,no-untyped-call]


def soft_choice(distance: Tensor, temperature: float) -> Tensor:
    """How much each slice chooses each centroid, the near ones most: its gradient says where a slice, or a centroid,
    should move so that other table entries are chosen.

    Args:
        distance: (S, c, M), of each slice to each centroid.
        temperature: in mean distances to the nearest centroid, subspace by subspace; larger is softer.

    Returns:
        (S, c, M), sums of 1 over c.
    """
    nearest = distance.detach().amin(dim=1).mean(dim=1)[:, None, None]  # (S, 1, 1)
    return torch.softmax(-distance / (temperature * nearest + 1), dim=1)  # + 1: one step of the grid


def table_rows(index: Tensor, geometry: Geometry, c: int) -> Tensor:
    """Row of the flattened tables (T * S * c) that each lookup of an output pixel reads: (B * Ho * Wo, lookups).

    Zero padding reads row T * S * c.
    """
    s = len(index)
    (kh, kw), (ah, aw), (sh, sw) = geometry.kernel, geometry.average, geometry.stride
    left, right, top, bottom = geometry.edges
    rows = index + (torch.arange(s) * c).view(-1, 1, 1, 1)  # (S, B, H, W)
    padding = geometry.taps * s * c
    rows = F.pad(rows, (left * aw, right * aw, top * ah, bottom * ah), value=padding)
    rows = rows.unfold(2, kh * ah, sh * ah).unfold(3, kw * aw, sw * aw)  # (S, B, Ho, Wo, kh * ah, kw * aw)
    tap = (torch.arange(kh * ah) // ah * kw)[:, None] + torch.arange(kw * aw) // aw
    rows = (rows + tap * (s * c)).permute(1, 2, 3, 0, 4, 5)
    return rows.reshape(-1, s * kh * ah * kw * aw).clamp_max(padding)


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tables: Tensor, choice: Tensor | None, index: Tensor, geometry: Geometry) -> Tensor:
        t, s, c, n = tables.shape
        ctx.save_for_backward(tables, index)
        ctx.geometry = geometry
        _, batch, height, width = index.shape
        flat = tables.reshape(t * s * c, n)
        if any(geometry.edges):
            flat = torch.cat([flat, flat.new_zeros(1, n)])
        sums = F.embedding_bag(table_rows(index, geometry, c), flat, mode="sum")
        return sums.view(batch, *geometry.output(height, width), n)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        tables, index = ctx.saved_tensors
        t, s, c, n = tables.shape
        grad = grads[0].reshape(-1, n)  # (B * Ho * Wo, N)
        of_tables = _table_gradient(grad, index, ctx.geometry, c) if ctx.needs_input_grad[0] else None
        of_choice = _choice_gradient(grads[0], tables, index.shape, ctx.geometry) if ctx.needs_input_grad[1] else None
        return None if of_tables is None else of_tables.view(t, s, c, n), of_choice, None, None


def _tap_windows(geometry: Geometry, rows: int, columns: int) -> list[tuple[slice, slice]]:
    """For each kernel position the squares of a padded map that it meets, when the result is rows x columns."""
    (kh, kw), (sh, sw) = geometry.kernel, geometry.stride
    return [(slice(ky, ky + sh * (rows - 1) + 1, sh), slice(kx, kx + sw * (columns - 1) + 1, sw))
            for ky in range(kh) for kx in range(kw)]


def _table_gradient(grad: Tensor, index: Tensor, geometry: Geometry, c: int) -> Tensor:
    """(T, S * c, N): one product with one-hot indices for each kernel position, faster than scattered additions."""
    s, batch, height, width = index.shape
    rows = (index.flatten(1).t() + torch.arange(s) * c).contiguous()  # (B * H * W, S)
    hot = torch.zeros(len(rows), s * c).scatter_(1, rows, 1.0)
    ah, aw = geometry.average
    hot = hot.view(batch, height // ah, ah, width // aw, aw, s * c)
    hot = hot.sum(dim=(2, 4)) if geometry.area > 1 else hot[:, :, 0, :, 0]
    hot = F.pad(hot, (0, 0, *geometry.edges))  # (B, squares down, squares across, S * c)
    taps = _tap_windows(geometry, *geometry.output(height, width))
    return torch.stack([hot[:, ys, xs].reshape(-1, s * c).t() @ grad for ys, xs in taps])


def _choice_gradient(grad: Tensor, tables: Tensor, shape: torch.Size, geometry: Geometry) -> Tensor:
    """(S, c, B, H, W), from grad (B, Ho, Wo, N)."""
    _, s, c, n = tables.shape
    _, batch, height, width = shape
    (ah, aw), (left, right, top, bottom) = geometry.average, geometry.edges
    down, across = height // ah, width // aw
    padded = grad.new_zeros(batch, down + top + bottom, across + left + right, s * c)
    for table, (ys, xs) in zip(tables, _tap_windows(geometry, *grad.shape[1:3])):
        padded[:, ys, xs] += grad @ table.reshape(s * c, n).t()
    inside = padded[:, top : top + down, left : left + across]
    if geometry.area > 1:  # each pixel of a square alike
        inside = inside.repeat_interleave(ah, dim=1).repeat_interleave(aw, dim=2)
    return inside.reshape(batch, height, width, s, c).permute(3, 4, 0, 1, 2)
