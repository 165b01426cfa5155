"""Passes: converted and frozen torch model -> integer network -> artefact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lutdla.compiler.assemble import assemble
from lutdla.compiler.encodings import check_vectors
from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand
from lutdla.compiler.trace import INPUT, LayerGraph, TracedLayer, trace
from lutdla.errors import CompileError
from lutdla.nn.lookups import Lookups
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig


def compile(model: nn.Module, config: CoreConfig, provenance: Mapping[str, Any] | None = None,
            **options: Any) -> Artefact:
    """One artefact of a frozen lookup network.

    Args:
        model: what `lutdla.nn.convert` returned, trained and frozen.
        config: the core it is for.
        provenance: JSON values to keep with it: data set, seed, accuracies.
        options: of `lutdla.compiler.assemble.assemble`: dataflow, batch.

    Raises:
        CompileError: not converted, not frozen, made for another core, or too large: names the layer and the fix.
    """
    return assemble(network_for(model, config), config, dict(provenance or {}), **options)


def network_for(model: nn.Module, config: CoreConfig) -> IntegerNetwork:
    """The integers of a frozen lookup network, for a core.

    Raises:
        CompileError: not converted, not frozen, or made with a v, c or metric that the core does not have.
    """
    for traced in trace(model).layers:
        _check_core(traced.name, traced.layer, traced.source, config)
        if traced.layer.shortcut is not None and traced.shortcut is not None:
            _check_core(traced.name, traced.layer.shortcut, traced.shortcut, config)
    return integer_network(model)


def integer_network(model: nn.Module) -> IntegerNetwork:
    """The integers of a frozen lookup network, each map in the v and c it was trained with.

    Raises:
        CompileError: not converted or not frozen.
    """
    graph = trace(model)
    for traced in graph.layers:
        if not traced.layer.frozen:
            raise CompileError(f"layer {traced.name}: is not frozen, its integers still move: call "
                               "lutdla.nn.freeze(model) after training")
    first = graph.readers(INPUT)[0]
    layout = replace(graph.quantizer.layout, slice=first.slice)
    maps = {INPUT: _feature_map(INPUT, layout.map_shape, graph)}
    layers: list[LookupLayer] = []
    for traced in graph.layers:
        layers.append(_export(traced, maps, graph, is_last=traced is graph.layers[-1]))
        target = layers[-1].target
        if target is not None:
            maps[traced.name] = target
    last = graph.layers[-1].layer
    return IntegerNetwork(
        input=maps[INPUT],
        layers=tuple(layers),
        input_shape=graph.quantizer.shape,
        layout=layout,
        input_scale=graph.quantizer.affine.scale,
        input_zero_point=graph.quantizer.affine.zero_point,
        output_scale=_array(last.integers().scale, np.float32),
        output_bias=_array(last.bias, np.float32),
    )


def _check_core(name: str, layer: Lookups, source: str, config: CoreConfig) -> None:
    metric = layer.metric.name
    if metric != config.metric:
        raise CompileError(f"layer {name}: trained with metric={metric}, this core has metric={config.metric} for all "
                           f"layers: convert the layer with metric={config.metric!r}, or use a core with "
                           f"metric={metric}")
    check_vectors(f"layer {name}", layer.v, layer.c, metric, source != INPUT, config)


def _feature_map(name: str, shape: tuple[int, int, int], graph: LayerGraph) -> FeatureMap:
    """A map with the codebooks of the layers that read it."""
    readers = graph.readers(name)
    if not readers:  # only added to other maps: nothing is looked up
        like = graph.layers[0].layer
        return FeatureMap(name, *shape, np.zeros((-(-shape[0] // like.v), like.c, like.v), np.int8), like.v)
    first = readers[0]
    if not all(torch.equal(first.frozen_codebooks, other.frozen_codebooks) for other in readers):
        raise CompileError(f"map {name}: the layers that read it have different codebooks, an encoder has one: compile "
                           "what lutdla.nn.convert returns")
    codebooks = _array(first.frozen_codebooks, np.int8)  # (S, c, slice)
    missing = first.v - first.slice
    return FeatureMap(name, *shape, np.pad(codebooks, ((0, 0), (0, 0), (0, missing))), first.slice)


def _export(traced: TracedLayer, maps: dict[str, FeatureMap], graph: LayerGraph, *, is_last: bool) -> LookupLayer:
    layer, integers = traced.layer, traced.layer.integers()
    source = maps[traced.source]
    height, width = layer.geometry.output(source.height, source.width)
    pooled = [(size - pool) // stride + 1 for size, pool, stride in zip((height, width), layer.pool, layer.pool_stride)]
    shortcut = None
    if layer.shortcut is not None and traced.shortcut is not None and integers.shortcut_tables is not None:
        shortcut = _operand(traced.shortcut, layer.shortcut, integers.shortcut_tables)
    return LookupLayer(
        name=traced.name, operand=_operand(traced.source, layer, integers.tables), height=height, width=width,
        mult=_array(integers.mult, np.int64), bias=_array(integers.bias, np.int64),
        shift=_array(integers.shift, np.int64), low=layer.low, high=layer.high,
        target=None if is_last else _feature_map(traced.name, (layer.outputs, pooled[0], pooled[1]), graph),
        shortcut=shortcut, residual=traced.residual, pool=layer.pool, pool_stride=layer.pool_stride,
    )  # fmt: skip


def _operand(source: str, lookups: Lookups, tables: Tensor) -> Operand:
    geometry = lookups.geometry
    return Operand(source, _array(tables, np.int8), geometry.kernel, geometry.stride, geometry.padding,
                   geometry.average)


def _array(values: Tensor, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """A numpy copy; the integers are exact in the type they are held in."""
    return values.detach().cpu().numpy().astype(dtype)
