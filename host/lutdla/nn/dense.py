"""A dense model step by step, in real numbers: what each layer's sums and each map are before anything is encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from lutdla.nn.activations import activation_named
from lutdla.nn.folding import folded
from lutdla.nn.graph import Network, Source, Step
from lutdla.nn.layers import QuantizeInput
from lutdla.nn.lookups import convolve


class Dense(NamedTuple):
    """Values of some inputs in the dense model.

    Attributes:
        maps: (B, C, H, W) of each source, in real units, before its activation.
        results: (B, N, Ho, Wo) of each step: sums and bias, before residual, clamp and pooling.
    """

    maps: dict[Source, Tensor]
    results: dict[Step, Tensor]


def folded_weights(network: Network) -> dict[str, tuple[Tensor, Tensor]]:
    """Weight (N, C, kernel height, kernel width) and bias (N,) of each reading, by its name."""
    return {reading.name: folded(reading) for step in network.steps for reading in step.readings}


def input_map(network: Network, images: Tensor, quantizer: QuantizeInput | None = None) -> Tensor:
    """Inputs (B, *shape) as the input map (B, C, H, W), normalized; `quantizer` brings space-to-depth."""
    real = images.float()
    if network.normalize:
        real = network.normalize(real)
    if quantizer is not None:
        real = quantizer.arrange(real)
    source = network.input
    return real.reshape(len(real), source.channels, source.height, source.width)


def run_dense(network: Network, images: Tensor, weights: Mapping[str, tuple[Tensor, Tensor]], *,
              quantizer: QuantizeInput | None = None, watch: Callable[[Tensor], Tensor] | None = None) -> Dense:
    """All maps and results of some inputs.

    Args:
        network: of `read_network`.
        images: (B, *shape) what the model takes.
        weights: of `folded_weights`.
        quantizer: where the input map is arranged by space-to-depth.
        watch: replaces each map and result before it is used, to follow gradients.
    """
    watch = watch or (lambda values: values)
    maps: dict[Source, Tensor] = {network.input: watch(input_map(network, images, quantizer))}
    results: dict[Step, Tensor] = {}
    for step in network.steps:
        y: Tensor | None = None
        for reading in step.readings:
            weight, bias = weights[reading.name]
            part = convolve(activated(reading.source, maps[reading.source]), weight, reading.window)
            part = part + bias[:, None, None]
            y = part if y is None else y + part
        assert y is not None, "a step has a main reading"
        results[step] = y = watch(y)
        maps[step] = watch(_finished(step, y, maps))
    return Dense(maps, results)


def activated(source: Source, values: Tensor) -> Tensor:
    """What readers of a map take: its values, behind its activation."""
    if isinstance(source, Step) and source.activation is not None:
        return activation_named(source.activation)(values)
    return values


def _finished(step: Step, y: Tensor, maps: Mapping[Source, Tensor]) -> Tensor:
    """Residual, clamp and pooling of a step's sums."""
    if step.residual is not None:
        y = y + maps[step.residual]
    if step.low is not None or step.high is not None:
        y = y.clamp(step.low, step.high)
    return y if step.pool == (1, 1) else F.max_pool2d(y, step.pool, step.pool_stride)
