"""A network of lookup layers in integers: what training exports and what the compiler lays out. No torch.

A network is a list of layers between feature maps. A map is written once, and its indices are read by any number of
layers: codebooks belong to the map, not to the layers that read it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.spec.frame_layout import FrameLayout


@dataclass(frozen=True, eq=False)
class FeatureMap:
    """Activations between layers, as int8: height x width pixels of `channels`; a vector is 1 x 1 pixel.

    Attributes:
        name: of the map, its own.
        channels, height, width: its shape.
        codebooks: int8 (S, c, v), one for each block of `slice` channels, the same at every pixel.
        slice: channels in a subspace: v, but in an input map it may be less; centroids are 0 in the other coordinates.
        encodings: how often each block is encoded; codebooks of the first encoding come first
            (`lutdla.compiler.encodings` makes more than 1).
    """

    name: str
    channels: int
    height: int
    width: int
    codebooks: npt.NDArray[np.int8]
    slice: int
    encodings: int = 1

    @property
    def subspaces(self) -> int:
        """Subspaces S of a pixel."""
        return self.codebooks.shape[0]


@dataclass(frozen=True, eq=False)
class Operand:
    """A convolution of one feature map as lookups; a fully connected layer is one of a 1 x 1 map, or with a kernel that
    covers the map.

    Output pixel (y, x) sums `tables[ky * kernel_w + kx][s][index of subspace s]` over all kernel positions and
    subspaces of input pixel (y * stride + ky - padding); outside the map, the sum takes 0. With `average`, kernel
    positions are squares of pixels, whose lookups are all summed (average pooling; the division is in the
    requantisation).

    Attributes:
        source: name of the map.
        tables: int8 (kernel_h * kernel_w, S, c, N).
        kernel, stride, padding: (vertical, horizontal); padding is what lies above and left of the map.
        average: (vertical, horizontal) pixels averaged before.
    """

    source: str
    tables: npt.NDArray[np.int8]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    average: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class LookupLayer:
    """One layer: sums of lookups, requantised: `clamp(((sum * mult + bias) >> shift) + residual, low, high)`, then
    max-pooled.

    Attributes:
        name: the layer's name in the model.
        operand: what is summed.
        height, width: pixels of the sum, before max-pooling.
        mult, bias, shift: int64 (N,): requantisation to the target's int8; unused in the last layer.
        low, high: clamp of the requantised values; ReLU is `low` = the zero point.
        target: the map written, None for the last layer, whose sums go to the host.
        shortcut: added to the same sums: a 1 x 1 convolution of another map (usually with a stride), without padding.
        residual: name of a map of the target's shape before pooling, whose int8 values are added.
        pool, pool_stride: window and stride of max-pooling behind the clamp (vertical, horizontal), without padding.
    """

    name: str
    operand: Operand
    height: int
    width: int
    mult: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]
    low: int = -128
    high: int = 127
    target: FeatureMap | None = None
    shortcut: Operand | None = None
    residual: str | None = None
    pool: tuple[int, int] = (1, 1)
    pool_stride: tuple[int, int] = (1, 1)

    @property
    def outputs(self) -> int:
        """Output channels N."""
        return self.operand.tables.shape[3]


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Layers in order, and how real numbers become the input map's int8 and the last layer's sums real.

    Attributes:
        input: the input map (behind space-to-depth).
        layers: in an order in which they can be computed; the last one has no target.
        input_shape: shape of one input, without the batch: (values,), (channels, length) or (channels, height, width).
        layout: how an input becomes a frame.
        input_scale, input_zero_point: real = scale * (int8 - zero_point).
        output_scale, output_bias: float32 (outputs,): real = scale * accumulator + bias.
    """

    input: FeatureMap
    layers: tuple[LookupLayer, ...]
    input_shape: tuple[int, ...]
    layout: FrameLayout
    input_scale: float
    input_zero_point: int
    output_scale: npt.NDArray[np.float32]
    output_bias: npt.NDArray[np.float32]

    def maps(self) -> dict[str, FeatureMap]:
        """All feature maps by name."""
        found = [self.input, *(layer.target for layer in self.layers if layer.target is not None)]
        return {feature_map.name: feature_map for feature_map in found}
