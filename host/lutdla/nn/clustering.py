"""k-means on the int8 grid, all subspaces of a layer at once, for every metric, with or without weights.

Vectors and centroids are integers -128..127, so assignments are exact and a seed gives the same codebooks anywhere.
Weights say how much the loss minds an error (`lutdla.nn.sensitivity`); they move centroids, but not the assignment:
the core takes the nearest centroid, whatever a vector weighs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.metrics import metric_named

CHUNK = 2048
"""Vectors of a subspace that are assigned at a time: (S, c, M) scores would not fit the cache."""

_SPREAD: dict[str, Callable[[Tensor], Tensor]] = {
    "l2": lambda difference: difference.square().sum(dim=-1),
    "l1": lambda difference: difference.abs().sum(dim=-1),
    "chebyshev": lambda difference: difference.abs().amax(dim=-1),
}
"""Metric -> distance of differences (..., v)."""


def kmeans(x: Tensor, c: int, metric: str = "l2", *, weights: Tensor | None = None, iterations: int = 20,
           seed: int = 0) -> tuple[Tensor, Tensor]:
    """Codebooks that represent x.

    Starts from k-means++. A centroid without vectors moves to the vector that is farthest from its own centroid.
    Since a midrange need not lower the sum of Chebyshev distances, and weights of single coordinates need not agree
    with the assignment, the best codebooks of all iterations are kept.

    Args:
        x: float32 (S, M, v), integers -128..127.
        c: centroids in a codebook.
        metric: name of the distance.
        weights: what an error costs: (S, M) of a vector, or (S, M, v) of each coordinate; 0 or more, only their
            ratios within a subspace matter. Centroids become weighted means or medians; midranges leave out what
            weighs 0. A subspace, or a cluster, whose weights are all 0 is treated as if they were all 1.
        iterations: at most; stops when nothing changes.
        seed: of k-means++.

    Returns:
        codebooks float32 (S, c, v), integers; inertia (S,): sum of the (weighted) distances to the nearest centroid.

    Raises:
        InputError: x is empty or not on the int8 grid, or weights do not fit it.
    """
    _check(x, weights)
    rule = metric_named(metric)
    generator = torch.Generator().manual_seed(seed)
    scale = torch.ones(len(x), dtype=torch.double)
    if weights is not None:
        weights, scale = _scaled(weights)
    place = _places(x, c)
    codebooks = _plus_plus(x, c, metric, weights, generator)
    best, best_inertia = codebooks, torch.full((len(x),), float("inf"), dtype=torch.double)
    for iteration in range(iterations + 1):
        distance, index = _assign(x, codebooks, metric, weights)  # (S, M) each
        inertia = distance.double().sum(dim=1)
        better = inertia < best_inertia
        best = torch.where(better[:, None, None], codebooks, best)
        best_inertia = torch.where(better, inertia, best_inertia)
        if iteration == iterations:
            break
        counts = _histograms(place, index, c, None).float()  # (S, c, v, 256)
        empty = counts[:, :, 0].sum(dim=-1) == 0  # (S, c)
        if weights is not None:
            weighed = _histograms(place, index, c, weights)
            counts = torch.where((weighed > 0).any(dim=-1, keepdim=True), weighed, counts.double())
        counts[empty] = 1.0  # any value will do, they are replaced
        moved = rule.center(counts).float()
        _fill_empty(moved, empty, x, distance)
        if torch.equal(moved, codebooks):
            break
        codebooks = moved
    return best, best_inertia * scale


def _check(x: Tensor, weights: Tensor | None) -> None:
    if x.ndim != 3 or not x.shape[1]:
        raise InputError(f"k-means got vectors of shape {tuple(x.shape)}: it needs (subspaces, vectors, v), "
                         "vectors >= 1")
    if not bool(((x == x.round()) & (x >= -128) & (x <= 127)).all()):
        raise InputError(f"k-means got values {x.min():.3g}..{x.max():.3g}: quantize them to integers -128..127 first")
    if weights is None:
        return
    if weights.shape not in (x.shape[:2], x.shape):
        raise InputError(f"k-means got weights of shape {tuple(weights.shape)} for vectors of shape {tuple(x.shape)}: "
                         f"they must be {tuple(x.shape[:2])}, or {tuple(x.shape)} for each coordinate")
    if not bool((weights.isfinite() & (weights >= 0)).all()):
        raise InputError(f"k-means got weights {weights.min():.3g}..{weights.max():.3g}: they must be finite and 0 or "
                         "more")


def _scaled(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weights of at most 1 in each subspace, so that float32 holds them well, and what they were divided by (S,).

    That is a power of two: weights that were exact stay so.
    """
    largest = weights.double().flatten(1).amax(dim=1)  # (S,)
    scale = torch.where(largest > 0, torch.exp2(torch.frexp(largest).exponent.double()), torch.zeros_like(largest))
    used = torch.where(scale > 0, scale, torch.ones_like(scale)).view(-1, *[1] * (weights.ndim - 1))
    shares = (weights.double() / used).float()
    nothing = (scale == 0).view(used.shape)
    return torch.where(nothing, torch.ones_like(shares), shares), scale


def _distance(difference: Tensor, metric: str, weights: Tensor | None) -> Tensor:
    """Distances (S, M) of differences (S, M, v), weighted."""
    if weights is None:
        return _SPREAD[metric](difference)
    if weights.ndim == 2:
        return _SPREAD[metric](difference) * weights
    return _SPREAD[metric](difference * (weights.sqrt() if metric == "l2" else weights))


def _assign(x: Tensor, codebooks: Tensor, metric: str, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Distance to, and index of, the nearest centroid: (S, M) each."""
    s, c, v = codebooks.shape
    rule, distances, indices = metric_named(metric), [], []
    rows = codebooks.reshape(s * c, v)
    for start in range(0, x.shape[1], CHUNK):
        part = x[:, start : start + CHUNK]
        index = rule.nearest_torch(part, codebooks)
        chosen = F.embedding(index + torch.arange(s)[:, None] * c, rows)  # (S, m, v)
        distances.append(_distance(part - chosen, metric, None if weights is None else weights[:, start:][:, :CHUNK]))
        indices.append(index)
    return torch.cat(distances, dim=1), torch.cat(indices, dim=1)


def _plus_plus(x: Tensor, c: int, metric: str, weights: Tensor | None, generator: torch.Generator) -> Tensor:
    """Centroids drawn one after the other, far and heavy vectors more likely (k-means++): (S, c, v)."""
    s, m, v = x.shape
    rows = torch.arange(s)
    codebooks = torch.empty(s, c, v)
    if weights is None:
        first = torch.randint(m, (s,), generator=generator)
    else:
        first = torch.multinomial(weights if weights.ndim == 2 else weights.sum(dim=2), 1, generator=generator)[:, 0]
    codebooks[:, 0] = x[rows, first]
    nearest = _distance(x - codebooks[:, :1], metric, weights)  # (S, M)
    for j in range(1, c):
        # Squares for all metrics: as likely as with L2 to go to a cluster that has no centroid yet.
        chance = nearest if metric == "l2" else nearest.square()
        chance = torch.where(nearest.amax(dim=1, keepdim=True) > 0, chance, torch.ones_like(chance))
        pick = torch.multinomial(chance, 1, generator=generator)[:, 0]
        codebooks[:, j] = x[rows, pick]
        nearest = torch.minimum(nearest, _distance(x - codebooks[:, j : j + 1], metric, weights))
    return codebooks


def _places(x: Tensor, c: int) -> Tensor:
    """Where each coordinate counts in the histograms of a subspace's first cluster: int64 (S, M, v)."""
    s, _, v = x.shape
    return (x + 128).long() + torch.arange(v) * 256 + (torch.arange(s) * (c * v * 256))[:, None, None]


def _histograms(place: Tensor, index: Tensor, c: int, weights: Tensor | None) -> Tensor:
    """How often each value occurs in each coordinate of each cluster, or what it weighs there: (S, c, v, 256)."""
    s, m, v = place.shape
    cell = (place + (index * (v * 256))[:, :, None]).flatten()
    if weights is not None:
        weights = weights.view(s, m, -1).expand(s, m, v).double().flatten()
    return torch.bincount(cell, weights, minlength=s * c * v * 256).view(s, c, v, 256)


def _fill_empty(codebooks: Tensor, empty: Tensor, x: Tensor, distance: Tensor) -> None:
    """Move the empty centroids of each subspace, in place, to the vectors farthest from their centroids."""
    most = min(int(empty.sum(dim=1).max()), x.shape[1])
    if not most:
        return
    farthest = distance.topk(most, dim=1).indices  # (S, most)
    for s, j in empty.nonzero().tolist():
        rank = int(empty[s, :j].sum()) % most
        codebooks[s, j] = x[s, farthest[s, rank]]
