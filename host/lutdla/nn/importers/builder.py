"""`Builder`: a graph of nn layers and functions, made node by node from another graph."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, NoReturn

import torch
from torch import Tensor, fx, nn

from lutdla.errors import CompileError
from lutdla.nn.layers import Normalize

BATCH = 2
"""Of the zeros that go through the graph while it is made, so that shapes are known."""


class Builder:
    """Adds nodes one by one; `finish` gives the module.

    Values of the other graph are nodes of this one where they depend on the input, else tensors and numbers.

    Attributes:
        origin: how messages call the node of the other graph that is being taken in.
    """

    def __init__(self) -> None:
        self.graph, self.root = fx.Graph(), nn.Module()
        self.origin = ""
        self._examples: dict[fx.Node, Tensor] = {}

    def refuse(self, what: str) -> NoReturn:
        """Raise CompileError for the node that is being taken in."""
        raise CompileError(f"{self.origin}: {what}")

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """Shape of a value, with the batch."""
        return tuple(self._examples[node].shape)

    def input(self, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> fx.Node:
        """An input of the model: `shape` is without the batch."""
        node = self.graph.placeholder(identifier(name))
        self._examples[node] = torch.zeros(BATCH, *shape, dtype=dtype)
        return node

    def layer(self, name: str, module: nn.Module, x: fx.Node) -> fx.Node:
        """A module that a value goes through, under its dotted name; a name that is taken gets a number."""
        name = self._free(name)
        *parents, leaf = name.split(".")
        home = self.root
        for parent in parents:
            if not hasattr(home, parent):
                home.add_module(parent, nn.Module())
            home = home.get_submodule(parent)
        home.add_module(leaf, module.eval())
        node = self.graph.call_module(name, (x,))
        return self._done(node, lambda: module(self._examples[x]))

    def again(self, name: str, x: fx.Node) -> fx.Node:
        """A module that is already there, once more."""
        module = self.root.get_submodule(name)
        return self._done(self.graph.call_module(name, (x,)), lambda: module(self._examples[x]))

    def function(self, function: Callable[..., Tensor], *args: Any, **kwargs: Any) -> fx.Node:
        """A function of values and settings."""
        node = self.graph.call_function(function, args, kwargs)
        given = [self._examples[arg] if isinstance(arg, fx.Node) else arg for arg in args]
        return self._done(node, lambda: function(*given, **kwargs))

    def _done(self, node: fx.Node, compute: Callable[[], Tensor]) -> fx.Node:
        node.meta["origin"] = self.origin
        try:
            with torch.no_grad():
                self._examples[node] = compute()
        except (RuntimeError, ValueError) as error:
            self.refuse(f"it does not fit what comes before it ({error}): check the shapes")
        return node

    def affine(self, x: fx.Node, kind: str, value: Any, *, alone: bool) -> fx.Node:
        """A value x with a constant: "add", "sub", "mul" or "div". At the input it is a Normalize; what is added to a
        layer's sums, its bias.

        Args:
            alone: nothing else takes x.
        """
        number = self._number(value)
        begin, mean, std = self._normalized(x)
        if begin is not None and number is not None and (kind in ("add", "sub") or number):
            if kind in ("add", "sub"):
                mean += std * (number if kind == "sub" else -number)
            else:
                std = std * number if kind == "div" else std / number
            if not std > 0:
                self.refuse(f"it multiplies the input by {1 / std:g}: use a positive factor")
            return self.layer("normalize", Normalize(mean, std), begin)
        if kind in ("add", "sub") and alone and x.op == "call_module" and self._add_bias(x, value, kind):
            return x
        functions = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
        if number is None:
            self.refuse(f"it takes a constant of shape {tuple(value.shape)}: put it into a layer's weights or bias, or "
                        "a batch norm behind one")
        return self.function(functions[kind], x, number)

    def cast(self, x: fx.Node) -> fx.Node:
        """A value as floating point."""
        return x if self._examples[x].is_floating_point() else self.layer("normalize", Normalize(0.0, 1.0), x)

    def _number(self, value: Any) -> float | None:
        if isinstance(value, Tensor):
            return float(value) if value.numel() == 1 else None
        return float(value)

    def _normalized(self, x: fx.Node) -> tuple[fx.Node | None, float, float]:
        """The input that x is, or that it scales, and how; None: it is neither."""
        if x.op == "placeholder":
            return x, 0.0, 1.0
        module = self.root.get_submodule(str(x.target)) if x.op == "call_module" else None
        if isinstance(module, Normalize):
            return x.args[0], module.mean, module.std  # type: ignore[return-value]
        return None, 0.0, 1.0

    def _add_bias(self, x: fx.Node, value: Any, kind: str) -> bool:
        """Add a constant to the bias of the layer that x is; False: it is none, or not one number for each channel."""
        module = self.root.get_submodule(str(x.target))
        if not isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            return False
        constant = torch.as_tensor(value, dtype=torch.float32)
        axes = [1] * (len(self.shape(x)) - 2)
        channels = len(module.weight)
        if constant.numel() != 1 and tuple(constant.shape) not in ((channels, *axes), (1, channels, *axes)):
            return False
        added = constant.reshape(-1).expand(channels) * (-1 if kind == "sub" else 1)
        with torch.no_grad():
            module.bias = nn.Parameter(added.clone() if module.bias is None else module.bias + added)
        return True

    def _free(self, name: str) -> str:
        name = ".".join(re.sub(r"\W", "_", part) or "_" for part in (name or "layer").split("."))
        taken = {path for path, _ in self.root.named_modules()}
        free, number = name, 1
        while free in taken:
            number += 1
            free = f"{name}_{number}"
        return free

    def finish(self, result: Any) -> fx.GraphModule:
        """The module whose forward gives `result`."""
        self.graph.output(result)
        made = fx.GraphModule(self.root, self.graph, "Imported")
        made.graph.eliminate_dead_code()
        made.recompile()
        made.delete_all_unused_submodules()
        made.meta["imported"] = True
        made.train(False)
        return made


def identifier(name: str) -> str:
    """A name as Python takes it."""
    made = re.sub(r"\W", "_", name)
    return made if made.isidentifier() else f"x_{made}"
