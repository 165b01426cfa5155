"""How a feature map lies in index memory and value memory."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla.compiler.network import FeatureMap, IntegerNetwork
from lutdla.spec.config import CoreConfig


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up."""
    return -(-a // b)


@dataclass(frozen=True)
class Cell:
    """A word of a pixel that holds indices: of subspace `subspace` and those behind it; `offset` words from the pixel's
    first, with the blocks that hold indices as bits."""

    subspace: int
    offset: int
    blocks: int


@dataclass(frozen=True)
class MapGeometry:
    """Pixels of a map one behind the other, `pitch` words of the index memory each; again for each further encoding.

    So addresses of pixels do not depend on the number of encodings: maps that are added may differ in it.

    Attributes:
        name, height, width: of the map.
        subspaces: indices of a pixel, of one encoding.
        words: words of a pixel that hold indices, of one encoding.
        pitch: words from one pixel to the next; more than `words` where rows of `lanes` channels fill more.
        blocks: indices of a word.
        encodings: how often each pixel is encoded.
    """

    name: str
    height: int
    width: int
    subspaces: int
    words: int
    pitch: int
    blocks: int
    encodings: int = 1

    @property
    def plane(self) -> int:
        """Words of one encoding of a map: of as many groups are its values."""
        return self.height * self.width * self.pitch

    @property
    def size(self) -> int:
        """Words of a map."""
        return self.encodings * self.plane

    @property
    def whole(self) -> bool:
        """Whether indices fill all words."""
        return self.subspaces == self.words * self.blocks

    def cells(self) -> list[Cell]:
        """Words of a pixel that hold indices, encoding by encoding."""
        return [Cell(e * self.subspaces + word * self.blocks, e * self.plane + word,
                     (1 << min(self.blocks, self.subspaces - word * self.blocks)) - 1)
                for e in range(self.encodings) for word in range(self.words)]

    def turns(self, encodings: int, words: int) -> list[list[Cell]]:
        """The same in turns: `words` words of `encodings` encodings each, in order of encodings, then words."""
        cells = self.cells()
        planes = [cells[at : at + self.words] for at in range(0, len(cells), self.words)]
        return [[cell for plane in planes[first : first + encodings] for cell in plane[at : at + words]]
                for first in range(0, self.encodings, encodings) for at in range(0, self.words, words)]


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
    subspaces = feature_map.subspaces // feature_map.encodings
    words = ceil_div(subspaces, config.blocks)
    groups = tiles(feature_map.channels, config) * config.groups_per_row
    return MapGeometry(feature_map.name, feature_map.height, feature_map.width, subspaces, words,
                       max(words, ceil_div(groups, config.groups_per_word)), config.blocks, feature_map.encodings)


def geometries(network: IntegerNetwork, config: CoreConfig) -> dict[str, MapGeometry]:
    """All maps by name."""
    found = {network.input.name: input_geometry(network.input, config)}
    targets = [layer.target for layer in network.layers if layer.target is not None]
    return found | {target.name: target_geometry(target, config) for target in targets}
