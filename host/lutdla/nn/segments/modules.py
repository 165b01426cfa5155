"""Torch modules that the host computes: each as steps of host operations.

A handler gets an `Emitter`, the module and its inputs; it returns what handlers of `lutdla.nn.segments.functions` do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from lutdla.nn.layers import Normalize
from lutdla.nn.segments import functions as f
from lutdla.nn.segments.emit import Emitter, Ref, Refusal
from lutdla.nn.segments.part import padding_of

Handler = Callable[..., Any]


def _same(emit: Emitter, module: nn.Module, x: Ref) -> Ref:
    return x


def _unary(op: str) -> Handler:
    return lambda emit, module, x: emit.step(op, x)


def linear(emit: Emitter, module: nn.Linear, x: Ref) -> str:
    """nn.Linear that stays dense."""
    return f.linear(emit, x, module.weight, module.bias)


def conv1d(emit: Emitter, module: nn.Conv1d, x: Ref) -> str:
    """nn.Conv1d that stays dense."""
    if module.groups != 1 or module.dilation[0] != 1:
        raise Refusal(f"it has groups={module.groups}, dilation={module.dilation}: use 1, or convert it")
    return emit.step("conv1d", x, tensors={"weight": module.weight, "bias": module.bias}, stride=module.stride[0],
                     padding=padding_of(module))


def embedding(emit: Emitter, module: nn.Embedding, x: Ref) -> str:
    """nn.Embedding."""
    return f.embedding(emit, x, module.weight, None, module.max_norm)


def layer_norm(emit: Emitter, module: nn.LayerNorm, x: Ref) -> str:
    """nn.LayerNorm."""
    return f.layer_norm(emit, x, module.normalized_shape, module.weight, module.bias, module.eps)


def gelu(emit: Emitter, module: nn.GELU, x: Ref) -> str:
    """nn.GELU."""
    return f.gelu(emit, x, approximate=module.approximate)


def softmax(emit: Emitter, module: nn.Softmax, x: Ref) -> str:
    """nn.Softmax."""
    return f.softmax(emit, x, module.dim)  # type: ignore[arg-type]


def flatten(emit: Emitter, module: nn.Flatten, x: Ref) -> str:
    """nn.Flatten."""
    return f.flatten(emit, x, module.start_dim, module.end_dim)


def unflatten(emit: Emitter, module: nn.Unflatten, x: Ref) -> str:
    """nn.Unflatten."""
    return f.unflatten(emit, x, module.dim, module.unflattened_size)  # type: ignore[arg-type]


def normalize(emit: Emitter, module: Normalize, x: Ref) -> str:
    """lutdla.nn.Normalize of an input."""
    return emit.step("div", Ref(emit.step("sub", x, module.mean, name=f"{emit.name}.centred"), x.example), module.std)


def lstm(emit: Emitter, module: nn.LSTM, x: Ref, state: Any = None) -> tuple[Any, ...]:
    """nn.LSTM of one layer; its outputs, but not its last state."""
    wanted = {"num_layers": 1, "bidirectional": False, "batch_first": True, "bias": True, "proj_size": 0}
    for name, value in wanted.items():
        if getattr(module, name) != value:
            raise Refusal(f"it has {name}={getattr(module, name)}: use {name}={value}")
    if state is not None:
        raise Refusal("it is given a state: begin at 0, with whole sequences")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return emit.step("lstm", x, tensors={name: getattr(module, f"{name}_l0") for name in names}), None


MODULES: dict[type[nn.Module], Handler] = {
    nn.Linear: linear, nn.Conv1d: conv1d, nn.Embedding: embedding, nn.LayerNorm: layer_norm, nn.GELU: gelu,
    nn.Softmax: softmax, nn.Flatten: flatten, nn.Unflatten: unflatten, nn.LSTM: lstm, Normalize: normalize,
    nn.ReLU: _unary("relu"), nn.Sigmoid: _unary("sigmoid"), nn.Tanh: _unary("tanh"), nn.SiLU: _unary("silu"),
    nn.Dropout: _same, nn.Identity: _same,
}  # fmt: skip
"""Module -> handler."""
