"""Elementwise activations that fold into tables: an entry becomes activation(centroid) x weight, at no cost.

An activation of a layer's map has a canonical name, `"gelu"`, or with its parameter `"leaky_relu:0.01"`: what
`Step.activation` holds and artefacts can record. ReLU and other clamps are none of these: the core clamps anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError


@dataclass(frozen=True)
class Activation:
    """A family of elementwise functions.

    Attributes:
        function: of real values, and of the parameter where there is one.
        parameter: what torch calls it, as a module's attribute and a function's argument; None: there is none.
        default: of the parameter.
        is_monotone: never falls (for which parameters): max-pooling may then come after as well as before.
    """

    function: Callable[..., Tensor]
    parameter: str | None = None
    default: float = 0.0
    is_monotone: Callable[[float], bool] = lambda parameter: True


def _never(parameter: float) -> bool:
    return False


def _not_negative(parameter: float) -> bool:
    return parameter >= 0


ACTIVATIONS: dict[str, Activation] = {
    "gelu": Activation(F.gelu, is_monotone=_never),
    "gelu_tanh": Activation(lambda x: F.gelu(x, approximate="tanh"), is_monotone=_never),
    "silu": Activation(F.silu, is_monotone=_never),
    "mish": Activation(F.mish, is_monotone=_never),
    "hardswish": Activation(F.hardswish, is_monotone=_never),
    "tanh": Activation(torch.tanh),
    "sigmoid": Activation(torch.sigmoid),
    "hardsigmoid": Activation(F.hardsigmoid),
    "softplus": Activation(F.softplus),
    "softsign": Activation(F.softsign),
    "selu": Activation(F.selu),
    "leaky_relu": Activation(F.leaky_relu, "negative_slope", 0.01, _not_negative),
    "elu": Activation(F.elu, "alpha", 1.0, _not_negative),
    "celu": Activation(F.celu, "alpha", 1.0),
}
"""Name -> family."""

KINDS: dict[Any, str] = {
    nn.GELU: "gelu", F.gelu: "gelu", nn.SiLU: "silu", F.silu: "silu", nn.Mish: "mish", F.mish: "mish",
    nn.Hardswish: "hardswish", F.hardswish: "hardswish", nn.Tanh: "tanh", torch.tanh: "tanh", "tanh": "tanh",
    nn.Sigmoid: "sigmoid", torch.sigmoid: "sigmoid", "sigmoid": "sigmoid", nn.Hardsigmoid: "hardsigmoid",
    F.hardsigmoid: "hardsigmoid", nn.Softplus: "softplus", F.softplus: "softplus", nn.Softsign: "softsign",
    F.softsign: "softsign", nn.SELU: "selu", F.selu: "selu", torch.selu: "selu", nn.LeakyReLU: "leaky_relu",
    F.leaky_relu: "leaky_relu", nn.PReLU: "leaky_relu", nn.ELU: "elu", F.elu: "elu", nn.CELU: "celu",
    F.celu: "celu", torch.celu: "celu",
}  # fmt: skip
"""Module, function, or name of a tensor method -> family."""


def canonical(family: str, parameter: float | None = None) -> str:
    """The name of an activation: `canonical("leaky_relu", 0.1)` is `"leaky_relu:0.1"`.

    Raises:
        InputError: there is no such family, or the parameter is not for it.
    """
    if family not in ACTIVATIONS:
        raise InputError(f"no activation is called {family!r}: known are {', '.join(ACTIVATIONS)}")
    kind = ACTIVATIONS[family]
    if kind.parameter is None:
        if parameter is not None:
            raise InputError(f"activation {family} has no parameter, {parameter} was given: leave it out")
        return family
    value = kind.default if parameter is None else float(parameter)
    if not math.isfinite(value):
        raise InputError(f"activation {family} has {kind.parameter}={value}: it must be finite")
    if family == "celu" and value <= 0:
        raise InputError(f"activation celu has alpha={value}: it must be positive")
    return f"{family}:{value!r}"


def activation_named(name: str) -> Callable[[Tensor], Tensor]:
    """The elementwise function of a canonical name: real values of any shape -> the same shape.

    Raises:
        InputError: no activation has that name.
    """
    family, parameter = _parsed(name)
    kind = ACTIVATIONS[family]
    if kind.parameter is None:
        return kind.function
    return lambda x: kind.function(x, parameter)


def is_monotone(name: str) -> bool:
    """Whether an activation never falls.

    Raises:
        InputError: no activation has that name.
    """
    family, parameter = _parsed(name)
    return ACTIVATIONS[family].is_monotone(parameter)


def _parsed(name: str) -> tuple[str, float]:
    """Family and parameter (0 where there is none)."""
    family, colon, text = name.partition(":")
    try:
        parameter = float(text) if colon else None
    except ValueError as error:
        raise InputError(f"activation {name!r} has parameter {text!r}: it must be a number") from error
    canonical(family, parameter)  # checks both
    return family, ACTIVATIONS[family].default if parameter is None else parameter
