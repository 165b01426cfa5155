"""`Geometry`: which pixels of a feature map an output pixel sums."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]
"""(vertical, horizontal)."""


@dataclass(frozen=True)
class Geometry:
    """Kernel of a convolution. All pairs are (vertical, horizontal).

    Attributes:
        kernel, stride: as in nn.Conv2d.
        padding, end: zero padding above and left of the map, and below and right of it.
        average: squares of this many pixels are averaged first; kernel, stride and padding count squares.
    """

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    end: Pair = (0, 0)
    average: Pair = (1, 1)

    @property
    def taps(self) -> int:
        """Positions of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def area(self) -> int:
        """Pixels that are averaged."""
        return self.average[0] * self.average[1]

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Padding in the order of `torch.nn.functional.pad`: left, right, top, bottom, in squares."""
        return self.padding[1], self.end[1], self.padding[0], self.end[0]

    @property
    def is_pointwise(self) -> bool:
        """One pixel each, perhaps with a stride: what a shortcut can be."""
        return self.kernel == self.average == (1, 1) and not any(self.edges)

    def output(self, height: int, width: int) -> Pair:
        """Height and width of the result for a map of this size; less than 1 where the kernel does not fit."""
        sizes = []
        for axis, size in enumerate((height, width)):
            padded = size // self.average[axis] + self.padding[axis] + self.end[axis]
            sizes.append((padded - self.kernel[axis]) // self.stride[axis] + 1)
        return sizes[0], sizes[1]
