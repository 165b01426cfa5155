"""k-means on the int8 grid, all subspaces of a layer at once, for every metric.

Vectors and centroids are integers -128..127, so assignments are exact and a seed gives the same codebooks anywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.nn.metrics import metric_named


def kmeans(x: Tensor, c: int, metric: str = "l2", *, iterations: int = 20, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Codebooks that represent x.

    Starts from k-means++. A centroid without vectors moves to the vector that is farthest from its own centroid.
    Since a midrange need not lower the sum of Chebyshev distances, the best codebooks of all iterations are kept.

    Args:
        x: float32 (S, M, v), integers -128..127.
        c: centroids in a codebook.
        metric: name of the distance.
        iterations: at most; stops when nothing changes.

    Returns:
        codebooks float32 (S, c, v), integers; inertia (S,): sum of the distances to the nearest centroid.

    Raises:
        InputError: x is empty, or not on the int8 grid.
    """
    if x.ndim != 3 or not x.shape[1]:
        raise InputError(f"k-means got vectors of shape {tuple(x.shape)}: it needs (subspaces, vectors, v), "
                         "vectors >= 1")
    if not bool(((x == x.round()) & (x >= -128) & (x <= 127)).all()):
        raise InputError(f"k-means got values {x.min():.3g}..{x.max():.3g}: quantize them to integers -128..127 first")
    rule = metric_named(metric)
    generator = torch.Generator().manual_seed(seed)
    codebooks = _plus_plus(x, c, metric, generator)
    best, best_inertia = codebooks, torch.full((len(x),), float("inf"))
    for iteration in range(iterations + 1):
        distance, index = _assign(x, codebooks, metric)  # (S, M) each
        inertia = distance.double().sum(dim=1)
        better = inertia < best_inertia
        best = torch.where(better[:, None, None], codebooks, best)
        best_inertia = torch.where(better, inertia, best_inertia.double())
        if iteration == iterations:
            break
        counts = _histograms(x, index, c)  # (S, c, v, 256)
        empty = counts[:, :, 0].sum(dim=-1) == 0  # (S, c)
        counts[empty] = 1.0  # any value will do, they are replaced
        moved = rule.center(counts)
        _fill_empty(moved, empty, x, distance)
        if torch.equal(moved, codebooks):
            break
        codebooks = moved
    return best, best_inertia


def _assign(x: Tensor, codebooks: Tensor, metric: str, chunk: int = 2048) -> tuple[Tensor, Tensor]:
    """Distance to, and index of, the nearest centroid: (S, M) each. In chunks: (S, c, M) would not fit the cache."""
    rule, distances, indices = metric_named(metric), [], []
    for part in torch.split(x, chunk, dim=1):
        index = rule.nearest_torch(part, codebooks)
        distances.append(rule.distance_torch(part, codebooks).gather(1, index[:, None])[:, 0])
        indices.append(index)
    return torch.cat(distances, dim=1), torch.cat(indices, dim=1)


def _plus_plus(x: Tensor, c: int, metric: str, generator: torch.Generator) -> Tensor:
    """Centroids drawn one after the other, far vectors more likely (k-means++): (S, c, v)."""
    s, m, v = x.shape
    rule, rows = metric_named(metric), torch.arange(s)
    codebooks = torch.empty(s, c, v)
    codebooks[:, 0] = x[rows, torch.randint(m, (s,), generator=generator)]
    nearest = rule.distance_torch(x, codebooks[:, :1])[:, 0]  # (S, M)
    for j in range(1, c):
        # Squares for all metrics: as likely as with L2 to go to a cluster that has no centroid yet.
        weight = nearest if metric == "l2" else nearest.square()
        weight = torch.where(nearest.amax(dim=1, keepdim=True) > 0, weight, torch.ones_like(weight))
        pick = torch.multinomial(weight, 1, generator=generator)[:, 0]
        codebooks[:, j] = x[rows, pick]
        nearest = torch.minimum(nearest, rule.distance_torch(x, codebooks[:, j : j + 1])[:, 0])
    return codebooks


def _histograms(x: Tensor, index: Tensor, c: int) -> Tensor:
    """How often each value occurs in each coordinate of each cluster: (S, c, v, 256)."""
    s, _, v = x.shape
    cell = (torch.arange(s)[:, None] * c + index)[:, :, None] * v + torch.arange(v)  # (S, M, v)
    flat = cell * 256 + (x + 128).long()
    return torch.bincount(flat.flatten(), minlength=s * c * v * 256).float().view(s, c, v, 256)


def _fill_empty(codebooks: Tensor, empty: Tensor, x: Tensor, distance: Tensor) -> None:
    """Move the empty centroids of each subspace, in place, to the vectors farthest from their centroids."""
    most = min(int(empty.sum(dim=1).max()), x.shape[1])
    if not most:
        return
    farthest = distance.topk(most, dim=1).indices  # (S, most)
    for s, j in empty.nonzero().tolist():
        rank = int(empty[s, :j].sum()) % most
        codebooks[s, j] = x[s, farthest[s, rank]]
