"""Statistics of the tables of each layer: how much of their eight bits they use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.compiler.explain import Explanation
from lutdla.spec.artefact import Artefact

BINS = 32
"""Of a histogram: eight values each."""


@dataclass(frozen=True)
class TableUse:
    """Entries of the tables of a layer.

    Attributes:
        layer: its name.
        bytes: one for each entry.
        zeros: share of entries that are 0, those included that fill banks and tiles up.
        clipped: share at -128 or 127.
        deviation: of the entries that are not 0.
        least, most: of all.
        histogram: shares of the entries that are not 0, by value: -128..-121, ..., 120..127.
    """

    layer: str
    bytes: int
    zeros: float
    clipped: float
    deviation: float
    least: int
    most: int
    histogram: list[float]


def table_uses(artefact: Artefact, found: Explanation) -> tuple[TableUse, ...]:
    """Statistics of each layer's tables, in the order of the layers."""
    entries: dict[str, list[npt.NDArray[np.int8]]] = {record.layer: [] for record in found.records}
    for name, part in _entries(artefact, found):
        entries[name].append(part.ravel())
    return tuple(_use(name, np.concatenate(parts)) for name, parts in entries.items() if parts)


def _entries(artefact: Artefact, found: Explanation) -> Iterator[tuple[str, npt.NDArray[np.int8]]]:
    pieces = iter(artefact.image.pieces)
    for record, lookup in zip(found.records, artefact.image.program.lookups, strict=True):
        if lookup.wait_tables:
            yield record.layer, next(pieces).tables
    for name in dict.fromkeys(record.layer for record in found.records):
        for region in found.regions:
            if region.name == f"{name} tables":
                yield name, artefact.image.tables[:, region.start : region.start + region.size]


def _use(name: str, entries: npt.NDArray[np.int8]) -> TableUse:
    other = entries[entries != 0]
    histogram = np.bincount((other.astype(np.int64) + 128) // (256 // BINS), minlength=BINS) / max(1, len(other))
    return TableUse(name, len(entries), 1 - len(other) / max(1, len(entries)),
                    float(((entries == -128) | (entries == 127)).mean()) if len(entries) else 0.0,
                    float(other.std()) if len(other) else 0.0, int(entries.min(initial=0)),
                    int(entries.max(initial=0)), np.round(histogram, 6).tolist())
