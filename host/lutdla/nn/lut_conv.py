"""`LUTConv2d`: a convolution as table lookups, codebooks shared by all kernel positions."""

from __future__ import annotations

from torch import Tensor

from lutdla.nn.geometry import Geometry, Pair
from lutdla.nn.lut_layer import LUTLayer


class LUTConv2d(LUTLayer):
    """y = conv(x) + bias, computed as: encode each pixel's slices once, look up an entry for each kernel position, add.
    See `LUTLayer`. A convolution of a sequence is one of a map of height 1; a fully connected layer of a map has a
    kernel that covers it.

    Args:
        in_channels, out_channels, kernel_size, stride, padding: as in nn.Conv2d; pairs are (vertical, horizontal).
        end_padding: below and right of the map, where it is not as above and left.
        average: squares of this many pixels are averaged first.
        v: values in a subspace of the core.
        c: centroids in a codebook.
        metric: name of the encoder's distance.
        slice: channels in a subspace, v or fewer.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | Pair, stride: int | Pair = 1,
        padding: int | Pair = 0, *, end_padding: int | Pair | None = None, average: int | Pair = 1, v: int = 4,
        c: int = 16, metric: str = "l2", slice: int | None = None,
    ) -> None:
        end = padding if end_padding is None else end_padding
        geometry = Geometry(*(pair(value) for value in (kernel_size, stride, padding, end, average)))
        super().__init__(in_channels, out_channels, geometry, v=v, c=c, metric=metric, slice=slice)

    def forward(self, x: Tensor, shortcut: Tensor | None = None, residual: Tensor | None = None) -> Tensor:
        """(B, C, H, W) on the int8 grid -> (B, N, H', W'): on the int8 grid, or real in the last layer.

        Args:
            shortcut: (B, C2, H2, W2) the map that `shortcut` looks up, where the layer has one.
            residual: (B, N, Ho, Wo) int8 values to add, where the layer has a residual.
        """
        return self.run(x, shortcut, residual)


def pair(value: int | Pair) -> Pair:
    """(vertical, horizontal) of a number for both, or of the pair itself."""
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))
