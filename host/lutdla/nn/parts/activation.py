"""Elementwise activations: they fold into the tables of the layers that read a map."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from lutdla.errors import CompileError, InputError
from lutdla.nn.activations import ACTIVATIONS, KINDS, canonical
from lutdla.nn.graph import Network, Value
from lutdla.nn.parts.common import arguments, open_step


def take_activation(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """GELU, SiLU, Tanh and the like: recorded by name with the step whose map it is."""
    step, value = open_step(network, node, where, "an activation")
    if step.activation is not None:
        raise CompileError(f"{where}: layer {step.name} already has an activation ({step.activation}): use one of them")
    step.activation = _name(node, module, where)
    return value


def _name(node: fx.Node, module: nn.Module | None, where: str) -> str:
    key: Any = node.target if module is None else type(module)
    family = KINDS[key]
    if isinstance(module, nn.PReLU):
        if module.num_parameters != 1:
            raise CompileError(f"{where}: it has a slope for each of {module.num_parameters} channels, tables are of "
                               "one function: use nn.PReLU() or nn.LeakyReLU")
        return canonical(family, float(module.weight.detach()))
    if family == "gelu":
        given = arguments(node, module, {"approximate": "none"})
        return "gelu" if given["approximate"] == "none" else "gelu_tanh"
    if family == "softplus":
        given = arguments(node, module, {"beta": 1, "threshold": 20})
        if given != {"beta": 1, "threshold": 20}:
            raise CompileError(f"{where}: it has beta={given['beta']} and threshold={given['threshold']}: use beta=1 "
                               "and threshold=20, scale the weights before and after it")
    parameter = ACTIVATIONS[family].parameter
    if parameter is None:
        return canonical(family)
    given = arguments(node, module, {parameter: ACTIVATIONS[family].default})
    try:
        return canonical(family, given[parameter])
    except InputError as error:
        raise CompileError(f"{where}: {error}") from error
