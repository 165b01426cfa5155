"""ONNX operations as nn layers and functions: one handler for each."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lutdla.nn.importers.builder import Builder
from lutdla.nn.importers.layers import batch_norm, clamp, convolution, linear
from lutdla.nn.support import INSTEAD

_ALIKE: dict[str, Any] = {
    "Softmax": nn.Softmax, "LogSoftmax": nn.LogSoftmax, "LayerNormalization": nn.LayerNorm, "LSTM": nn.LSTM,
    "GroupNormalization": nn.GroupNorm, "InstanceNormalization": nn.InstanceNorm2d, "GRU": nn.GRU,
    "ConvTranspose": nn.ConvTranspose2d, "Resize": nn.Upsample, "Upsample": nn.Upsample, "Concat": torch.cat,
    "LpPool": nn.LPPool2d,
}  # fmt: skip
"""Operation -> what torch calls it, to look up what to use instead."""


@dataclass(frozen=True)
class Node:
    """A node with values for its inputs.

    Attributes:
        builder: takes what comes of it.
        name: of the layer, if it is one.
        inputs: nodes of the builder, numpy arrays, None for those left out.
        settings: attributes by name.
        alone: its inputs are used by nothing else.
    """

    builder: Builder
    name: str
    inputs: list[Any]
    settings: dict[str, Any]
    alone: bool

    @property
    def x(self) -> fx.Node:
        """The first input, which must depend on the model's."""
        if not isinstance(self.inputs[0], fx.Node):
            self.builder.refuse("its first input is a constant: rewrite it as layers")
        return self.inputs[0]

    def constant(self, at: int, what: str) -> Any:
        """An input that is a constant: a tensor, or None where it is left out."""
        value = self.inputs[at] if at < len(self.inputs) else None
        if isinstance(value, fx.Node):
            self.builder.refuse(f"its {what} depends on the input: the core runs no products of activations")
        return None if value is None else torch.tensor(value)  # a copy that may be trained

    def ints(self, at: int, what: str) -> list[int] | None:
        """Integers that are an input or, in older models, an attribute."""
        value = self.constant(at, what)
        return self.settings.get(what) if value is None else [int(one) for one in value.reshape(-1)]


def _conv(n: Node) -> fx.Node:
    weight, bias = n.constant(1, "weight"), n.constant(2, "bias")
    axes, automatic = weight.ndim - 2, n.settings.get("auto_pad", b"NOTSET").decode()
    strides, dilations = (n.settings.get(what) or [1] * axes for what in ("strides", "dilations"))
    padding: Sequence[int] | str = "same"
    if automatic == "NOTSET":
        padding = _both_ends(n, axes, strides, weight.shape[2:])
    elif automatic == "VALID":
        padding = [0] * axes
    elif automatic != "SAME_UPPER" or any(step != 1 for step in strides):
        n.builder.refuse(f"it has auto_pad={automatic} and strides={strides}: export it with explicit pads")
    return convolution(n.builder, n.name, n.x, weight, bias, stride=strides, padding=padding, dilation=dilations,
                       groups=n.settings.get("group", 1))


def _both_ends(n: Node, axes: int, strides: Sequence[int], kernel: Sequence[int]) -> Sequence[int] | str:
    """Padding that is alike at both ends, or "same"."""
    pads = n.settings.get("pads") or [0] * (2 * axes)
    begin, end = pads[:axes], pads[axes:]
    if begin == end:
        return begin
    if all(step == 1 for step in strides) and all(a == (k - 1) // 2 and b == k // 2
                                                  for a, b, k in zip(begin, end, kernel)):
        return "same"
    return n.builder.refuse(f"it has pads={pads}, which differ at both ends: pad alike, or use padding='same'")


def _gemm(n: Node) -> fx.Node:
    weight, bias = n.constant(1, "weight"), n.constant(2, "bias")
    if n.settings.get("transA", 0):
        n.builder.refuse("it transposes its input: use nn.Linear")
    weight = weight * n.settings.get("alpha", 1.0)
    bias = None if bias is None else bias.reshape(-1) * n.settings.get("beta", 1.0)
    weight = weight if n.settings.get("transB", 0) else weight.t().contiguous()
    if bias is not None and len(bias) == 1:
        bias = bias.expand(len(weight)).clone()
    return linear(n.builder, n.name, n.x, weight, bias)


def _matmul(n: Node) -> fx.Node:
    weight = n.constant(1, "weight")
    if weight.ndim != 2:
        n.builder.refuse(f"its weights have shape {tuple(weight.shape)}: use nn.Linear")
    return linear(n.builder, n.name, n.x, weight.t().contiguous(), None)


def _batch_normalization(n: Node) -> fx.Node:
    if n.settings.get("training_mode", 0):
        n.builder.refuse("it was exported in training mode: call model.eval() before the export")
    given = [n.constant(at, what) for at, what in enumerate(("scale", "bias", "mean", "variance"), start=1)]
    return batch_norm(n.builder, n.name, n.x, *given, n.settings.get("epsilon", 1e-5))


def _pool(n: Node, one: Callable[..., Tensor], two: Callable[..., Tensor], **more: Any) -> fx.Node:
    kernel = n.settings["kernel_shape"]
    axes = len(kernel)
    if axes > 2 or n.settings.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        n.builder.refuse(f"it has kernel_shape={kernel} and auto_pad: use 1 or 2 dimensions and explicit pads")
    pads = n.settings.get("pads") or [0] * (2 * axes)
    if pads[:axes] != pads[axes:]:
        n.builder.refuse(f"it has pads={pads}, which differ at both ends: use whole windows inside the map")
    return n.builder.function(one if axes == 1 else two, n.x, kernel_size=tuple(kernel),
                              stride=tuple(n.settings.get("strides") or [1] * axes), padding=tuple(pads[:axes]),
                              ceil_mode=bool(n.settings.get("ceil_mode", 0)), **more)


def _max_pool(n: Node) -> fx.Node:
    dilations = tuple(n.settings.get("dilations") or [1] * len(n.settings["kernel_shape"]))
    return _pool(n, F.max_pool1d, F.max_pool2d, dilation=dilations)


def _average_pool(n: Node) -> fx.Node:
    return _pool(n, F.avg_pool1d, F.avg_pool2d, count_include_pad=bool(n.settings.get("count_include_pad", 0)))


def _global_average(n: Node) -> fx.Node:
    functions = {3: F.adaptive_avg_pool1d, 4: F.adaptive_avg_pool2d}
    rank = len(n.builder.shape(n.x))
    if rank not in functions:
        n.builder.refuse(f"it averages a value of {rank} dimensions: use maps or sequences")
    return n.builder.function(functions[rank], n.x, 1)


def _global_max(n: Node) -> fx.Node:
    size = n.builder.shape(n.x)[2:]
    return n.builder.function(F.max_pool1d if len(size) == 1 else F.max_pool2d, n.x, kernel_size=size)


def _reduce_mean(n: Node) -> fx.Node:
    axes = n.ints(1, "axes")
    if not axes:
        n.builder.refuse("it averages the batch too: average all pixels, axes=(2, 3)")
    return n.builder.function(torch.mean, n.x, tuple(axes), bool(n.settings.get("keepdims", 1)))


def _flatten(n: Node) -> fx.Node:
    if n.settings.get("axis", 1) != 1:
        n.builder.refuse(f"it has axis={n.settings['axis']}: keep the batch, use axis=1")
    return n.builder.function(torch.flatten, n.x, 1)


def _reshape(n: Node) -> fx.Node:
    shape = n.ints(1, "shape")
    was = n.builder.shape(n.x)
    if shape is not None and len(shape) == 2 and shape[1] in (-1, math.prod(was[1:])):
        return n.builder.function(torch.flatten, n.x, 1)
    if shape is not None and tuple(shape[1:]) == was[1:]:
        return n.x
    return n.builder.refuse(f"it makes {shape} of {('batch', *was[1:])}: only (batch, everything else) can be had: use "
                            "nn.Flatten")


def _squeeze(n: Node) -> fx.Node:
    """Of a single pixel: its axes may go one by one, it is flat at once."""
    axes, was = n.ints(1, "axes"), n.builder.shape(n.x)
    if any(size != 1 for size in was[2:]) or any(axis in (0, 1) for axis in axes or ()):
        n.builder.refuse("it leaves out axes other than those of a single pixel: use nn.Flatten")
    return n.x if len(was) == 2 else n.builder.function(torch.flatten, n.x, 1)


def _clip(n: Node) -> fx.Node:
    low, high = n.constant(1, "min"), n.constant(2, "max")
    return clamp(n.builder, n.x, n.settings.get("min") if low is None else low,
                 n.settings.get("max") if high is None else high)


def _same(n: Node) -> fx.Node:
    return n.x


def _arithmetic(kind: str) -> Callable[[Node], fx.Node]:
    def take(n: Node) -> fx.Node:
        first, second = n.inputs
        if isinstance(first, fx.Node) and isinstance(second, fx.Node):
            if kind == "add":
                return n.builder.function(operator.add, first, second)
            if kind == "mul":
                return _silu(n, first, second)
            return n.builder.refuse("the core runs no quotients or differences of activations: add maps instead")
        if not isinstance(first, fx.Node):
            if kind in ("sub", "div"):
                n.builder.refuse("it takes a value from, or divides, a constant: rewrite it as layers")
            first, second = second, first
        return n.builder.affine(first, kind, torch.tensor(second), alone=n.alone)

    return take


def _silu(n: Node, first: fx.Node, second: fx.Node) -> fx.Node:
    """x * sigmoid(x), which is how SiLU is exported, or x * hardsigmoid(x)."""
    for x, gate in ((first, second), (second, first)):
        if gate.op == "call_function" and gate.args[0] is x and gate.target in (torch.sigmoid, F.hardsigmoid):
            return n.builder.function(F.silu if gate.target is torch.sigmoid else F.hardswish, x)
    return n.builder.refuse("the core runs no products of activations: add maps instead")


def _of(function: Callable[..., Tensor], setting: str | None = None, default: float = 0.0) -> Callable[[Node], fx.Node]:
    """An elementwise function, with an attribute as its parameter."""
    return lambda n: n.builder.function(function, n.x, *([] if setting is None else
                                                         [float(f"{n.settings.get(setting, default):.7g}")]))


def _gelu(n: Node) -> fx.Node:
    return n.builder.function(F.gelu, n.x, approximate=n.settings.get("approximate", b"none").decode())


def _hard_sigmoid(n: Node) -> fx.Node:
    alpha, beta = n.settings.get("alpha", 0.2), n.settings.get("beta", 0.5)
    if abs(alpha - 1 / 6) > 1e-6 or abs(beta - 0.5) > 1e-6:
        n.builder.refuse(f"it has alpha={alpha:.4g} and beta={beta:.4g}: use 1/6 and 0.5, as nn.Hardsigmoid has")
    return n.builder.function(F.hardsigmoid, n.x)


def _prelu(n: Node) -> fx.Node:
    slope = n.constant(1, "slope")
    if slope.numel() != 1:
        n.builder.refuse("it has a slope for each channel, tables are of one function: use nn.LeakyReLU")
    return n.builder.function(F.leaky_relu, n.x, float(slope))


HANDLERS: dict[str, Callable[[Node], fx.Node]] = {
    "Conv": _conv, "Gemm": _gemm, "MatMul": _matmul, "BatchNormalization": _batch_normalization, "MaxPool": _max_pool,
    "AveragePool": _average_pool, "GlobalAveragePool": _global_average, "GlobalMaxPool": _global_max,
    "ReduceMean": _reduce_mean, "Flatten": _flatten, "Reshape": _reshape, "Squeeze": _squeeze, "Clip": _clip,
    "Relu": _of(F.relu), "Dropout": _same, "Identity": _same, "Cast": lambda n: n.builder.cast(n.x),
    "Add": _arithmetic("add"), "Sub": _arithmetic("sub"), "Mul": _arithmetic("mul"), "Div": _arithmetic("div"),
    "Gelu": _gelu, "Tanh": _of(torch.tanh), "Sigmoid": _of(torch.sigmoid), "Softplus": _of(F.softplus),
    "Softsign": _of(F.softsign), "Mish": _of(F.mish), "HardSwish": _of(F.hardswish), "HardSigmoid": _hard_sigmoid,
    "Swish": _of(F.silu), "Selu": _of(F.selu), "LeakyRelu": _of(F.leaky_relu, "alpha", 0.01),
    "Elu": _of(F.elu, "alpha", 1.0), "Celu": _of(F.celu, "alpha", 1.0), "PRelu": _prelu,
}  # fmt: skip
"""Operation -> what takes it in."""


def instead_of_onnx(name: str) -> str:
    """What to use in place of an operation that has no handler."""
    return INSTEAD.get(_ALIKE.get(name)) or "use Conv, Gemm or MatMul and what folds into them"
