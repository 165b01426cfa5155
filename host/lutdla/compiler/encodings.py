"""Pass: maps in vector lengths and numbers of centroids of their own -> the core's v and c.

Before: a map that a layer writes may be cut into slices of v / 2, v / 4, ... values, and have fewer centroids. After:
it is encoded v / slice times. In encoding e, the subspace of v channels is told apart by its slice e alone, because its
centroids are 0 in all other coordinates: there they add the same to every distance. Subspaces are ordered encoding by
encoding, those that do not exist have tables of 0. Missing centroids repeat the first, which the encoder prefers.

An input map keeps its slices, which a frame fills up with 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import MAX_ENCODINGS


def with_encodings(network: IntegerNetwork, config: CoreConfig) -> IntegerNetwork:
    """The network in the core's v and c.

    Raises:
        CompileError: a map has another v or c that the core cannot stand for: names the layer and the fix.
    """
    before = network.maps()
    read = {operand.source for layer in network.layers for operand in (layer.operand, layer.shortcut) if operand}
    first = {layer.target.name: layer.name for layer in network.layers if layer.target is not None}
    after: dict[str, FeatureMap] = {}
    for name, old in before.items():
        if name in first and name not in read:  # only added: nothing looks it up
            empty = np.zeros((-(-old.channels // config.v), config.c, config.v), np.int8)
            after[name] = replace(old, codebooks=empty, slice=config.v)
        else:
            where = f"layer {first[name]}" if name in first else "input"
            after[name] = _map(old, where, name in first, config)
    return replace(network, input=after[network.input.name],
                   layers=tuple(_layer(layer, before, after, config) for layer in network.layers))


def check_vectors(where: str, v: int, c: int, metric: str, written: bool, config: CoreConfig) -> None:
    """Check that a core can stand for a map's v and c.

    Args:
        where: who reads or writes it.
        v, c, metric: it was trained with.
        written: by a layer, not by the host.

    Raises:
        CompileError: names the values and the fix.
    """
    fix = f"convert the layer with v={config.v}, c={config.c}"
    made = f"{where}: trained with v={v}, c={c}, this core has v={config.v}, c={config.c}"
    if v > config.v or c > config.c:
        raise CompileError(f"{made}: it can have less, not more: {fix}, or use another core")
    if not written or v == config.v:
        return
    if config.v % v or config.v // v > MAX_ENCODINGS:
        raise CompileError(f"{made}: v must divide the core's, at most {MAX_ENCODINGS} times: {fix}")
    if metric == "chebyshev":
        raise CompileError(f"{made}, and metric chebyshev, which other coordinates of a group would change: {fix}, or "
                           "use metric l1 or l2")


def _map(old: FeatureMap, where: str, written: bool, config: CoreConfig) -> FeatureMap:
    slices, c, v = old.codebooks.shape
    check_vectors(where, v, c, config.metric, written, config)
    whole = written and old.slice == v
    encodings = config.v // v if whole else 1
    books = np.zeros((slices, config.c, config.v), np.int8)
    books[:, :c, :v] = old.codebooks
    books[:, c:, :v] = old.codebooks[:, :1]
    books = _ordered(books, encodings)
    for e in range(1, encodings):
        own = slice(e * len(books) // encodings, (e + 1) * len(books) // encodings)
        books[own] = np.roll(books[own], e * v, axis=2)
    return replace(old, codebooks=books, slice=config.v if whole else old.slice, encodings=encodings)


def _layer(layer: LookupLayer, before: dict[str, FeatureMap], after: dict[str, FeatureMap],
           config: CoreConfig) -> LookupLayer:
    def wide(operand: Operand) -> Operand:
        if operand.source not in before or operand.tables.shape[2] > config.c:
            return operand  # `check_network` says what is wrong
        tables = np.pad(operand.tables, ((0, 0), (0, 0), (0, config.c - operand.tables.shape[2]), (0, 0)))
        tables = _ordered(tables.swapaxes(0, 1), after[operand.source].encodings).swapaxes(0, 1)
        return replace(operand, tables=tables)

    return replace(layer, operand=wide(layer.operand),
                   shortcut=None if layer.shortcut is None else wide(layer.shortcut),
                   target=None if layer.target is None else after[layer.target.name])


def _ordered(slices: npt.NDArray[np.int8], encodings: int) -> npt.NDArray[np.int8]:
    """Slices (S, ...) of v / `encodings` channels in the order of encodings; those that do not exist are 0."""
    missing = -len(slices) % encodings
    filled = np.concatenate([slices, np.zeros((missing, *slices.shape[1:]), np.int8)])
    return filled.reshape(-1, encodings, *slices.shape[1:]).swapaxes(0, 1).reshape(filled.shape)
