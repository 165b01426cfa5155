"""Layer by layer, how far the lookup network is from the dense one: map by map, on the same inputs.

A map of int8 has a scale and a zero point of its own, which the artefact does not keep: both are fitted. What a line
through (int8 value, dense value) leaves unexplained of the dense values' variance is the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.inspection import Inspection, LayerUse

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MapDifference:
    """Of a map.

    Attributes:
        map: the layer that writes it; "output" for results.
        reader: the dense module whose input was compared; empty for results.
        examples: compared.
        unexplained: share of the dense values' variance that the lookup network's values do not explain, 0..1.
        added: by how much that is more than of the worst map that the layer reads.
    """

    map: str
    reader: str
    examples: int
    unexplained: float
    added: float


def differences(
    found: Inspection, maps: Mapping[str, npt.NDArray[np.int8]], dense: Mapping[str, npt.NDArray[np.float32]],
    results: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
) -> tuple[MapDifference, ...]:  # fmt: skip
    """Compare all maps that both networks have.

    Args:
        found: the lookup network.
        maps: layer -> values (examples, pixels, channels in whole tiles) that it wrote.
        dense: module -> what it took, (examples, ...).
        results: of the lookup network, and of the dense one.
    """
    known: dict[str, float] = {}
    made = []
    for layer in found.layers:
        reader = next((other.name for other in found.layers if other.reads[:1] == (layer.name,)), "")
        if reader in dense and layer.name in maps:
            given = aligned(maps[layer.name], dense[reader], found.config["lanes"])
            if given is not None:
                made.append(_difference(layer, reader, unexplained(*given), known, len(dense[reader])))
    last, (ours, theirs) = found.layers[-1], results
    if ours.shape == theirs.shape:
        share = unexplained(ours.ravel().astype(np.float64), theirs.ravel().astype(np.float64))
        made.append(_difference(last, "", share, known, len(ours)))
    return tuple(made)


def _difference(layer: LayerUse, reader: str, share: float, known: dict[str, float], examples: int) -> MapDifference:
    before = max((known[name] for name in (*layer.reads, *layer.adds) if name in known), default=0.0)
    known[layer.name] = share
    return MapDifference(layer.name if reader else "output", reader, examples, share, share - before)


def aligned(ours: npt.NDArray[np.int8], theirs: npt.NDArray[np.float32], lanes: int) -> tuple[Floats, Floats] | None:
    """Values of a map of both networks, in the same order; None where the sizes do not fit.

    Args:
        ours: (examples, pixels, channels), channels filled up to whole tiles of lanes.
        theirs: (examples, channels, ...pixels), also flat; or the mean over all pixels.
        lanes: of the core.
    """
    count, pixels, padded = ours.shape
    flat = theirs.reshape(count, -1)
    if flat.shape[1] % pixels == 0 and 0 <= padded - flat.shape[1] // pixels < lanes:
        channels = flat.shape[1] // pixels
        there = flat.reshape(count, channels, pixels).swapaxes(1, 2)
        return ours[:, :, :channels].astype(np.float64).ravel(), there.astype(np.float64).ravel()
    if 0 <= padded - flat.shape[1] < lanes:  # average pooling over the whole map comes first
        mean = ours[:, :, : flat.shape[1]].mean(axis=1, dtype=np.float64)
        return mean.ravel(), flat.astype(np.float64).ravel()
    return None


def unexplained(ours: Floats, theirs: Floats) -> float:
    """Share of the variance of dense values that no line through ours explains."""
    a, b = ours - ours.mean(), theirs - theirs.mean()
    power, total = float(a @ a), float(b @ b)
    if not total:
        return 0.0
    return max(0.0, 1.0 - float(a @ b) ** 2 / (power * total)) if power else 1.0
