"""Torch functions and tensor methods that the host computes: each as steps of host operations.

A handler has the arguments of the torch function, behind an `Emitter`; values of the pipeline come as `Ref`. It returns
the name of the value it wrote, a tuple of names, or a `Ref` that it passes on. A function is a row in `FUNCTIONS` or
`METHODS`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from lutdla.nn.segments.emit import BATCH, Emitter, Ref, Refusal, axes_of

Handler = Callable[..., Any]
DTYPES = {torch.float32: "float32", torch.int64: "int64", torch.bool: "bool"}


def _same(emit: Emitter, x: Ref, *args: Any, **kwargs: Any) -> Ref:
    return x


def _unary(op: str) -> Handler:
    def handler(emit: Emitter, input: Ref, inplace: bool = False) -> str:
        return emit.step(op, input)

    return handler


def _binary(op: str) -> Handler:
    def handler(emit: Emitter, input: Any, other: Any, *, alpha: float = 1) -> str:
        if alpha != 1:
            raise Refusal(f"it has alpha={alpha}: multiply before it")
        return emit.step(op, input, other)

    return handler



def _reduction(op: str) -> Handler:
    def handler(emit: Emitter, input: Ref, dim: Any = None, keepdim: bool = False) -> str:
        axes = axes_of(dim, input.example.ndim)
        if any(axis % input.example.ndim == 0 for axis in axes):
            raise Refusal(f"it reduces dimensions {axes}, the batch among them: results must not depend on each other")
        return emit.step(op, input, axes=axes, keep=bool(keepdim))

    return handler


def gelu(emit: Emitter, input: Ref, *, approximate: str = "none") -> str:
    """F.gelu."""
    return emit.step("gelu", input, approximate=approximate)


def clamp(emit: Emitter, input: Ref, min: float | None = None, max: float | None = None) -> str:
    """torch.clamp."""
    if isinstance(min, Ref) or isinstance(max, Ref):
        raise Refusal("its limits are tensors: use numbers")
    return emit.step("clamp", input, low=min, high=max)


def pow(emit: Emitter, input: Ref, exponent: float) -> str:
    """torch.pow."""
    ops = {2: "square", 0.5: "sqrt"}
    if exponent not in ops:
        raise Refusal(f"it raises to {exponent}: use torch.square, torch.sqrt or products")
    return emit.step(ops[exponent], input)


def softmax(emit: Emitter, input: Ref, dim: int, _stacklevel: int = 3, dtype: Any = None) -> str:
    """torch.softmax, F.softmax."""
    if dtype not in (None, torch.float32) or dim is None:
        raise Refusal(f"it has dim={dim}, dtype={dtype}: name the axis, and compute in float32")
    return emit.step("softmax", input, axis=dim)


def layer_norm(emit: Emitter, input: Ref, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> str:
    """F.layer_norm."""
    return emit.step("layer_norm", input, shape=list(normalized_shape), eps=eps,
                     tensors={"weight": weight, "bias": bias})


def normalize(emit: Emitter, input: Ref, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> str:
    """F.normalize."""
    if p != 2:
        raise Refusal(f"it has p={p}: use p=2")
    return emit.step("normalize", input, axis=dim, eps=eps)


def attention(emit: Emitter, query: Ref, key: Ref, value: Ref, attn_mask: Any = None, dropout_p: float = 0.0,
              is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> str:
    """F.scaled_dot_product_attention."""
    if is_causal or enable_gqa:
        raise Refusal("it has is_causal or enable_gqa: give attn_mask, and as many keys as queries")
    more = () if attn_mask is None else (attn_mask,)
    return emit.step("attention", query, key, value, *more, scale=scale)


def linear(emit: Emitter, input: Ref, weight: Any, bias: Any = None) -> str:
    """F.linear."""
    return emit.step("linear", input, tensors={"weight": weight, "bias": bias})


def embedding(emit: Emitter, input: Ref, weight: Any, padding_idx: int | None = None, max_norm: Any = None,
              *more: Any) -> str:
    """F.embedding."""
    if max_norm is not None:
        raise Refusal(f"it has max_norm={max_norm}: normalise the table once, before")
    return emit.step("embedding", input, tensors={"weight": weight})


def cat(emit: Emitter, tensors: Any, dim: int = 0) -> str:
    """torch.cat."""
    if dim % tensors[0].example.ndim == 0:
        raise Refusal("it joins along the batch: results must not depend on each other")
    return emit.step("concatenate", *tensors, axis=dim)


def pad(emit: Emitter, input: Ref, pad: Any, mode: str = "constant", value: float | None = None) -> str:
    """F.pad."""
    return emit.step("pad", input, widths=[int(width) for width in pad], mode=mode, value=value or 0.0)


def where(emit: Emitter, condition: Ref, input: Any, other: Any) -> str:
    """torch.where."""
    return emit.step("where", condition, input, other)


def masked_fill(emit: Emitter, input: Ref, mask: Ref, value: float) -> str:
    """Tensor.masked_fill."""
    return emit.step("where", mask, value, input)


def reshape(emit: Emitter, input: Ref, *shape: Any) -> str:
    """Tensor.reshape, Tensor.view, torch.reshape."""
    sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    return emit.step("reshape", input, shape=_sizes(sizes))


def _sizes(sizes: Any) -> list[int]:
    """Sizes of a shape; the batch size is left open, as -1."""
    if BATCH in sizes and -1 in sizes:
        raise Refusal("its shape has the batch size and -1: write one of both as a number, or use flatten or unflatten")
    return [-1 if size is BATCH else int(size) for size in sizes]


def flatten(emit: Emitter, input: Ref, start_dim: int = 0, end_dim: int = -1) -> str:
    """torch.flatten."""
    return emit.step("flatten", input, start=start_dim, end=end_dim)


def unflatten(emit: Emitter, input: Ref, dim: int, sizes: Any) -> str:
    """torch.unflatten."""
    return emit.step("unflatten", input, axis=dim, sizes=_sizes(sizes))


def transpose(emit: Emitter, input: Ref, dim0: int, dim1: int) -> str:
    """torch.transpose."""
    return emit.step("transpose", input, first=dim0, second=dim1)


def permute(emit: Emitter, input: Ref, *dims: Any) -> str:
    """Tensor.permute."""
    order = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return emit.step("permute", input, axes=[int(axis) for axis in order])


def unsqueeze(emit: Emitter, input: Ref, dim: int) -> str:
    """torch.unsqueeze."""
    return emit.step("unsqueeze", input, axis=dim)


def squeeze(emit: Emitter, input: Ref, dim: int | None = None) -> str:
    """torch.squeeze of one axis."""
    if dim is None:
        raise Refusal("it drops all axes of length 1, also a batch of 1: name the axis")
    return emit.step("squeeze", input, axis=dim)


def unbind(emit: Emitter, input: Ref, dim: int = 0) -> tuple[str, ...]:
    """torch.unbind: a step for each place."""
    return tuple(emit.step("select", input, axis=dim, index=i) for i in range(input.example.shape[dim]))


def chunk(emit: Emitter, input: Ref, chunks: int, dim: int = 0) -> tuple[str, ...]:
    """torch.chunk."""
    return split(emit, input, -(-input.example.shape[dim] // chunks), dim)


def split(emit: Emitter, input: Ref, split_size: Any, dim: int = 0) -> tuple[str, ...]:
    """torch.split: a step for each piece."""
    length, at, names = input.example.shape[dim], 0, []
    sizes = [split_size] * -(-length // split_size) if isinstance(split_size, int) else list(split_size)
    for size in sizes:
        index: list[Any] = [[None, None, None]] * (dim % input.example.ndim) + [[at, min(at + size, length), None]]
        names.append(emit.step("getitem", input, index=index))
        at += size
    return tuple(names)


def unfold(emit: Emitter, input: Ref, dimension: int, size: int, step: int) -> str:
    """Tensor.unfold."""
    return emit.step("unfold", input, axis=dimension, size=size, step=step)


def getitem(emit: Emitter, input: Any, index: Any) -> Any:
    """x[index] of a tensor, or of what gives several."""
    if isinstance(input, tuple):
        return input[index]
    entries = index if isinstance(index, tuple) else (index,)
    return emit.step("getitem", input, index=[_entry(entry) for entry in entries])


def _entry(entry: Any) -> Any:
    if entry is ...:
        return "..."
    if isinstance(entry, slice):
        return [entry.start, entry.stop, entry.step]
    if entry is None or (isinstance(entry, int) and not isinstance(entry, bool)):
        return entry
    raise Refusal(f"it is indexed with {entry!r}: use numbers and slices")


def cast(emit: Emitter, input: Ref, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Tensor.to."""
    dtype = kwargs.get("dtype", dtype)
    if dtype not in DTYPES:
        raise Refusal(f"it casts to {dtype}: use torch.float32, torch.int64 or torch.bool")
    return emit.step("cast", input, dtype=DTYPES[dtype])


def _cast_to(dtype: torch.dtype) -> Handler:
    return lambda emit, input: cast(emit, input, dtype)


_SHARED: dict[str, Handler] = {
    "add": _binary("add"), "sub": _binary("sub"), "mul": _binary("mul"), "div": _binary("div"),
    "ne": _binary("not_equal"), "eq": _binary("equal"), "matmul": _binary("matmul"),
    "neg": _unary("neg"), "sqrt": _unary("sqrt"), "square": _unary("square"), "exp": _unary("exp"),
    "abs": _unary("abs"), "tanh": _unary("tanh"), "relu": _unary("relu"), "sigmoid": _unary("sigmoid"),
    "sum": _reduction("sum"), "mean": _reduction("mean"), "amax": _reduction("amax"), "amin": _reduction("amin"),
    "clamp": clamp, "pow": pow, "softmax": softmax, "where": where, "masked_fill": masked_fill, "reshape": reshape,
    "flatten": flatten, "unflatten": unflatten, "transpose": transpose, "permute": permute, "unsqueeze": unsqueeze,
    "squeeze": squeeze, "unbind": unbind, "chunk": chunk, "split": split,
}  # fmt: skip
"""Torch functions that are tensor methods too, by name."""

METHODS: dict[str, Handler] = _SHARED | {
    "view": reshape, "contiguous": _same, "clone": _same, "detach": _same, "unfold": unfold, "to": cast,
    "float": _cast_to(torch.float32), "long": _cast_to(torch.int64), "bool": _cast_to(torch.bool), "type": cast,
    "add_": _binary("add"), "mul_": _binary("mul"), "relu_": _unary("relu"), "clip": clamp,
}  # fmt: skip
"""Tensor method -> handler."""

FUNCTIONS: dict[Any, Handler] = {getattr(torch, name): handler for name, handler in _SHARED.items()
                                 if hasattr(torch, name)} | {
    operator.add: _binary("add"), operator.sub: _binary("sub"), operator.mul: _binary("mul"),
    operator.truediv: _binary("div"), operator.matmul: _binary("matmul"), operator.neg: _unary("neg"),
    operator.ne: _binary("not_equal"), operator.eq: _binary("equal"), operator.pow: pow, operator.getitem: getitem,
    operator.iadd: _binary("add"), operator.imul: _binary("mul"),
    torch.cat: cat, torch.concat: cat, F.relu: _unary("relu"), F.silu: _unary("silu"), F.gelu: gelu,
    F.sigmoid: _unary("sigmoid"), F.tanh: _unary("tanh"), F.softmax: softmax, F.layer_norm: layer_norm,
    F.normalize: normalize, F.scaled_dot_product_attention: attention, F.linear: linear, F.embedding: embedding,
    F.pad: pad, F.dropout: _same, torch.clip: clamp, torch.bmm: _binary("matmul"),
}  # fmt: skip
"""Function -> handler."""
