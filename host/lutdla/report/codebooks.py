"""How codebooks are used: which centroids are chosen how often, which never, and what encoding loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.report.recorder import Recorder


@dataclass(frozen=True)
class MapUse:
    """How the codebooks of a map are used.

    Attributes:
        map: the layer that writes it, or "input".
        codebooks, centroids: those that differ; what fills a core's rows up is left out.
        dead: centroids that were never chosen.
        entropy, bits: mean bits that the choices of a codebook carry, and most that its centroids could.
        loss: share of the values' variance that is lost by encoding.
        busiest: share of the choices that go to the most chosen centroid, the mean over codebooks.
        choices: (codebooks, c) share of a codebook's choices that go to each centroid, the most chosen first.
    """

    map: str
    codebooks: int
    centroids: int
    dead: int
    entropy: float
    bits: float
    loss: float
    busiest: float
    choices: list[list[float]]


def map_uses(recorder: Recorder) -> tuple[MapUse, ...]:
    """What a recorder saw of each map, in the order in which they were written."""
    found = (_use(recorder, name, sorted(rows)) for name, rows in recorder.rows.items())
    return tuple(use for use in found if use is not None)


def _use(recorder: Recorder, name: str, rows: list[int]) -> MapUse | None:
    books = recorder.memories.codebooks[rows]
    books = books.reshape(-1, *books.shape[2:])  # (codebooks, c, v)
    distinct = _distinct(books)
    used = distinct.sum(axis=1) > 1
    if not used.any():
        return None
    counts = recorder.counts[rows].reshape(len(books), -1)[used]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    bits = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return MapUse(
        name, int(used.sum()), int(distinct[used].sum()), int((distinct[used] & (counts == 0)).sum()),
        float(bits.mean()), float(np.log2(distinct[used].sum(axis=1)).mean()), _loss(recorder, rows, books),
        float(shares.max(axis=1).mean()), np.round(-np.sort(-shares, axis=1), 6).tolist(),
    )  # fmt: skip


def _distinct(books: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Centroids (codebooks, c) that none before them equals; an equal one is never chosen."""
    same = (books[:, :, None] == books[:, None, :]).all(axis=3)  # (codebooks, c, c)
    return ~np.tril(same, -1).any(axis=2)


def _loss(recorder: Recorder, rows: list[int], books: npt.NDArray[np.int8]) -> float:
    """Lost share of the variance of those coordinates in which centroids differ."""
    varied = np.ptp(books.astype(np.int16), axis=1) > 0  # (codebooks, v)
    number = np.maximum(1, np.repeat(recorder.number[rows], recorder.config.encoders))[:, None]
    errors, sums, squares = (total[rows].reshape(varied.shape)
                             for total in (recorder.errors, recorder.sums, recorder.squares))
    variance = float((squares - sums**2 / number)[varied].sum())
    return float(errors[varied].sum()) / variance if variance > 0 else 0.0
