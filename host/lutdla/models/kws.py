"""Keyword spotting: 49 frames of 10 MFCC features, 12 classes; full convolutions, no depthwise ones."""

from __future__ import annotations

from torch import nn

from lutdla.models.fits import check_map, check_sizes


def kws(shape: tuple[int, int, int] = (1, 49, 10), classes: int = 12, channels: int = 32) -> nn.Sequential:
    """(B, *shape) -> (B, classes).

    Args:
        shape: 1, frames, features of a frame.
        classes: outputs.
        channels: of the first layers; the last ones have twice as many.

    Raises:
        InputError: the first kernel does not fit.
    """
    check_map("kws", shape, (2, 2), "the first kernel, 10 x 4 with padding,")
    check_sizes("kws", "channels", (channels,))

    def convolution(inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1,
                    padding: int | tuple[int, int] = 0) -> list[nn.Module]:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(
        *convolution(shape[0], channels, (10, 4), stride=2, padding=(5, 1)),  # 25 x 5
        *convolution(channels, channels, 3, padding=1),
        *convolution(channels, channels, 1),
        *convolution(channels, 2 * channels, 3, stride=2, padding=1),  # 13 x 3
        *convolution(2 * channels, 2 * channels, 1),
        nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * channels, classes),
    )  # fmt: skip
