"""Layers made of tensors, for all importers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lutdla.nn.importers.builder import Builder


def linear(builder: Builder, name: str, x: fx.Node, weight: Any, bias: Any) -> fx.Node:
    """A fully connected layer: weight (N, K), bias (N,) or None."""
    if weight.ndim != 2:
        builder.refuse(f"its weights have shape {tuple(weight.shape)}: use nn.Linear, with (outputs, inputs)")
    with torch.device("meta"):
        module = nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    return _with_weights(builder, name, module, x, weight, bias)


def convolution(builder: Builder, name: str, x: fx.Node, weight: Any, bias: Any, *, stride: Sequence[int],
                padding: Sequence[int] | str, dilation: Sequence[int], groups: int) -> fx.Node:
    """A convolution: weight (N, C / groups, *kernel), bias (N,) or None; settings as in nn.Conv2d."""
    kinds = {3: nn.Conv1d, 4: nn.Conv2d}
    if weight.ndim not in kinds:
        builder.refuse(f"its kernel has {weight.ndim - 2} dimensions: use nn.Conv1d or nn.Conv2d")
    axes = weight.ndim - 2
    given = {"stride": _each(stride, axes), "dilation": _each(dilation, axes),
             "padding": padding if isinstance(padding, str) else _each(padding, axes)}
    with torch.device("meta"):
        module = kinds[weight.ndim](weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]), groups=groups,
                                    bias=bias is not None, **given)
    return _with_weights(builder, name, module, x, weight, bias)


def _with_weights(builder: Builder, name: str, module: Any, x: fx.Node, weight: Tensor, bias: Tensor | None) -> fx.Node:
    """The layer with its weights. The same weights under the same name are the same layer, used again."""
    before = dict(builder.root.named_modules()).get(name)
    if type(before) is type(module) and before.weight.data_ptr() == weight.data_ptr():
        return builder.again(name, x)
    module.weight = nn.Parameter(weight)
    module.bias = None if bias is None else nn.Parameter(bias.reshape(-1))
    return builder.layer(name, module, x)


def batch_norm(builder: Builder, name: str, x: fx.Node, weight: Any, bias: Any, mean: Any, variance: Any,
               eps: float) -> fx.Node:
    """Batch norm with statistics; all tensors (C,), weight and bias may be None."""
    if mean is None or variance is None:
        builder.refuse("it keeps no running statistics: use track_running_stats=True")
    rank = len(builder.shape(x))
    kind = nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d
    module = kind(len(mean), eps=eps, affine=weight is not None)
    if weight is not None:
        module.weight, module.bias = nn.Parameter(weight), nn.Parameter(bias)
    module.running_mean, module.running_var = mean.clone(), variance.clone()
    return builder.layer(name, module, x)


def clamp(builder: Builder, x: fx.Node, low: Any, high: Any) -> fx.Node:
    """A clamp, as the function that it is; None or infinity: no limit."""
    low = float("-inf") if low is None else float(low)
    high = float("inf") if high is None else float(high)
    if (low, high) == (0, float("inf")):
        return builder.function(F.relu, x)
    if (low, high) == (0, 6):
        return builder.function(F.relu6, x)
    return builder.function(F.hardtanh, x, low, high)


def _each(value: Sequence[int], axes: int) -> tuple[int, ...]:
    """A setting for each axis: one number is for all."""
    values = tuple(int(one) for one in value)
    return values * axes if len(values) == 1 else values
