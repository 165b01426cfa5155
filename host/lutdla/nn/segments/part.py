"""`LUTPart`: a lookup network in the place of a module of a larger model."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.layers import QuantizeInput


@dataclass(frozen=True)
class Windows:
    """What a convolution of sequences reads, position by position: the core gives one pixel for each of its inputs, so
    each position is an input of its own, and a slice that `kernel` positions read is encoded as often.

    Attributes:
        kernel, stride, padding: of the convolution; padding is real 0, encoded like any other value.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def cut(self, x: Tensor) -> Tensor:
        """(B, C, L) -> (B, positions, C, kernel)."""
        return F.pad(x, (self.padding, self.padding)).unfold(2, self.kernel, self.stride).movedim(2, 1)


class LUTPart(nn.Module):
    """A lookup network that takes real values and gives real ones, for any number of leading axes.

    Args:
        network: what `lutdla.nn.convert` returned.
        shape: of one result, without leading axes.
        windows: of a convolution of sequences.
    """

    def __init__(self, network: fx.GraphModule, shape: tuple[int, ...], windows: Windows | None = None) -> None:
        super().__init__()
        self.network, self.shape, self.windows = network, tuple(shape), windows

    @property
    def quantizer(self) -> QuantizeInput:
        """What makes its inputs int8."""
        quantizer = self.network.get_submodule("quantize_input")
        assert isinstance(quantizer, QuantizeInput)
        return quantizer

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one input of the network."""
        return self.quantizer.shape

    def forward(self, x: Tensor) -> Tensor:
        """(..., *input_shape) -> (..., *shape); with windows (B, C, L) -> (B, N, positions)."""
        if self.windows is None:
            return self._rows(x)
        return self._rows(self.windows.cut(x)).transpose(1, 2)

    def _rows(self, x: Tensor) -> Tensor:
        lead = x.shape[: x.ndim - len(self.input_shape)]
        if x.ndim <= len(self.input_shape) or x.shape[len(lead) :] != self.input_shape:
            raise InputError(f"LUTPart got shape {tuple(x.shape)}: it was converted for (..., "
                             f"{', '.join(map(str, self.input_shape))})")
        return self.network(x.reshape(-1, *self.input_shape)).reshape(*lead, *self.shape)

    def extra_repr(self) -> str:  # noqa: D102
        return f"{self.input_shape} -> {self.shape}{f', {self.windows}' if self.windows else ''}"


def parts_of(model: nn.Module) -> dict[str, LUTPart]:
    """The converted parts of a model by name, in order."""
    return {name: module for name, module in model.named_modules() if isinstance(module, LUTPart)}


def as_part(module: nn.Module) -> tuple[nn.Module, int, Windows | None]:
    """How a module becomes a part: the module to convert, axes of one of its inputs, and windows where each position of
    a sequence is an input.

    Raises:
        InputError: it has no layer that can be converted.
    """
    if isinstance(module, nn.Conv1d):
        windows = Windows(module.kernel_size[0], module.stride[0], padding_of(module))
        inner = nn.Conv1d(module.in_channels, module.out_channels, module.kernel_size, dilation=module.dilation,
                          groups=module.groups, bias=module.bias is not None)
        with torch.no_grad():
            inner.weight.copy_(module.weight)
            if inner.bias is not None and module.bias is not None:
                inner.bias.copy_(module.bias)
        return _alone(inner), 2, windows
    axes: dict[type[nn.Module], int] = {nn.Linear: 1, nn.Conv1d: 2, nn.Conv2d: 3}
    for layer in module.modules():
        if type(layer) in axes:
            return _alone(module) if layer is module else module, axes[type(layer)], None
    raise InputError(f"{type(module).__name__} holds no nn.Linear, nn.Conv1d or nn.Conv2d: name a module with one as "
                     "part")


def _alone(layer: nn.Module) -> nn.Module:
    """A network of one layer, called `layer`."""
    return nn.Sequential(OrderedDict(layer=layer))


def padding_of(module: nn.Conv1d) -> int:
    """Zeros at each end of a sequence.

    Raises:
        InputError: it pads otherwise.
    """
    if module.padding_mode != "zeros" or module.padding == "same":
        raise InputError(f"nn.Conv1d has padding={module.padding!r}, padding_mode={module.padding_mode!r}: a part pads "
                         "with zeros, by a number on both sides")
    return 0 if module.padding == "valid" else int(module.padding[0])
