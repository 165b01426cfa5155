"""What the host computes between parts of a network that run on the accelerator: small functions of numpy arrays.

A step of a pipeline (`lutdla.spec.pipeline`) calls one: its inputs are positional arguments, its tensors and attributes
are named ones. They compute what torch's functions of these names do, in float32, to the rounding of the last digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lutdla.runtime.host_ops import elementwise, products, reductions, shapes

OPS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.neg, elementwise.sqrt,
        elementwise.square, elementwise.exp, elementwise.abs, elementwise.tanh, elementwise.relu, elementwise.clamp,
        elementwise.sigmoid, elementwise.silu, elementwise.gelu, elementwise.cast, elementwise.equal,
        elementwise.not_equal, elementwise.where, elementwise.constant, elementwise.scalar,
        shapes.reshape, shapes.flatten, shapes.unflatten, shapes.permute, shapes.transpose, shapes.unsqueeze,
        shapes.squeeze, shapes.select, shapes.getitem, shapes.concatenate, shapes.pad, shapes.unfold,
        shapes.conv_windows,
        reductions.sum, reductions.mean, reductions.amax, reductions.amin, reductions.softmax, reductions.layer_norm,
        reductions.normalize,
        products.embedding, products.linear, products.conv1d, products.matmul, products.attention, products.lstm,
    )
}  # fmt: skip
"""Operation -> function."""

__all__ = ["OPS"]
