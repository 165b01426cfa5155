"""VGG-small: 3 x 3 convolutions in pairs, max-pooling between them, one fully connected layer."""

from __future__ import annotations

from torch import nn


def vgg_small(classes: int = 10, channels: tuple[int, ...] = (32, 64, 128)) -> nn.Sequential:
    """(B, 3, 32, 32) -> (B, classes).

    Args:
        classes: outputs.
        channels: of each pair of convolutions; the map halves behind each pair.
    """
    layers: list[nn.Module] = []
    inputs, size = 3, 32
    for outputs in channels:
        for _ in range(2):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
        size //= 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * size * size, classes))
