"""How a feature map lies in index memory and value memory."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.compiler.network import FeatureMap, IntegerNetwork
from lutdla.spec.config import CoreConfig


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


@dataclass(frozen=True)
class MapGeometry:
    """Pixels of a map one behind the other, `pitch` words of the index memory each.

    Attributes:
        name, height, width: of the map.
        subspaces: indices of a pixel.
        words: words of a pixel that hold indices.
        pitch: words from one pixel to the next; more than `words` where rows of `lanes` channels fill more.
        blocks: indices of a word.
    """

    name: str
    height: int
    width: int
    subspaces: int
    words: int
    pitch: int
    blocks: int

    @property
    def size(self) -> int:
        """Words of a map."""
        return self.height * self.width * self.pitch

    @property
    def whole(self) -> bool:
        """Whether indices fill all words."""
        return self.subspaces == self.words * self.blocks

    def mask(self, word: int) -> int:
        """Blocks of a pixel's word that hold indices, as bits."""
        return (1 << min(self.blocks, self.subspaces - word * self.blocks)) - 1


def tiles(outputs: int, config: CoreConfig) -> int:
    """Rows of `lanes` channels that `outputs` channels take."""
    return ceil_div(outputs, config.lanes)


def input_geometry(feature_map: FeatureMap, config: CoreConfig) -> MapGeometry:
    """The input map, as `FrameLayout` arranges it: no words between pixels."""
    words = ceil_div(feature_map.subspaces, config.blocks)
    return MapGeometry(feature_map.name, feature_map.height, feature_map.width, feature_map.subspaces, words, words,
                       config.blocks)


def target_geometry(feature_map: FeatureMap, config: CoreConfig) -> MapGeometry:
    """A map that a layer writes, in rows of `lanes` channels."""
    words = ceil_div(feature_map.subspaces, config.blocks)
    groups = tiles(feature_map.channels, config) * config.groups_per_row
    return MapGeometry(feature_map.name, feature_map.height, feature_map.width, feature_map.subspaces, words,
                       max(words, ceil_div(groups, config.groups_per_word)), config.blocks)


def geometries(network: IntegerNetwork, config: CoreConfig) -> dict[str, MapGeometry]:
    """All maps by name."""
    found = {network.input.name: input_geometry(network.input, config)}
    targets = [layer.target for layer in network.layers if layer.target is not None]
    return found | {target.name: target_geometry(target, config) for target in targets}
