"""VGG-small: 3 x 3 convolutions in pairs, max-pooling between them, one fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lutdla.models.fits import check_map, check_sizes


def vgg_small(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10,
              channels: Sequence[int] = (32, 64, 128)) -> nn.Sequential:
    """(B, *shape) -> (B, classes).

    Args:
        shape: channels, height, width of an image.
        classes: outputs.
        channels: of each pair of convolutions; the map halves behind each pair, an odd last row or column is left out.

    Raises:
        InputError: nothing is left behind the last pooling, or a pair has no channels.
    """
    check_sizes("vgg_small", "channels", channels)
    least = 2 ** len(channels)
    check_map("vgg_small", shape, (least, least), f"halving {len(channels)} times")
    layers: list[nn.Module] = []
    inputs, height, width = shape
    for outputs in channels:
        for _ in range(2):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
        height, width = height // 2, width // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * height * width, classes))
