"""A network of lookup layers in integers: what training exports and what `assemble` lays out. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """One fully connected layer as integers.

    Attributes:
        name: the layer's name in the model.
        codebooks: int8 (S, c, v).
        tables: int8 (S, c, N).
        mult, bias, shift: int64 (N,): requantisation to the next layer's int8 input; unused in the last layer.
        low, high: clamp of the requantised values; ReLU is `low` = the zero point.
    """

    name: str
    codebooks: npt.NDArray[np.int8]
    tables: npt.NDArray[np.int8]
    mult: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]
    low: int = -128
    high: int = 127

    @property
    def subspaces(self) -> int:
        """Subspaces S of the input."""
        return self.codebooks.shape[0]

    @property
    def outputs(self) -> int:
        """Output channels N."""
        return self.tables.shape[2]


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Layers in order, and how real numbers become the first layer's int8 and the last layer's results real.

    Attributes:
        input_shape: shape of one input, without the batch.
        input_scale, input_zero_point: real = scale * (int8 - zero_point).
        output_scale, output_bias: float32 (outputs,): real = scale * accumulator + bias.
    """

    layers: tuple[LinearLayer, ...]
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    output_scale: npt.NDArray[np.float32]
    output_bias: npt.NDArray[np.float32]
