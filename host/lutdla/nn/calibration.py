"""What conversion learns from typical inputs: the range of each map, and codebooks from what reaches it through the
lookup layers before it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lutdla.nn.clustering import kmeans
from lutdla.nn.dense import folded_weights, run_dense
from lutdla.nn.graph import Network, Source, Step
from lutdla.nn.layers import Affine, QuantizeInput
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer

VECTORS = 1 << 14
"""Vectors of a subspace that k-means sees, at most."""

PART = 128
"""Inputs that run at a time."""


def calibrate(network: Network, layers: Mapping[str, LUTLayer], quantizer: QuantizeInput, images: Tensor,
              iterations: int, seed: int, weights: Mapping[str, Tensor] | None = None) -> None:
    """Fix quantization, clamps and codebooks of all layers.

    Args:
        iterations, seed: of k-means.
        weights: of the values of each map, by its name (`lutdla.nn.sensitivity`).
    """
    _set_ranges(network, layers, _dense_ranges(network, quantizer, images))
    parts = [quantizer(part) for part in torch.split(images, PART)]
    maps: dict[Source, list[Tensor]] = {network.input: parts}
    for i, step in enumerate(network.steps):
        _cluster(network, layers, maps, step, iterations, seed + i, weights or {})
        nothing: list[Tensor | None] = [None] * len(parts)
        shortcut = nothing if step.shortcut is None else maps[step.shortcut.source]
        residual = nothing if step.residual is None else maps[step.residual]
        maps[step] = [layers[step.name](*given) for given in zip(maps[step.main.source], shortcut, residual)]
        if step.rank == 1:
            maps[step] = [part.flatten(1) for part in maps[step]]
        needed = {source for later in network.steps[i + 1 :] for source in
                  (later.residual, *(reading.source for reading in later.readings))}
        maps = {source: values for source, values in maps.items() if source in needed}


def lookups_by_reading(network: Network, layers: Mapping[str, LUTLayer]) -> dict[str, Lookups]:
    """The lookups that were made of each reading, by its name."""
    found: dict[str, Lookups] = {}
    for step in network.steps:
        for reading, part in zip(step.readings, (layers[step.name], layers[step.name].shortcut)):
            assert part is not None
            found[reading.name] = part
    return found


def _cluster(network: Network, layers: Mapping[str, LUTLayer], maps: dict[Source, list[Tensor]], step: Step,
             iterations: int, seed: int, weights: Mapping[str, Tensor]) -> None:
    """Codebooks of the maps that a step reads first."""
    parts = lookups_by_reading(network, layers)
    for reading in step.readings:
        if network.readers(reading.source)[0] is reading:
            part = parts[reading.name]
            slices = _sample(part, maps[reading.source], seed)
            given = weights.get(reading.source.name)
            weighed = None if given is None else _sample(part, [given], seed)
            codebooks, _ = kmeans(slices, part.c, part.metric.name, weights=weighed, iterations=iterations, seed=seed)
            part.codebooks.copy_(codebooks)


def _sample(part: Lookups, maps: list[Tensor], seed: int) -> Tensor:
    """Slices (S, M, slice) of a random choice of pixels."""
    whole = torch.cat([values if values.ndim == 4 else values[:, :, None, None] for values in maps])
    pixels = whole.permute(0, 2, 3, 1).flatten(0, 2)  # (B * H * W, C)
    if len(pixels) > VECTORS:
        pixels = pixels[torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))[:VECTORS]]
    return part.slices(pixels[:, :, None, None]).contiguous()


def _dense_ranges(network: Network, quantizer: QuantizeInput, images: Tensor) -> dict[Step, tuple[float, float]]:
    """Least and largest value of each step's map in the dense model, before its activation."""
    ranges: dict[Step, tuple[float, float]] = {}
    weights = folded_weights(network)
    for part in torch.split(images, PART):
        maps = run_dense(network, part, weights, quantizer=quantizer).maps
        for step in network.steps:
            low, high = ranges.get(step, (0.0, 0.0))
            ranges[step] = min(low, float(maps[step].min())), max(high, float(maps[step].max()))
    return ranges


def _set_ranges(network: Network, layers: Mapping[str, LUTLayer], ranges: dict[Step, tuple[float, float]]) -> None:
    """Quantization and clamp of each map; maps that are added have the same."""
    group = {step: step for step in network.steps}

    def root(step: Step) -> Step:
        while group[step] is not step:
            step = group[step]
        return step

    for step in network.steps:
        if isinstance(step.residual, Step):
            group[root(step)] = root(step.residual)
    roots, shared = {step: root(step) for step in network.steps}, dict(ranges)
    for step, (low, high) in ranges.items():
        least, most = shared[roots[step]]
        shared[roots[step]] = min(least, low), max(most, high)
    parts = lookups_by_reading(network, layers)
    for step in network.steps[:-1]:
        affine = Affine.of_range(*shared[roots[step]])
        layer = layers[step.name]
        layer.output = affine
        layer.low, layer.high = _on_grid(affine, step.low, -128), _on_grid(affine, step.high, 127)
        for reading in network.readers(step):
            parts[reading.name].input = affine


def _on_grid(affine: Affine, real: float | None, otherwise: int) -> int:
    """The int8 value of a clamp; `otherwise` without one."""
    if real is None or abs(real) == float("inf"):
        return otherwise
    return int(max(-128, min(127, affine.zero_point + round(real / affine.scale))))
