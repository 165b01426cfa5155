"""`Augment`: other pictures of the same things, anew for each batch of training images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lutdla.errors import InputError


@dataclass(frozen=True)
class Augment:
    """Mirrors and moves images (B, C, H, W), each by chance of its own; `Examples(inputs, targets, augment=...)`.

    Attributes:
        flip: half of the images are mirrored, left to right.
        shift: images move by up to so many pixels in each direction; what comes in is 0.
    """

    flip: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        if self.shift < 0:
            raise InputError(f"augment shifts by {self.shift} pixels: it must be 0 or more")

    def __call__(self, inputs: Tensor) -> Tensor:
        """Draws from torch's global generator.

        Raises:
            InputError: the inputs are no images, or smaller than the shift.
        """
        if inputs.ndim != 4 or min(inputs.shape[2:]) <= self.shift:
            raise InputError(f"augment got inputs of shape {tuple(inputs.shape)}: it takes images (batch, channels, "
                             f"height, width) of more than shift={self.shift} pixels")
        if self.flip:
            mirrored = torch.rand(len(inputs), 1, 1, 1, device=inputs.device) < 0.5
            inputs = torch.where(mirrored, inputs.flip(3), inputs)
        return _moved(inputs, self.shift) if self.shift else inputs


def _moved(inputs: Tensor, most: int) -> Tensor:
    batch, _, height, width = inputs.shape
    padded = F.pad(inputs, (most, most, most, most))
    dy, dx = torch.randint(2 * most + 1, (2, batch, 1, 1, 1), device=inputs.device)
    rows = dy + torch.arange(height, device=inputs.device).view(1, 1, -1, 1)  # (B, 1, H, 1)
    columns = dx + torch.arange(width, device=inputs.device)  # (B, 1, 1, W)
    image = torch.arange(batch, device=inputs.device).view(-1, 1, 1, 1)
    channel = torch.arange(inputs.shape[1], device=inputs.device).view(1, -1, 1, 1)
    return padded[image, channel, rows, columns]
