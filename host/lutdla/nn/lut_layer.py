"""`LUTLayer`: sums of lookups, requantised to the next map: computes in training what the core computes."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.arithmetic import fixed_point, requantize, round_to_grid
from lutdla.nn.geometry import Geometry, Pair
from lutdla.nn.layers import Affine
from lutdla.nn.lookups import INT8, Lookups


class Integers(NamedTuple):
    """What the core holds of a layer, integers in floating point."""

    codebooks: Tensor
    """float32 (S, c, slice)."""
    tables: Tensor
    """float32 (T, S, c, N)."""
    scale: Tensor
    """float32 (N,): real sum = scale * accumulator."""
    mult: Tensor
    bias: Tensor
    shift: Tensor
    """float64 (N,) each: requantization."""
    shortcut_codebooks: Tensor | None = None
    shortcut_tables: Tensor | None = None
    """The same of the shortcut."""


class LUTLayer(Lookups):
    """Base of the lookup layers: y = clamp(sums + bias (+ shortcut) (+ residual)), max-pooled.

    Takes maps of the int8 grid (as float32) that stand for real values by `input`. Gives maps by `output`, the input of
    the next layer, clamped to low..high; or real values where `output` is None (the last layer). Forward values are
    exactly the core's. Gradients pass straight through the rounding; those of the choice of centroids come from a soft
    choice. They reach weight, bias, codebooks, correction and input.

    Attributes:
        bias: (N,).
        output: quantization of the output.
        low, high: clamp of the output; ReLU is low = its zero point.
        shortcut: lookups of a second map, added to the same sums.
        residual: whether int8 values of a map with the output's quantization are added before the clamp.
        pool, pool_stride: max-pooling behind the clamp (vertical, horizontal).
        reconstruct: whether forward leaves `reconstruction`, the mean squared error of the sums against those without
            encoding, relative to their mean square (LUTBoost's term).
        bypass: whether forward is the exact convolution, rounded to the grid: a layer that training has not replaced
            yet. A frozen layer never is.
    """

    CONSTANTS = ("scale", "mult", "bias", "shift")

    def __init__(self, inputs: int, outputs: int, geometry: Geometry, *, v: int = 4, c: int = 16, metric: str = "l2",
                 slice: int | None = None) -> None:
        super().__init__(inputs, outputs, geometry, v=v, c=c, metric=metric, slice=slice)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.output: Affine | None = None
        self.low, self.high, self.residual = -128, 127, False
        self.shortcut: Lookups | None = None
        self.pool: Pair = (1, 1)
        self.pool_stride: Pair = (1, 1)
        self.reconstruct, self.reconstruction = False, torch.zeros(())
        self.bypass = False
        for name in self.CONSTANTS:
            self.register_buffer(f"frozen_{name}",
                                 torch.zeros(outputs, dtype=torch.float32 if name == "scale" else torch.float64))

    # -- integers ----------------------------------------------------------------------------------------------------
    def integers(self) -> Integers:
        """The layer's integers: the frozen ones, else what the parameters give now, with gradients."""
        parts: list[Lookups] = [self] if self.shortcut is None else [self, self.shortcut]
        if self.frozen:
            constants = [getattr(self, f"frozen_{name}") for name in self.CONSTANTS]
            pairs = [(part.frozen_codebooks, part.frozen_tables) for part in parts]
        else:
            codebooks = [part.grid_codebooks() for part in parts]
            real = [part.real_tables(books) for part, books in zip(parts, codebooks)]  # (T, S, c, N) each
            peak = torch.stack([table.detach().abs().amax(dim=(0, 1, 2)) for table in real]).amax(dim=0)
            scale = (peak / INT8).clamp_min(1e-12)  # (N,)
            pairs = [(books, round_to_grid(table / scale)) for books, table in zip(codebooks, real)]
            ratio, offset = self._requantization(scale)
            constants = [scale, *fixed_point(ratio, offset.detach())]
        return Integers(*pairs[0], *constants, *(pairs[1] if len(pairs) > 1 else ()))

    def _requantization(self, scale: Tensor) -> tuple[Tensor, Tensor]:
        """What accumulators are multiplied with to be steps of the output, and what is added."""
        to = self.output or Affine(1.0, 0)
        return scale / to.scale, self.bias / to.scale + (0 if self.residual else to.zero_point)  # a residual has it

    def freeze(self) -> None:
        """Fix the integers: from now on forward, export and the core use these."""
        with torch.no_grad():
            integers = self.integers()
            for name in ("codebooks", "tables", *self.CONSTANTS):
                getattr(self, f"frozen_{name}").copy_(getattr(integers, name))
            if self.shortcut is not None:
                assert integers.shortcut_codebooks is not None
                assert integers.shortcut_tables is not None
                self.shortcut.frozen_codebooks.copy_(integers.shortcut_codebooks)
                self.shortcut.frozen_tables.copy_(integers.shortcut_tables)
                self.shortcut.frozen = True
        self.requires_grad_(False)
        self.frozen = True

    # -- forward -----------------------------------------------------------------------------------------------------
    def accumulate(self, x: Tensor, integers: Integers, shortcut: Tensor | None = None) -> Tensor:
        """Raw accumulators (B, Ho, Wo, N) of maps (B, C, H, W) on the int8 grid."""
        acc = self.sums(x, integers.codebooks, integers.tables, integers.scale)
        if self.shortcut is not None:
            assert shortcut is not None
            assert integers.shortcut_codebooks is not None
            assert integers.shortcut_tables is not None
            acc = acc + self.shortcut.sums(shortcut, integers.shortcut_codebooks, integers.shortcut_tables,
                                           integers.scale)
        return acc

    def run(self, x: Tensor, shortcut: Tensor | None, residual: Tensor | None) -> Tensor:
        """Maps (B, C, H, W) on the int8 grid -> (B, N, H', W'): on the int8 grid, or real in the last layer."""
        self._check(x, shortcut, residual)
        if self.bypass and not self.frozen:
            return self._run_exact(x, shortcut, residual)
        integers = self.integers()
        acc = self.accumulate(x, integers, shortcut)
        if self.reconstruct and not self.frozen:
            exact = self.exact(x.detach())
            if self.shortcut is not None and shortcut is not None:
                exact = exact + self.shortcut.exact(shortcut.detach())
            error = (exact - acc * integers.scale).square().mean()
            self.reconstruction = error / exact.detach().square().mean().clamp_min(1e-12)
        if self.output is None:
            return (acc * integers.scale + self.bias).permute(0, 3, 1, 2)
        added = None if residual is None else residual.permute(0, 2, 3, 1)
        ratio, offset = self._requantization(integers.scale)
        values = requantize(acc, ratio, offset, (integers.mult, integers.bias, integers.shift), self.low, self.high,
                            added)
        y = values.permute(0, 3, 1, 2)
        return y if self.pool == (1, 1) else F.max_pool2d(y, self.pool, self.pool_stride)

    def _run_exact(self, x: Tensor, shortcut: Tensor | None, residual: Tensor | None) -> Tensor:
        """`run` without encoding."""
        real = self.exact(x)
        if self.shortcut is not None and shortcut is not None:
            real = real + self.shortcut.exact(shortcut)
        if self.output is None:
            return (real + self.bias).permute(0, 3, 1, 2)
        steps, offset = self._requantization(torch.ones_like(self.bias))
        y = real * steps + offset
        if residual is not None:
            y = y + residual.permute(0, 2, 3, 1)
        y = round_to_grid(y.clamp(self.low, self.high)).permute(0, 3, 1, 2)
        return y if self.pool == (1, 1) else F.max_pool2d(y, self.pool, self.pool_stride)

    def _check(self, x: Tensor, shortcut: Tensor | None, residual: Tensor | None) -> None:
        kind = type(self).__name__
        if x.ndim != 4 or x.shape[1] != self.inputs or min(self.geometry.output(*x.shape[2:])) < 1:
            raise InputError(f"{kind} got shape {tuple(x.shape)}: it takes (batch, {self.inputs}, height, width), the "
                             f"kernel {self.geometry.kernel} must fit")
        for name, given, wanted in (("shortcut", shortcut, self.shortcut is not None),
                                    ("residual", residual, self.residual)):
            if (given is not None) != wanted:
                raise InputError(f"{kind} got {'a' if given is not None else 'no'} {name} map: this layer was made "
                                 f"{'with' if wanted else 'without'} one")

    # -- state -------------------------------------------------------------------------------------------------------
    def get_extra_state(self) -> dict[str, Any]:
        """What belongs to the state beside tensors: quantization, clamp, whether it is frozen."""
        return super().get_extra_state() | {"output": self.output and astuple(self.output),
                                            "clamp": (self.low, self.high)}

    def set_extra_state(self, state: dict[str, Any]) -> None:  # noqa: D102
        super().set_extra_state(state)
        self.output = Affine(*state["output"]) if state["output"] else None
        self.low, self.high = state["clamp"]


def lut_layers(network: nn.Module) -> dict[str, LUTLayer]:
    """The lookup layers of a network by name, in order."""
    return {name: module for name, module in network.named_modules() if isinstance(module, LUTLayer)}


def freeze(network: nn.Module) -> None:
    """Fix the integers of all lookup layers: training is over, what is evaluated now is what is exported."""
    for layer in lut_layers(network).values():
        layer.freeze()
