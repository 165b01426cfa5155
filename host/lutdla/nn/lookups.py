"""`Lookups`: the weights of one convolution as table entries, not yet scaled: what every lookup layer is built of."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.activations import activation_named
from lutdla.nn.arithmetic import round_to_grid
from lutdla.nn.encoding import encode
from lutdla.nn.geometry import Geometry
from lutdla.nn.gradients import Gradient, SoftChoice
from lutdla.nn.layers import Affine
from lutdla.nn.metrics import EXACT, metric_named
from lutdla.nn.table_lookup import lookup

INT8 = 127
"""Largest table entry; -128 is not used, so that tables are symmetric."""


class Lookups(nn.Module):
    """A convolution of one feature map as lookups.

    Codebooks belong to the map: one for each block of `slice` channels, the same at every pixel and kernel position.
    Layers that read one map must share them: `b.codebooks = a.codebooks` (`convert` does).

    Args:
        inputs, outputs: channels; inputs are filled up with 0 to whole slices.
        geometry: the kernel.
        v: values in a subspace of the core.
        c: centroids in a codebook.
        metric: name of the encoder's distance.
        slice: channels in a subspace, v or fewer (1: a quantizer of c levels for each channel).

    Attributes:
        weight: (N, C, kernel height, kernel width), as in nn.Conv2d; (N, K) in `LUTLinear`.
        codebooks: (S, c, slice), in steps of the int8 grid.
        correction: (T, S, c, N) real, by what a table entry differs from centroid x weight; 0 at first. The core stores
            tables whole, so entries that training moves freely cost nothing, and win back most of what encoding loses.
        input: quantization of the map.
        mean: subtracted from what int8 values stand for (an input's `Normalize`).
        activation: name of a function (`lutdla.nn.activations`) of what int8 values stand for; tables hold it already.
        gradient: how gradients pass the choice of centroids; a soft choice of the metric's temperature at first.
        frozen: integers are fixed, training no longer moves them.
    """

    def __init__(self, inputs: int, outputs: int, geometry: Geometry, *, v: int = 4, c: int = 16, metric: str = "l2",
                 slice: int | None = None) -> None:
        super().__init__()
        kind, slice = type(self).__name__, v if slice is None else slice
        for name, value in (("inputs", inputs), ("outputs", outputs), ("v", v), ("slice", slice)):
            if value < 1:
                raise InputError(f"{kind} has {name}={value}: it must be at least 1")
        if slice > v:
            raise InputError(f"{kind} has slice={slice}: a subspace holds v={v} values, use slice={v} or less")
        if c < 2 or c & (c - 1):
            raise InputError(f"{kind} has c={c}: it must be a power of two, 2 or more")
        self.inputs, self.outputs, self.geometry = inputs, outputs, geometry
        self.v, self.c, self.slice, self.metric = v, c, slice, metric_named(metric)
        self.subspaces = -(-inputs // slice)
        sums = self.subspaces * geometry.taps * geometry.area
        if sums * INT8 >= EXACT:
            raise InputError(f"{kind} sums {sums} lookups: {EXACT // INT8} is the most that is exact")
        self.input, self.mean = Affine(1.0, 0), 0.0
        self.activation: str | None = None
        self.gradient: Gradient = SoftChoice(self.metric.temperature)
        self.frozen = False
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *geometry.kernel))
        self.codebooks = nn.Parameter(torch.empty(self.subspaces, c, slice))
        self.correction = nn.Parameter(torch.zeros(geometry.taps, self.subspaces, c, outputs))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        nn.init.uniform_(self.codebooks, -128, 127)
        self.register_buffer("frozen_codebooks", torch.zeros_like(self.codebooks))
        self.register_buffer("frozen_tables", torch.zeros_like(self.correction))

    frozen_codebooks: Tensor
    frozen_tables: Tensor

    # -- tables ------------------------------------------------------------------------------------------------------
    def grid_codebooks(self) -> Tensor:
        """Codebooks on the int8 grid, with gradients: (S, c, slice)."""
        codebooks = round_to_grid(self.codebooks)
        if self._filling:  # the core fills missing inputs with 0: a 0 there keeps them out of the distance
            mask = torch.ones(self.subspaces * self.slice, device=codebooks.device)
            mask[self.inputs :] = 0
            codebooks = codebooks * mask.view(-1, 1, self.slice)
        return codebooks

    def real(self, x: Tensor) -> Tensor:
        """What values on the int8 grid stand for, in any shape."""
        real = (x - self.input.zero_point) * self.input.scale - self.mean
        return real if self.activation is None else activation_named(self.activation)(real)

    def real_tables(self, codebooks: Tensor) -> Tensor:
        """What each entry adds to the result: (T, S, c, N). Zero padding adds nothing, which is real 0."""
        n, s, t = self.outputs, self.subspaces, self.geometry.taps
        weight = self.weight.reshape(n, self.inputs, t)
        weight = F.pad(weight, (0, 0, 0, self._filling)).view(n, s, self.slice, t)
        weight = weight.permute(1, 2, 3, 0)  # (S, slice, T, N)
        product = torch.bmm(self.real(codebooks), weight.reshape(s, self.slice, t * n)).view(s, self.c, t, n)
        return product.permute(2, 0, 1, 3) / self.geometry.area + self.correction

    @property
    def _filling(self) -> int:
        return self.subspaces * self.slice - self.inputs

    # -- sums --------------------------------------------------------------------------------------------------------
    def slices(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) cut into subspaces: (S, B * H * W, slice); missing channels are 0."""
        filled = F.pad(x.flatten(2), (0, 0, 0, self._filling))
        cut = filled.view(len(x), self.subspaces, self.slice, -1).permute(1, 2, 0, 3)
        return cut.reshape(self.subspaces, self.slice, -1).transpose(1, 2)

    def sums(self, x: Tensor, codebooks: Tensor, tables: Tensor, scale: Tensor) -> Tensor:
        """Raw accumulators (B, Ho, Wo, N) of maps (B, C, H, W) on the int8 grid; of integer codebooks and tables.

        Args:
            scale: (N,) of the tables; gradients need it.
        """
        x = x.permute(0, 2, 3, 1).contiguous()  # (B, H, W, C)
        if self._filling:
            x = F.pad(x, (0, self._filling))  # (B, H, W, S * slice)
        learns = torch.is_grad_enabled() and (x.requires_grad or tables.requires_grad)
        carrier = self.real(x) if learns and x.requires_grad and self.gradient.straight else None
        index, decoded = encode(x, codebooks, self.real(codebooks).detach(), self.metric, self.gradient, carrier)
        if not learns:
            return lookup(tables, index, self.geometry)
        weight = self.weight.detach().view(self.outputs, self.inputs, *self.geometry.kernel)
        weight = F.pad(weight, (0, 0, 0, 0, 0, self._filling)) / (self.geometry.area * scale.view(-1, 1, 1, 1))
        return lookup(tables, index, self.geometry, decoded, weight)

    def exact(self, x: Tensor) -> Tensor:
        """The real result without encoding, for maps on the int8 grid: (B, Ho, Wo, N)."""
        weight = self.weight.reshape(self.outputs, self.inputs, *self.geometry.kernel)
        return convolve(self.real(x), weight, self.geometry).permute(0, 2, 3, 1)

    # -- state -------------------------------------------------------------------------------------------------------
    def get_extra_state(self) -> dict[str, Any]:
        """What belongs to the state beside tensors: quantization, whether it is frozen."""
        return {"input": astuple(self.input), "mean": self.mean, "activation": self.activation, "frozen": self.frozen}

    def set_extra_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self.input, self.mean, self.frozen = Affine(*state["input"]), state["mean"], state["frozen"]
        self.activation = state["activation"]

    def extra_repr(self) -> str:  # noqa: D102
        kernel = "" if self.geometry == Geometry() else f", {self.geometry}"
        part = "" if self.slice == self.v else f", slice={self.slice}"
        return (f"{self.inputs}, {self.outputs}{kernel}, v={self.v}, c={self.c}{part}, {self.metric.name}"
                f"{', frozen' if self.frozen else ''}")


def convolve(real: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """The convolution that lookups stand for: real maps (B, C, H, W) -> (B, N, Ho, Wo)."""
    if geometry.area > 1:
        real = F.avg_pool2d(real, geometry.average)
    return F.conv2d(F.pad(real, geometry.edges), weight, stride=geometry.stride)
