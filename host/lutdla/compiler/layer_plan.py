"""A layer with all that its records need to know about it."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.compiler.geometry import MapGeometry, geometries, tiles
from lutdla.compiler.network import IntegerNetwork, LookupLayer
from lutdla.compiler.reduction import Reduction, best, candidates
from lutdla.spec.config import LOOPS, CoreConfig


@dataclass(frozen=True, eq=False)
class LayerPlan:
    """How a layer is computed, wherever its maps and tables will lie.

    Attributes:
        number: of the layer.
        layer: itself.
        source, shortcut, target: its maps; `shortcut` and `target` where it has them.
        reduction: of one row.
        tiles: rows of lanes of a pixel.
        constant: first row of its constants.
        codebook: first row of the target's codebooks.
        encode, store: whether the target is needed as indices, and as values.
    """

    number: int
    layer: LookupLayer
    source: MapGeometry
    shortcut: MapGeometry | None
    target: MapGeometry | None
    reduction: Reduction
    tiles: int
    constant: int
    codebook: int
    encode: bool
    store: bool

    @property
    def pixels(self) -> int:
        """Rows of lanes that a tile sums; pixels that lie in two pools are summed for each."""
        layer = self.layer
        if layer.target is None:
            return layer.height * layer.width
        return layer.target.height * layer.target.width * layer.pool[0] * layer.pool[1]

    @property
    def alone(self) -> bool:
        """Whether images need records of their own: their values lie closer than their indices."""
        encodings = 1 if self.target is None else self.target.encodings
        return encodings > 1 and (self.store or self.layer.residual is not None)

    def reads(self) -> list[str]:
        """Maps whose indices are read."""
        return [self.source.name] + ([self.shortcut.name] if self.shortcut is not None else [])


def plan_layers(network: IntegerNetwork, config: CoreConfig, frugal: bool = False) -> tuple[LayerPlan, ...]:
    """A plan for every layer; `frugal` saves windows where it can."""
    maps = geometries(network, config)
    operands = {operand.source for layer in network.layers for operand in (layer.operand, layer.shortcut)
                if operand is not None}
    residuals = {layer.residual for layer in network.layers}
    plans, constant, codebook = [], 0, network.layout.groups_per_pixel(config)
    for number, layer in enumerate(network.layers):
        source = maps[layer.operand.source]
        shortcut = maps[layer.shortcut.source] if layer.shortcut is not None else None
        tile_count = tiles(layer.outputs, config)
        around = sum(n > 1 for n in (layer.height, layer.width, *layer.pool, tile_count))
        reduction = best(candidates(layer, source, shortcut, config), frugal, LOOPS - around)
        name = None if layer.target is None else layer.target.name
        plans.append(LayerPlan(
            number, layer, source, shortcut, maps[name] if name is not None else None, reduction, tile_count, constant,
            codebook, name in operands, name in residuals,
        ))  # fmt: skip
        if name is not None:
            constant += tile_count * config.groups_per_row
            codebook += maps[name].encodings * tile_count * config.groups_per_row
    return tuple(plans)
