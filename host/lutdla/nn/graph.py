"""Pass: dense torch model -> chain of layers that the core can run, or an error before any training.

After: `Chain` holds the traced model and, in order, each `nn.Linear` with what conversion folds into it. Support for a
layer is a row in one of the tables below.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from lutdla.errors import CompileError
from lutdla.nn.layers import Normalize

MODULES: dict[type[nn.Module], str] = {
    nn.Linear: "linear", nn.ReLU: "relu", nn.BatchNorm1d: "batch_norm", nn.Flatten: "flatten", nn.Dropout: "nothing",
    nn.Identity: "nothing", Normalize: "normalize",
}  # fmt: skip
"""Module -> its part in the chain."""

FUNCTIONS: dict[Any, str] = {
    F.relu: "relu", torch.relu: "relu", "relu": "relu", torch.flatten: "flatten", "flatten": "flatten",
    F.dropout: "nothing", "contiguous": "nothing",
}  # fmt: skip
"""Function, or name of a tensor method -> its part in the chain."""

INSTEAD: dict[Any, str] = {
    nn.Conv1d: "this version runs fully connected layers: use nn.Flatten and nn.Linear",
    nn.Conv2d: "this version runs fully connected layers: use nn.Flatten and nn.Linear",
    nn.Softmax: "leave it out: the largest logit is the same class, apply softmax on the host",
    nn.LogSoftmax: "leave it out: the largest logit is the same class, train with nn.CrossEntropyLoss",
    nn.GELU: "use nn.ReLU", nn.SiLU: "use nn.ReLU", nn.Tanh: "use nn.ReLU", nn.Sigmoid: "use nn.ReLU",
    nn.ReLU6: "use nn.ReLU", nn.LeakyReLU: "use nn.ReLU", nn.Hardswish: "use nn.ReLU", nn.ELU: "use nn.ReLU",
    nn.LayerNorm: "use nn.BatchNorm1d", F.softmax: "leave it out: the largest logit is the same class",
    F.log_softmax: "leave it out: the largest logit is the same class", F.gelu: "use nn.ReLU",
    operator.add: "residual connections are not supported: use a plain chain of layers",
    operator.truediv: "scale the input with lutdla.nn.Normalize(mean, std)",
    operator.mul: "scale the input with lutdla.nn.Normalize(mean, std)",
    operator.sub: "scale the input with lutdla.nn.Normalize(mean, std)",
    "view": "use nn.Flatten", "reshape": "use nn.Flatten",
}  # fmt: skip
"""What to use in place of something the core does not do."""


@dataclass
class LinearStep:
    """An `nn.Linear` and what follows it."""

    name: str
    module: nn.Linear
    batch_norm: nn.BatchNorm1d | None = None
    relu: bool = False


@dataclass
class Chain:
    """A model that the core can run.

    Attributes:
        model: the traced model, a copy of structure whose parameters are the model's.
        steps: the linear layers, in order.
        normalize: what is done to the input first.
        folded: nodes that conversion removes.
    """

    model: fx.GraphModule
    steps: list[LinearStep] = field(default_factory=list)
    normalize: Normalize | None = None
    folded: list[fx.Node] = field(default_factory=list)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


def read_chain(model: nn.Module) -> Chain:
    """Trace a dense model and check every node of it.

    Raises:
        CompileError: names the layer, its place and what to use instead.
    """
    tracer = _Tracer()
    try:
        traced = fx.GraphModule(tracer.root if isinstance(model, fx.GraphModule) else model, tracer.trace(model))
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        raise CompileError(f"model {type(model).__name__} cannot be traced ({error}): its forward must be a plain "
                           "sequence of layer calls, without branches on values") from error
    chain, place = Chain(traced), "the input"
    previous: fx.Node | None = None
    for node in traced.graph.nodes:
        if node.op == "placeholder":
            if previous is not None:
                raise CompileError(f"model {type(model).__name__} takes more than one input ({node.target}): "
                                   "the core takes one, concatenate them before")
        elif node.op == "output":
            if node.args[0] is not previous:
                raise CompileError("the model's output is not its last layer alone: return one tensor")
        else:
            _check_edge(node, previous, place)
            _take(chain, node, place)
            place = _label(node, traced)
        previous = node
    _check_end(chain)
    return chain


def _label(node: fx.Node, traced: fx.GraphModule) -> str:
    if node.op == "call_module":
        return f"layer {node.target} ({type(traced.get_submodule(str(node.target))).__name__})"
    return f"operation {node.name} ({getattr(node.target, '__name__', node.target)})"


def _check_edge(node: fx.Node, previous: fx.Node | None, place: str) -> None:
    model = node.graph.owning_module
    label = _label(node, model) if model is not None else node.name
    if node.op == "get_attr":
        raise CompileError(f"{label}, after {place}: the model uses a tensor directly: put it into a layer")
    if list(node.all_input_nodes) != [previous]:
        key: Any = node.target
        instead = INSTEAD.get(key, "the core runs a plain chain of layers, without branches")
        raise CompileError(f"{label}, after {place}: it does not take just the result of the step before: {instead}")


def _take(chain: Chain, node: fx.Node, place: str) -> None:
    """Give one node its part in the chain."""
    label, module = _label(node, chain.model), None
    if node.op == "call_module":
        module = chain.model.get_submodule(str(node.target))
        part, key = MODULES.get(type(module)), type(module)
    else:
        part, key = FUNCTIONS.get(node.target), node.target  # type: ignore[assignment]
    if part is None:
        instead = INSTEAD.get(key) or f"use one of {', '.join(kind.__name__ for kind in MODULES)}"
        raise CompileError(f"{label}, after {place}: the core does not run it: {instead}")
    PARTS[part](chain, node, module, f"{label}, after {place}")


def _take_nothing(chain: Chain, node: fx.Node, module: nn.Module, where: str) -> None:
    chain.folded.append(node)


def _take_normalize(chain: Chain, node: fx.Node, module: Normalize, where: str) -> None:
    if chain.steps or chain.normalize:
        raise CompileError(f"{where}: it can stand once, before the first layer: move it there, or use nn.BatchNorm1d")
    chain.normalize = module
    chain.folded.append(node)


def _take_flatten(chain: Chain, node: fx.Node, module: nn.Flatten | None, where: str) -> None:
    if chain.steps:
        raise CompileError(f"{where}: values are flat already: leave it out")
    if module is not None:
        start, end = module.start_dim, module.end_dim
    else:
        given: dict[str, Any] = dict(zip(("start_dim", "end_dim"), node.args[1:])) | dict(node.kwargs)
        start, end = given.get("start_dim", 0), given.get("end_dim", -1)
    if (start, end) != (1, -1):
        raise CompileError(f"{where}: it flattens dimensions {start}..{end}: keep the batch, use nn.Flatten()")


def _take_linear(chain: Chain, node: fx.Node, module: nn.Linear, where: str) -> None:
    if any(step.module is module for step in chain.steps):
        raise CompileError(f"{where}: it is used twice: give each place a layer of its own")
    if chain.steps and chain.steps[-1].module.out_features != module.in_features:
        raise CompileError(f"{where}: it takes {module.in_features} values, layer {chain.steps[-1].name} gives "
                           f"{chain.steps[-1].module.out_features}: they must agree")
    chain.steps.append(LinearStep(str(node.target), module))


def _take_batch_norm(chain: Chain, node: fx.Node, module: nn.BatchNorm1d, where: str) -> None:
    if not chain.steps or chain.steps[-1].relu or chain.steps[-1].batch_norm:
        raise CompileError(f"{where}: it folds into the nn.Linear right before it, here is none: move it")
    if module.running_mean is None:
        raise CompileError(f"{where}: it keeps no running statistics: use track_running_stats=True")
    chain.steps[-1].batch_norm = module
    chain.folded.append(node)


def _take_relu(chain: Chain, node: fx.Node, module: nn.ReLU | None, where: str) -> None:
    if not chain.steps:
        raise CompileError(f"{where}: a ReLU folds into the layer before it, here is none: leave it out")
    chain.steps[-1].relu = True
    chain.folded.append(node)


PARTS: dict[str, Callable[[Chain, fx.Node, Any, str], None]] = {
    "linear": _take_linear, "relu": _take_relu, "batch_norm": _take_batch_norm, "flatten": _take_flatten,
    "nothing": _take_nothing, "normalize": _take_normalize,
}  # fmt: skip
"""Part in the chain -> what takes it in: (chain, node, its module or None, where it is)."""


def _check_end(chain: Chain) -> None:
    if not chain.steps:
        raise CompileError("the model has no nn.Linear: there is nothing to convert")
    last = chain.steps[-1]
    if last.relu:
        raise CompileError(f"layer {last.name}: a ReLU follows the last layer, whose raw sums the core sends: leave it "
                           "out, or apply it on the host")
