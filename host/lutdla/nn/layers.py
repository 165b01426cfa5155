"""Layers at the input of a network: `Normalize` in a dense model, `QuantizeInput` in a converted one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.arithmetic import straight_through
from lutdla.spec.frame_layout import FrameLayout


@dataclass(frozen=True)
class Affine:
    """How int8 values stand for real ones: real = scale * (q - zero_point)."""

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not self.scale > 0 or not -128 <= self.zero_point <= 127:
            raise InputError(f"quantization has scale {self.scale} and zero point {self.zero_point}: the scale must be "
                             "positive, the zero point -128..127")

    @classmethod
    def of_range(cls, low: float, high: float) -> Affine:
        """Covers low..high, and 0 exactly."""
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / 255 or 1.0
        return cls(scale, max(-128, min(127, round(-128 - low / scale))))


PIXELS = Affine(1.0, -128)
"""uint8 images: q = pixel - 128, without any loss."""


class Normalize(nn.Module):
    """(x - mean) / std with one mean and one std: lets a model take pixels 0..255. Conversion folds it away."""

    def __init__(self, mean: float = 0.0, std: float = 255.0) -> None:
        super().__init__()
        if not std > 0:
            raise InputError(f"Normalize has std {std}: it must be positive")
        self.mean, self.std = float(mean), float(std)

    def forward(self, x: Tensor) -> Tensor:
        """Real values of any shape, uint8 or float."""
        return (x.float() - self.mean) / self.std

    def extra_repr(self) -> str:  # noqa: D102
        return f"mean={self.mean}, std={self.std}"


class QuantizeInput(nn.Module):
    """Real inputs to the int8 grid, exactly as `Artefact.quantize` does, and to the input feature map.

    Args:
        affine: how int8 stands for the input.
        shape: of one input, without the batch.
        layout: the input feature map; None is a vector of all values, cut into slices.
        vector: whether the first layer reads a vector; None: without a layout.
    """

    def __init__(self, affine: Affine, shape: tuple[int, ...], layout: FrameLayout | None = None, *,
                 vector: bool | None = None) -> None:
        super().__init__()
        self.affine, self.shape = affine, tuple(shape)
        self.layout = layout or FrameLayout(channels=math.prod(shape))
        self.is_vector = layout is None if vector is None else vector

    def forward(self, x: Tensor) -> Tensor:
        """(batch, *shape) uint8 or float -> float32 (batch, channels, height, width), or (batch, values) of a vector:
        integers -128..127."""
        if tuple(x.shape[1:]) != self.shape:
            raise InputError(f"input has shape {tuple(x.shape)}, this network was converted for (batch, "
                             f"{', '.join(map(str, self.shape))})")
        real = x.float() / torch.tensor(self.affine.scale, dtype=torch.float32, device=x.device)
        values = (real.detach().round() + self.affine.zero_point).clamp(-128, 127)
        if real.requires_grad:  # layers before are trained: straight through the rounding, not through the clamp
            values = straight_through((real + self.affine.zero_point).clamp(-128, 127), values)
        return self.arrange(values)

    def arrange(self, x: Tensor) -> Tensor:
        """Values (batch, *shape) as the input feature map, in the order of `FrameLayout`."""
        if self.is_vector:
            return x.flatten(1)
        layout = self.layout
        return F.pixel_unshuffle(x.reshape(len(x), layout.channels, layout.height, layout.width), layout.space_to_depth)

    def extra_repr(self) -> str:  # noqa: D102
        return f"{self.affine}, shape={self.shape}"
