"""`BatchNormReestimation`: after replacement, sums get back the mean and variance of the dense network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.nn.boost.captured import looking
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.lut_layer import LUTLayer


@dataclass
class BatchNormReestimation(Technique):
    """Encoding shrinks the variance of a layer's sums and shifts their mean. Layer by layer, from the input on, each
    output channel gets the gain and bias that undo it on typical inputs: what running batch norm's statistics again
    would do, folded into weights, table corrections and bias.

    Attributes:
        images: typical inputs that are looked at, all at once.
        limit: the gain is 1 / limit..limit.
    """

    images: int = 512
    limit: float = 2.0
    NAME: ClassVar[str] = "batch_norm_reestimation"

    def __post_init__(self) -> None:
        if self.images < 2:
            raise InputError(f"batch norm re-estimation looks at {self.images} images: it must be at least 2")
        if self.limit < 1:
            raise InputError(f"batch norm re-estimation has limit {self.limit}: it must be at least 1")

    @torch.no_grad()
    def at_start(self, run: Run) -> None:  # noqa: D102
        if run.calibration is None:
            return
        layers, images = run.layers, run.calibration[: self.images]
        wanted: dict[str, tuple[Tensor, Tensor]] = {}

        def measure(name: str, layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> None:
            wanted[name] = _moments(_exact(layer, x, shortcut))

        def mend(name: str, layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> None:
            integers = layer.integers()
            mean, deviation = _moments(layer.accumulate(x, integers, shortcut) * integers.scale)
            wanted_mean, wanted_deviation = wanted[name]
            # A channel that hardly varies says nothing about its gain.
            gain = torch.where(deviation > 1e-6 * wanted_deviation, wanted_deviation / deviation, 1.0)
            gain = gain.clamp(1 / self.limit, self.limit)
            parts = [layer] if layer.shortcut is None else [layer, layer.shortcut]
            for part in parts:
                part.weight.mul_(gain.view(-1, *[1] * (part.weight.ndim - 1)))
                part.correction.mul_(gain)
            layer.bias.add_(wanted_mean - gain * mean)

        run.network.eval()
        try:
            for layer in layers.values():
                layer.bypass = True  # so that what reaches a layer is what the dense network gives
            with looking(layers, measure):
                run.network(images)
            for layer in layers.values():
                layer.bypass = False
            with looking(layers, mend):  # a layer is mended before it runs, and those behind it see that
                run.network(images)
        finally:
            for layer in layers.values():
                layer.bypass = False


def _exact(layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> Tensor:
    """Sums (B, Ho, Wo, N) without encoding and bias."""
    real = layer.exact(x)
    return real if layer.shortcut is None or shortcut is None else real + layer.shortcut.exact(shortcut)


def _moments(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel: (N,) each."""
    flat = sums.flatten(0, -2)
    return flat.mean(dim=0), flat.std(dim=0, correction=0)
