"""How gradients pass the choice of the nearest centroid, which by itself has none. One object each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn

from lutdla.errors import InputError


class Gradient(ABC):
    """A stand-in for the gradient of encoding. Codebooks always learn from the values they stand for as well."""

    straight: float
    """Share of the gradient of a decoded value that goes to the value before encoding."""

    @abstractmethod
    def rates(self, nearest: Tensor) -> Tensor | None:
        """One over the temperature of the soft choice in each subspace (S,), in steps of the metric; None: no soft
        choice.

        Args:
            nearest: (S,) mean distance of a slice to its nearest centroid.
        """


@dataclass(frozen=True)
class StraightThrough(Gradient):
    """Encoding counts as the identity: gradients pass as if nothing had been rounded."""

    straight: float = 1.0

    def rates(self, nearest: Tensor) -> None:
        """No soft choice."""


@dataclass(frozen=True)
class SoftChoice(Gradient):
    """Encoding counts as a weighted choice of all centroids, the near ones most (LUT-NN's softmax).

    The share of a centroid at distance d falls as (1 - t / 16)^16, t = (d - nearest) / temperature, which is nearly
    exp(-t) and needs multiplications only; slopes are those of the exponential. They say where a slice, or a centroid,
    should move so that another is chosen.

    Attributes:
        temperature: in mean distances to the nearest centroid, subspace by subspace; larger is softer.
        straight: share of `StraightThrough`'s gradient that is added.
    """

    temperature: float = 2.0
    straight: float = 0.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise InputError(f"SoftChoice has temperature {self.temperature}: it must be positive")

    def rates(self, nearest: Tensor) -> Tensor:
        """See `Gradient`."""
        return 1 / (self.temperature * nearest + 1)  # + 1: one step of the grid


def shares(distance: Tensor, rates: Tensor) -> Tensor:
    """`SoftChoice`'s share of each centroid.

    Args:
        distance: (S, c, M), of each slice to each centroid.
        rates: (S,), one over the temperatures.

    Returns:
        (S, c, M), sums of 1 over c.
    """
    beyond = (distance - distance.amin(dim=1, keepdim=True)) * rates[:, None, None]
    near = (1 - beyond / 16).clamp_min(0) ** 16
    return near / near.sum(dim=1, keepdim=True)


def set_gradient(network: nn.Module, gradient: Gradient) -> None:
    """Use a gradient in all lookups of a network."""
    from lutdla.nn.lookups import Lookups

    for module in network.modules():
        if isinstance(module, Lookups):
            module.gradient = gradient



