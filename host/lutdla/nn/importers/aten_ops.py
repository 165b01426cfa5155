"""Aten operations as nn layers and functions: one handler for each, by name without the overload."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lutdla.nn.importers.builder import Builder
from lutdla.nn.importers.layers import batch_norm, clamp, convolution, linear
from lutdla.nn.support import INSTEAD

SKIPPED = ("sym_size", "_assert_tensor_metadata", "_assert_scalar", "sym_constrain_range_for_size")
"""Operations that check or ask for sizes: the sizes of values are known."""

_MODULES = {"conv_transpose1d": nn.ConvTranspose1d, "conv_transpose2d": nn.ConvTranspose2d, "conv3d": nn.Conv3d,
            "layer_norm": nn.LayerNorm, "native_layer_norm": nn.LayerNorm, "group_norm": nn.GroupNorm,
            "instance_norm": nn.InstanceNorm2d, "lstm": nn.LSTM, "gru": nn.GRU, "_softmax": nn.Softmax,
            "scaled_dot_product_attention": nn.MultiheadAttention, "upsample_nearest2d": nn.Upsample,
            "adaptive_max_pool2d": nn.AdaptiveMaxPool2d}  # fmt: skip


class Node:
    """A node with values for its inputs.

    Attributes:
        builder: takes what comes of it.
        given: the arguments by name, defaults included: nodes of the builder, tensors, numbers.
        path: of the module it comes from.
        names: parameters of the model that are arguments: argument -> name.
    """

    def __init__(self, builder: Builder, node: fx.Node, values: dict[fx.Node, Any], names: dict[fx.Node, str],
                 path: str) -> None:
        target: Any = node.target
        schema = target._schema.arguments
        raw = {argument.name: argument.default_value for argument in schema}
        raw |= dict(zip((argument.name for argument in schema), node.args)) | node.kwargs
        self.builder, self.node, self.path = builder, node, path
        self.names = {key: names[value] for key, value in raw.items() if isinstance(value, fx.Node) and value in names}
        self.given = {key: fx.node.map_arg(value, lambda one: values[one]) for key, value in raw.items()}

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def constant(self, *names: str) -> list[Tensor | None]:
        """Arguments that must not depend on the input."""
        for name in names:
            if isinstance(self.given[name], fx.Node):
                self.builder.refuse(f"its {name} depends on the input: the core runs no products of activations")
        return [self.given[name] for name in names]

    def layer_name(self, weight: str) -> str:
        """The name of a layer: of the module that owns its weight."""
        return self.names.get(weight, "").removesuffix(".weight") or self.path or self.node.name

    @property
    def before(self) -> fx.Node:
        """The node of the other graph that gives the first argument."""
        return self.node.all_input_nodes[0]


def _linear(n: Node) -> fx.Node:
    weight, bias = n.constant("weight", "bias")
    return linear(n.builder, n.layer_name("weight"), n["input"], weight, bias)


def _addmm(n: Node) -> fx.Node:
    bias, weight = n.constant("self", "mat2")
    if n["alpha"] != 1 or n["beta"] != 1 or weight is None:
        n.builder.refuse("it scales its summands: put the factors into the weights")
    return linear(n.builder, n.path or n.node.name, n["mat1"], weight.t(), bias)


def _matmul(n: Node) -> fx.Node:
    second = "other" if "other" in n.given else "mat2"
    (weight,) = n.constant(second)
    if weight is None or weight.ndim != 2 or not isinstance(n["self"], fx.Node):
        n.builder.refuse("it is no product of vectors with a matrix: use nn.Linear")
    return linear(n.builder, n.path or n.node.name, n["self"], weight.t(), None)


def _convolution(n: Node) -> fx.Node:
    weight, bias = n.constant("weight", "bias")
    if n.given.get("transposed"):
        n.builder.refuse(f"it is a transposed convolution: {INSTEAD[nn.ConvTranspose2d]}")
    return convolution(n.builder, n.layer_name("weight"), n["input"], weight, bias, stride=n["stride"],
                       padding=n["padding"], dilation=n["dilation"], groups=n["groups"])


def _batch_norm(n: Node) -> fx.Node:
    if n.given.get("training"):
        n.builder.refuse("it was exported in training mode: call model.eval() before torch.export.export")
    weight, bias, mean, variance = n.constant("weight", "bias", "running_mean", "running_var")
    return batch_norm(n.builder, n.layer_name("weight"), n["input"], weight, bias, mean, variance, n["eps"])


def _same(n: Node) -> fx.Node:
    return next(value for value in n.given.values() if isinstance(value, fx.Node))


def _cast(n: Node) -> fx.Node:
    return n.builder.cast(_same(n))


def _view(n: Node) -> fx.Node:
    """A change of shape: flattening, or none at all. A single pixel whose axes go one by one is flat at once."""
    was, now = n.before.meta["val"].shape, n.node.meta["val"].shape
    if list(was) == list(now) or (len(now) == 2 and len(n.builder.shape(_same(n))) == 2):
        return _same(n)
    if list(was[:2]) == list(now[:2]) and all(size == 1 for size in was[2:]):
        return n.builder.function(torch.flatten, _same(n), 1)
    if len(now) == 2 and str(was[0]) == str(now[0]):
        return n.builder.function(torch.flatten, _same(n), 1)
    return n.builder.refuse(f"it makes {tuple(now)} of {tuple(was)}: only (batch, everything else) can be had: use "
                            "nn.Flatten")


def _of(function: Callable[..., Tensor], *names: str) -> Callable[[Node], fx.Node]:
    """A function with the same arguments, in this order, after the value."""
    return lambda n: n.builder.function(function, _same(n), *(_plain(n[name]) for name in names))


def _plain(value: Any) -> Any:
    """Lists as tuples, one number for a list of equal ones left as they are."""
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _pool(function: Callable[..., Tensor], *names: str) -> Callable[[Node], fx.Node]:
    """Pooling: an empty stride is the kernel's."""
    def take(n: Node) -> fx.Node:
        settings = {name: _plain(n[name]) for name in names}
        settings["stride"] = settings["stride"] or settings["kernel_size"]
        return n.builder.function(function, _same(n), **settings)

    return take


def _mean(n: Node) -> fx.Node:
    if n["dim"] is None:
        n.builder.refuse("it averages the batch too: average all pixels, dim=(2, 3)")
    return n.builder.function(torch.mean, n["self"], tuple(n["dim"]), n["keepdim"])


def _clamp(n: Node) -> fx.Node:
    return clamp(n.builder, n["self"], n.given.get("min"), n.given.get("max"))


def _hardtanh(n: Node) -> fx.Node:
    return clamp(n.builder, n["self"], n["min_val"], n["max_val"])


def _gelu(n: Node) -> fx.Node:
    return n.builder.function(F.gelu, n["self"], approximate=n["approximate"])


def _elu(n: Node) -> fx.Node:
    if n["scale"] != 1 or n["input_scale"] != 1:
        n.builder.refuse("it is scaled (SELU in parts): export without decompositions")
    return n.builder.function(F.elu, n["self"], n["alpha"])


def _prelu(n: Node) -> fx.Node:
    (slope,) = n.constant("weight")
    if slope is None or slope.numel() != 1:
        n.builder.refuse("it has a slope for each channel, tables are of one function: use nn.LeakyReLU")
    return n.builder.function(F.leaky_relu, n["self"], float(slope))


def _arithmetic(kind: str) -> Callable[[Node], fx.Node]:
    def take(n: Node) -> fx.Node:
        first, second = n["self"], n["other"]
        if n.given.get("alpha", 1) != 1:
            n.builder.refuse("it adds a multiple: scale the weights before it instead")
        if isinstance(first, fx.Node) and isinstance(second, fx.Node):
            if kind == "add":
                return n.builder.function(operator.add, first, second)
            return n.builder.refuse("the core runs no products or differences of activations: add maps instead")
        if not isinstance(first, fx.Node):
            if kind in ("sub", "div"):
                n.builder.refuse("it takes a value from, or divides, a constant: rewrite it as layers")
            first, second = second, first
        return n.builder.affine(first, kind, second, alone=len(n.before.users) == 1)

    return take


_MAX = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

HANDLERS: dict[str, Callable[[Node], fx.Node]] = {
    "linear": _linear, "addmm": _addmm, "mm": _matmul, "matmul": _matmul, "conv1d": _convolution,
    "conv2d": _convolution, "convolution": _convolution, "batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm, "relu": _of(F.relu), "relu_": _of(F.relu),
    "relu6": _of(F.relu6), "relu6_": _of(F.relu6), "hardtanh": _hardtanh, "hardtanh_": _hardtanh, "clamp": _clamp,
    "clamp_": _clamp, "clamp_min": _clamp, "max_pool1d": _pool(F.max_pool1d, *_MAX),
    "max_pool2d": _pool(F.max_pool2d, *_MAX), "max_pool2d_with_indices": _pool(F.max_pool2d, *_MAX),
    "avg_pool1d": _pool(F.avg_pool1d, *_AVERAGE), "avg_pool2d": _pool(F.avg_pool2d, *_AVERAGE, "divisor_override"),
    "adaptive_avg_pool1d": _of(F.adaptive_avg_pool1d, "output_size"),
    "adaptive_avg_pool2d": _of(F.adaptive_avg_pool2d, "output_size"),
    "_adaptive_avg_pool2d": _of(F.adaptive_avg_pool2d, "output_size"), "mean": _mean, "flatten": _view, "view": _view,
    "reshape": _view, "_unsafe_view": _view, "squeeze": _view, "dropout": _same, "dropout_": _same,
    "feature_dropout": _same, "clone": _same, "contiguous": _same, "alias": _same, "detach": _same, "to": _cast,
    "_to_copy": _cast, "add": _arithmetic("add"), "add_": _arithmetic("add"), "sub": _arithmetic("sub"),
    "sub_": _arithmetic("sub"), "mul": _arithmetic("mul"), "mul_": _arithmetic("mul"), "div": _arithmetic("div"),
    "div_": _arithmetic("div"), "gelu": _gelu, "silu": _of(F.silu), "silu_": _of(F.silu), "mish": _of(F.mish),
    "mish_": _of(F.mish), "tanh": _of(torch.tanh), "tanh_": _of(torch.tanh), "sigmoid": _of(torch.sigmoid),
    "sigmoid_": _of(torch.sigmoid), "hardswish": _of(F.hardswish), "hardswish_": _of(F.hardswish),
    "hardsigmoid": _of(F.hardsigmoid), "hardsigmoid_": _of(F.hardsigmoid), "selu": _of(F.selu), "selu_": _of(F.selu),
    "softplus": _of(F.softplus, "beta", "threshold"), "leaky_relu": _of(F.leaky_relu, "negative_slope"),
    "leaky_relu_": _of(F.leaky_relu, "negative_slope"), "elu": _elu, "elu_": _elu, "celu": _of(F.celu, "alpha"),
    "celu_": _of(F.celu, "alpha"), "prelu": _prelu, "_prelu_kernel": _prelu,
}  # fmt: skip
"""Operation -> what takes it in."""


def instead_of_aten(name: str) -> str:
    """What to use in place of an operation that has no handler."""
    found = INSTEAD.get(_MODULES.get(name)) or INSTEAD.get(name)
    for home in (F, torch, operator):
        found = found or INSTEAD.get(getattr(home, name, None))
    return found or "use nn.Linear, nn.Conv1d, nn.Conv2d and what folds into them"
