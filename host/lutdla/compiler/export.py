"""Passes: converted and frozen torch model -> integer network -> artefact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from lutdla.compiler.assemble import assemble
from lutdla.compiler.network import IntegerNetwork, LinearLayer
from lutdla.compiler.trace import trace
from lutdla.errors import CompileError
from lutdla.nn.lut_linear import LUTLinear
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig


def compile(model: nn.Module, config: CoreConfig, provenance: Mapping[str, Any] | None = None) -> Artefact:
    """One artefact of a frozen lookup network.

    Args:
        model: what `lutdla.nn.convert` returned, trained and frozen.
        config: the core it is for.
        provenance: JSON values to keep with it: data set, seed, accuracies.

    Raises:
        CompileError: not converted, not frozen, made for another core, or too large: names the layer and the fix.
    """
    for name, layer in trace(model).layers:
        _check_core(name, layer, config)
    return assemble(integer_network(model), config, dict(provenance or {}))


def integer_network(model: nn.Module) -> IntegerNetwork:
    """The integers of a frozen lookup network, for any core with its v, c and metric.

    Raises:
        CompileError: not converted or not frozen.
    """
    chain = trace(model)
    for name, layer in chain.layers:
        if not layer.frozen:
            raise CompileError(f"layer {name}: is not frozen, its integers still move: call lutdla.nn.freeze(model) "
                               "after training")
    _, last = chain.layers[-1]
    return IntegerNetwork(
        layers=tuple(_export(name, layer) for name, layer in chain.layers),
        input_shape=chain.quantizer.shape,
        input_scale=chain.quantizer.affine.scale,
        input_zero_point=chain.quantizer.affine.zero_point,
        output_scale=_array(last.integers().scale, np.float32),
        output_bias=_array(last.bias, np.float32),
    )


def _check_core(name: str, layer: LUTLinear, config: CoreConfig) -> None:
    for what, have, need in (
        ("v", layer.v, config.v), ("c", layer.c, config.c), ("metric", layer.metric.name, config.metric),
    ):
        if have != need:
            raise CompileError(f"layer {name}: trained with {what}={have}, this core has {what}={need} for all layers: "
                               f"convert the layer with {what}={need!r}, or use a core with {what}={have}")


def _export(name: str, layer: LUTLinear) -> LinearLayer:
    integers = layer.integers()
    return LinearLayer(
        name=name, codebooks=_array(integers.codebooks, np.int8), tables=_array(integers.tables, np.int8),
        mult=_array(integers.mult, np.int64), bias=_array(integers.bias, np.int64),
        shift=_array(integers.shift, np.int64), low=layer.low, high=layer.high,
    )  # fmt: skip


def _array(values: Tensor, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """A numpy copy; the integers are exact in the type they are held in."""
    return values.detach().cpu().numpy().astype(dtype)
