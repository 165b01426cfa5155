"""Distances of the encoder, one object each: what torch trains with, numpy checks and the hardware computes.

A metric works on vectors of the int8 grid (integers, held as float32 in torch), so distances are exact and the
nearest centroid is the same everywhere: ties go to the lowest index. The MyHDL encoder picks its distance element by
the same name (`CoreConfig.metric`). A new metric is one subclass here, its name in `lutdla.spec.METRICS`, its branch
in `lutdla.reference.distance`, and its distance element in the encoder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.spec.config import METRICS as NAMES

EXACT = 1 << 24
"""Integers below it are exact in float32."""


class Metric(ABC):
    """A distance between int8 vectors."""

    name: str
    """As in `CoreConfig.metric`."""

    temperature: float = 1.0
    """Of the soft choice that lookups train with where nobody says otherwise (`lutdla.nn.gradients.SoftChoice`)."""

    @abstractmethod
    def distance(self, x: npt.NDArray[np.int64], codebooks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Distance of each x (S, M, v) to each centroid (S, c, v), in numpy integers: (S, c, M)."""

    @abstractmethod
    def distance_torch(self, x: Tensor, codebooks: Tensor) -> Tensor:
        """The same of float32 tensors that hold integers: (S, c, M)."""

    @abstractmethod
    def between_torch(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance of each vector (..., v) to the one at the same place: (...)."""

    @abstractmethod
    def score_torch(self, x: Tensor, codebooks: Tensor, factor: int = 1, offset: Tensor | float = 0.0) -> Tensor:
        """score x factor + offset (c, 1), where score is the distance less a term that is the same for all centroids,
        for ranking only: (S, c, M), integers."""

    @abstractmethod
    def score_limit(self, v: int) -> int:
        """Bound of |score| between int8 vectors of length v."""

    @abstractmethod
    def center(self, counts: Tensor) -> Tensor:
        """The grid value that represents a set of values best, coordinate by coordinate.

        Args:
            counts: (..., 256) how often each of -128..127 occurs; not all 0.

        Returns:
            (...) integers as float32.
        """

    def nearest(self, x: npt.NDArray[np.int64], codebooks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Index of the nearest centroid, in numpy: (S, M)."""
        return np.asarray(np.argmin(self.distance(x, codebooks), axis=1), np.int64)

    def nearest_torch(self, x: Tensor, codebooks: Tensor) -> Tensor:
        """Index of the nearest centroid: int64 (S, M).

        Args:
            x: float32 (S, M, v), integers -128..127.
            codebooks: float32 (S, c, v), integers -128..127.
        """
        c, v = codebooks.shape[1:]
        if (self.score_limit(v) + 1) * c >= EXACT:
            return self.score_torch(x, codebooks).argmin(dim=1)
        # One number holds score and index, so that a plain minimum finds both: several times faster than argmin.
        key = self.score_torch(x, codebooks, c, torch.arange(c, dtype=x.dtype, device=x.device)[:, None])  # (S, c, M)
        return key.amin(dim=1).remainder_(c).long()


class L2(Metric):
    """Squared Euclidean distance; the hardware ranks by |c|^2 - 2 x.c, multiply and add."""

    name = "l2"
    temperature = 2.0  # distances are squares here

    def distance(self, x: npt.NDArray[np.int64], codebooks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:  # noqa: D102
        return np.asarray(((x[:, None] - codebooks[:, :, None]) ** 2).sum(axis=-1))

    def distance_torch(self, x: Tensor, codebooks: Tensor) -> Tensor:  # noqa: D102
        return self.score_torch(x, codebooks) + x.square().sum(dim=-1)[:, None]

    def between_torch(self, x: Tensor, y: Tensor) -> Tensor:  # noqa: D102
        return (x - y).square().sum(dim=-1)

    def score_torch(  # noqa: D102
        self, x: Tensor, codebooks: Tensor, factor: int = 1, offset: Tensor | float = 0.0
    ) -> Tensor:
        squares = codebooks.square().sum(dim=-1, keepdim=True)  # (S, c, 1)
        return torch.baddbmm(squares * factor + offset, codebooks * (-2 * factor), x.transpose(1, 2))

    def score_limit(self, v: int) -> int:  # noqa: D102
        return 3 * v * 128 * 128

    def center(self, counts: Tensor) -> Tensor:
        """The mean, rounded."""
        values = torch.arange(-128.0, 128.0)
        return ((counts * values).sum(dim=-1) / counts.sum(dim=-1)).round()


class L1(Metric):
    """Sum of absolute differences."""

    name = "l1"

    def distance(self, x: npt.NDArray[np.int64], codebooks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:  # noqa: D102
        return np.asarray(np.abs(x[:, None] - codebooks[:, :, None]).sum(axis=-1))

    def distance_torch(self, x: Tensor, codebooks: Tensor) -> Tensor:  # noqa: D102
        return torch.cdist(codebooks, x, p=1.0)

    def between_torch(self, x: Tensor, y: Tensor) -> Tensor:  # noqa: D102
        return (x - y).abs().sum(dim=-1)

    def score_torch(  # noqa: D102
        self, x: Tensor, codebooks: Tensor, factor: int = 1, offset: Tensor | float = 0.0
    ) -> Tensor:
        return self.distance_torch(x, codebooks).mul_(factor).add_(offset)

    def score_limit(self, v: int) -> int:  # noqa: D102
        return v * 255

    def center(self, counts: Tensor) -> Tensor:
        """The lower median."""
        cumulative = counts.cumsum(dim=-1)
        below = cumulative * 2 < cumulative[..., -1:]  # values with less than half of all at or below them
        return below.sum(dim=-1).float() - 128


class Chebyshev(Metric):
    """Largest absolute difference."""

    name = "chebyshev"

    def distance(self, x: npt.NDArray[np.int64], codebooks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:  # noqa: D102
        return np.asarray(np.abs(x[:, None] - codebooks[:, :, None]).max(axis=-1))

    def distance_torch(self, x: Tensor, codebooks: Tensor) -> Tensor:  # noqa: D102
        return torch.cdist(codebooks, x, p=float("inf"))

    def between_torch(self, x: Tensor, y: Tensor) -> Tensor:  # noqa: D102
        return (x - y).abs().amax(dim=-1)

    def score_torch(  # noqa: D102
        self, x: Tensor, codebooks: Tensor, factor: int = 1, offset: Tensor | float = 0.0
    ) -> Tensor:
        return self.distance_torch(x, codebooks).mul_(factor).add_(offset)

    def score_limit(self, v: int) -> int:  # noqa: D102
        return 255

    def center(self, counts: Tensor) -> Tensor:
        """The midrange, rounded."""
        seen = counts > 0
        values = torch.arange(-128.0, 128.0)
        low = torch.where(seen, values, 128.0).amin(dim=-1)
        high = torch.where(seen, values, -129.0).amax(dim=-1)
        return ((low + high) / 2).round()


METRICS: dict[str, Metric] = {metric.name: metric for metric in (L2(), L1(), Chebyshev())}
"""Name -> metric, the names of `lutdla.spec.METRICS`."""


def metric_named(name: str) -> Metric:
    """The metric called `name`.

    Raises:
        InputError: there is none.
    """
    if name not in METRICS:
        raise InputError(f"metric is {name!r}: use one of {', '.join(NAMES)}")
    return METRICS[name]
