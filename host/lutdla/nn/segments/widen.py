"""Pass: a part that gives one position -> the same part for many positions of a sequence at once.

Fully connected layers of tokens, or a convolution of a sequence, see each position by itself. As maps of many pixels
their tables are streamed once for all of them, and a slice that several positions of a kernel read is encoded once.
Integers and results stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lutdla.compiler.assemble import assemble
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.network import IntegerNetwork
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig

OF_LAYERS = ("codebook_rows", "constant_rows", "window_rows")
"""Memories that hold as much for one position as for many."""


@dataclass(frozen=True)
class Segments:
    """How a sequence is cut.

    Attributes:
        positions: results of one segment.
        count: segments of a sequence; the last one may reach past its end, where zeros are.
        size, step: pixels of a segment, and from one to the next.
    """

    positions: int
    count: int
    size: int
    step: int

    @property
    def length(self) -> int:
        """Pixels that all segments cover."""
        return (self.count - 1) * self.step + self.size


def segments(positions: int, count: int, kernel: int, stride: int) -> Segments:
    """`positions` results of a convolution in `count` segments."""
    each = -(-positions // count)
    return Segments(each, -(-positions // each), (each - 1) * stride + kernel, each * stride)


def can_widen(network: IntegerNetwork) -> bool:
    """Whether a network has one layer, or fully connected ones of a vector, one behind the other."""
    plain = all(layer.operand.average == layer.pool == (1, 1) and layer.operand.padding == (0, 0)
                and layer.shortcut is None and layer.residual is None for layer in network.layers)
    pointwise = network.layout.width == 1
    return plain and (len(network.layers) == 1 or pointwise) and (
        network.layout.space_to_depth == network.layout.height == 1)


def widened(network: IntegerNetwork, cut: Segments, stride: int) -> IntegerNetwork:
    """The network for a segment (channels, size) -> (positions, outputs)."""
    layout = replace(network.layout, width=cut.size)
    layers = tuple(
        replace(layer, operand=replace(layer.operand, stride=(1, stride)), width=cut.positions,
                target=None if layer.target is None else replace(layer.target, width=cut.positions))
        for layer in network.layers
    )  # fmt: skip
    return replace(network, input=replace(network.input, width=cut.size), layout=layout, layers=layers,
                   input_shape=(layout.channels, cut.size))


def compile_sequence(network: IntegerNetwork, config: CoreConfig, positions: int, kernel: int, stride: int,
                     provenance: dict[str, Any], options: dict[str, Any]) -> tuple[Artefact, Segments]:
    """The artefact with the longest segments that fit the core.

    Raises:
        CompileError: not even one position fits.
    """
    count = 1
    while True:
        cut = segments(positions, count, kernel, stride)
        try:
            return assemble(widened(network, cut, stride), config, provenance, **options), cut
        except Misfit as misfit:
            if cut.positions == 1 or misfit.memory in OF_LAYERS:
                raise
        count = count + 1 if count < 8 else count * 3 // 2
