"""LeNet-5 with ReLU and max-pooling."""

from __future__ import annotations

from torch import nn

from lutdla.models.fits import check_map


def lenet5(shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> nn.Sequential:
    """(B, *shape) -> (B, classes). Two 5 x 5 convolutions, three fully connected layers.

    Raises:
        InputError: nothing is left behind the second pooling.
    """
    check_map("lenet5", shape, (12, 12), "two 5 x 5 convolutions with pooling behind each")
    height, width = ((size // 2 - 4) // 2 for size in shape[1:])
    return nn.Sequential(
        nn.Conv2d(shape[0], 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * height * width, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, classes),
    )  # fmt: skip
