"""`LUTLinear`: a fully connected layer as table lookups, computing in training what the core computes."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.arithmetic import fixed_point, lookup, requantize, round_to_grid, soft_lookup, straight_through
from lutdla.nn.layers import Affine
from lutdla.nn.metrics import EXACT, metric_named

INT8 = 127
"""Largest table entry; -128 is not used, so that tables are symmetric."""


class Integers(NamedTuple):
    """What the core holds of a layer, integers in floating point."""

    codebooks: Tensor
    """float32 (S, c, v)."""
    tables: Tensor
    """float32 (S, c, N)."""
    scale: Tensor
    """float32 (N,): real product = scale * accumulator."""
    mult: Tensor
    bias: Tensor
    shift: Tensor
    """float64 (N,) each: requantization."""


class LUTLinear(nn.Module):
    """y = W x + bias, computed as: encode slices of v values, look up table rows, add.

    Takes integers of the int8 grid (as float32) that stand for real values by `input`. Gives integers by `output`, the
    input of the next layer, clamped to low..high; or real values where `output` is None (the last layer). Forward
    values are exactly the core's. Gradients pass straight through the rounding; those of the choice of centroids come
    from a soft choice (`soft_lookup`). They reach weight, bias, codebooks, correction and input.

    Args:
        in_features, out_features: as in nn.Linear; inputs are filled up with 0 to a multiple of v.
        v: values in a subspace.
        c: centroids in a codebook.
        metric: name of the encoder's distance.

    Attributes:
        weight (N, K), bias (N,): as in nn.Linear.
        codebooks: (S, c, v), in steps of the int8 grid.
        correction: (S, c, N) real, by what a table entry differs from centroid x weight; 0 at first. The core stores
            tables whole, so entries that training moves freely cost nothing, and win back most of what encoding loses.
        input, output: quantization of input and output.
        low, high: clamp of the output; ReLU is low = its zero point.
        temperature: of the soft choice, in mean distances to the nearest centroid.
        reconstruct: whether forward leaves `reconstruction`, the mean squared error of the product against the one
            without encoding, relative to its mean square (LUTBoost's term).
        frozen: integers are fixed, training no longer moves them.
    """

    INTEGERS = Integers._fields

    def __init__(self, in_features: int, out_features: int, v: int = 4, c: int = 16, metric: str = "l2") -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("out_features", out_features), ("v", v)):
            if value < 1:
                raise InputError(f"LUTLinear has {name}={value}: it must be at least 1")
        if c < 2 or c & (c - 1):
            raise InputError(f"LUTLinear has c={c}: it must be a power of two, 2 or more")
        self.in_features, self.out_features, self.v, self.c = in_features, out_features, v, c
        self.subspaces = -(-in_features // v)
        if self.subspaces * INT8 >= EXACT:
            raise InputError(f"LUTLinear has {self.subspaces} subspaces: {EXACT // INT8} is the most that sums exactly")
        self.metric = metric_named(metric)
        self.input, self.output = Affine(1.0, 0), None  # type: tuple[Affine, Affine | None]
        self.low, self.high = -128, 127
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        self.codebooks = nn.Parameter(torch.empty(self.subspaces, c, v))
        self.correction = nn.Parameter(torch.zeros(self.subspaces, c, out_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        nn.init.uniform_(self.codebooks, -128, 127)
        self.temperature = 0.7
        self.reconstruct, self.reconstruction = False, torch.zeros(())
        self.frozen = False
        shapes = ((self.subspaces, c, v), (self.subspaces, c, out_features), *(((out_features,),) * 4))
        for name, shape in zip(self.INTEGERS, shapes):
            dtype = torch.float64 if name in ("mult", "bias", "shift") else torch.float32
            self.register_buffer(f"frozen_{name}", torch.zeros(shape, dtype=dtype))

    # -- integers ----------------------------------------------------------------------------------------------------
    def integers(self) -> Integers:
        """The layer's integers: the frozen ones, else what weight, bias and codebooks give now, with gradients."""
        if self.frozen:
            return Integers(*(getattr(self, f"frozen_{name}") for name in self.INTEGERS))
        codebooks = round_to_grid(self.codebooks)  # (S, c, v)
        if self._padding:  # the core fills missing inputs with 0: a 0 there keeps them out of the distance
            mask = torch.ones(self.subspaces * self.v)
            mask[self.in_features :] = 0
            codebooks = codebooks * mask.view(-1, 1, self.v)
        weight = F.pad(self.weight, (0, self._padding)).view(self.out_features, self.subspaces, self.v)  # (N, S, v)
        product = torch.bmm(codebooks - self.input.zero_point, weight.permute(1, 2, 0))
        real = product * self.input.scale + self.correction  # (S, c, N)
        scale = (real.detach().abs().amax(dim=(0, 1)) / INT8).clamp_min(1e-12)  # (N,)
        tables = round_to_grid(real / scale)
        to = self.output or Affine(1.0, 0)
        constants = fixed_point(scale / to.scale, self.bias.detach() / to.scale + to.zero_point)
        return Integers(codebooks, tables, scale, *constants)

    def freeze(self) -> None:
        """Fix the integers: from now on forward, export and the core use these."""
        with torch.no_grad():
            for name, value in self.integers()._asdict().items():
                getattr(self, f"frozen_{name}").copy_(value)
        self.requires_grad_(False)
        self.frozen = True

    @property
    def _padding(self) -> int:
        return self.subspaces * self.v - self.in_features

    # -- forward -----------------------------------------------------------------------------------------------------
    def slices(self, x: Tensor) -> Tensor:
        """Inputs (M, K) cut into subspaces: (S, M, v); missing inputs are 0."""
        padded = F.pad(x, (0, self._padding))
        return padded.t().reshape(self.subspaces, self.v, -1).transpose(1, 2)

    def accumulate(self, x: Tensor, integers: Integers) -> Tensor:
        """Raw accumulators (M, N) of inputs (M, K) on the int8 grid."""
        slices = self.slices(x)
        index = self.metric.nearest_torch(slices.detach(), integers.codebooks.detach())
        acc = lookup(integers.tables, index)
        if not x.requires_grad:
            return acc
        distance = self.metric.distance_torch(slices, integers.codebooks)
        soft = soft_lookup(integers.tables.detach(), distance, self.temperature)
        return acc + (soft - soft.detach())  # adds exactly 0, and the gradient of the choice

    def forward(self, x: Tensor) -> Tensor:
        """(M, K) on the int8 grid -> (M, N): on the int8 grid, or real in the last layer."""
        if x.ndim != 2 or x.shape[1] != self.in_features:
            raise InputError(f"LUTLinear got shape {tuple(x.shape)}: it takes (batch, {self.in_features})")
        integers = self.integers()
        acc = self.accumulate(x, integers)
        if self.reconstruct and not self.frozen:
            exact = (x.detach() - self.input.zero_point) @ self.weight.t() * self.input.scale
            error = (exact - acc * integers.scale).square().mean()
            self.reconstruction = error / exact.detach().square().mean().clamp_min(1e-12)
        if self.output is None:
            return acc * integers.scale + self.bias
        real = acc * (integers.scale / self.output.scale) + (self.bias / self.output.scale + self.output.zero_point)
        values = requantize(acc.detach(), integers.mult, integers.bias, integers.shift, self.low, self.high)
        return straight_through(real.clamp(self.low, self.high), values)

    # -- state -------------------------------------------------------------------------------------------------------
    def get_extra_state(self) -> dict[str, Any]:
        """What belongs to the state beside tensors: quantization, clamp, whether it is frozen."""
        return {"input": astuple(self.input), "output": self.output and astuple(self.output),
                "clamp": (self.low, self.high), "frozen": self.frozen}

    def set_extra_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        self.input = Affine(*state["input"])
        self.output = Affine(*state["output"]) if state["output"] else None
        self.low, self.high = state["clamp"]
        self.frozen = state["frozen"]

    def extra_repr(self) -> str:  # noqa: D102
        return (f"{self.in_features}, {self.out_features}, v={self.v}, c={self.c}, {self.metric.name}"
                f"{', frozen' if self.frozen else ''}")


def lut_layers(network: nn.Module) -> dict[str, LUTLinear]:
    """The lookup layers of a network by name, in order."""
    return {name: module for name, module in network.named_modules() if isinstance(module, LUTLinear)}


def freeze(network: nn.Module) -> None:
    """Fix the integers of all lookup layers: training is over, what is evaluated now is what is exported."""
    for layer in lut_layers(network).values():
        layer.freeze()
