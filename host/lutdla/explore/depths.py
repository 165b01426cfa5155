"""Depths of a core's memories that a network needs, when all its tables stay in the core and images run one by one.

Maps are counted where they live at the same time; that the compiler finds places for them without gaps is likely, not
sure. A core drawn up so is compiled for before it is recommended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lutdla.explore.columns import Column, Columns, bit_length, ceil_div, largest_power
from lutdla.explore.shapes import LayerShape, MapShape, NetworkShape
from lutdla.explore.steps import Steps

LEAST = {"table_rows": 2, "index_words": 2, "accumulator_rows": 16, "constant_rows": 2, "codebook_rows": 2,
         "program_rows": 16, "window_rows": 2, "value_rows": 2}  # fmt: skip
"""Less saves nothing: lookup tables as memory are 32 words deep."""


def needed(shape: NetworkShape, of: tuple[Steps, ...], cores: Columns) -> dict[str, Column]:
    """Words and rows by field of `CoreConfig`, not rounded up to what a core can have."""
    written, none = [layer.target for layer in shape.layers if layer.target is not None], np.zeros(len(cores), np.int64)
    groups: Any = sum(steps.tiles * steps.groups for steps in of)
    constants = sum((target.groups(cores) for target in written), none)
    books = sum((target.groups(cores) * target.encodings(cores) for target in written), none)
    found = {
        "table_rows": groups * cores.c,
        "index_words": index_words(shape, cores),
        "constant_rows": constants,
        "codebook_rows": books + shape.input.words(cores) * cores.groups_per_word,
        "program_rows": np.full(len(cores), len(shape.layers) + 1),
        "window_rows": _window_rows(shape, of),
        "value_rows": _value_rows(shape, cores),
    }
    return {name: np.maximum(value, 2 if name == "value_rows" else 1) for name, value in found.items()}


def rounded(need: dict[str, Column], cores: Columns, room: Mapping[str, int] | None = None) -> dict[str, Column]:
    """The least depths that a core can have: powers of two; tables and indices also one and a smaller one.

    Args:
        need: words and rows by field.
        cores: the cores.
        room: depths that they shall have at least, by field.
    """
    depths = {}
    for name, least in {**LEAST, **{name: depth for name, depth in (room or {}).items() if name in LEAST}}.items():
        rows = np.maximum(need.get(name, np.full(len(cores), least)), 2 * cores.c if name == "table_rows" else least)
        depths[name] = sum_of_powers(rows, cores.c) if name == "table_rows" else (
            sum_of_powers(rows, 1) if name == "index_words" else next_power(rows))
    return depths


def next_power(numbers: Column) -> Column:
    """The least power of two that is no smaller."""
    return np.asarray(np.int64(1) << bit_length(np.maximum(numbers, 1) - 1))


def sum_of_powers(numbers: Column, unit: Any) -> Column:
    """The least power of two, or sum of one and a smaller one, that is a multiple of `unit` (a power of two), and no
    smaller than `numbers`."""
    whole = largest_power(numbers)
    rest = ceil_div(numbers - whole, unit) * unit
    return np.asarray(whole + np.where(rest > 0, np.minimum(next_power(rest), whole), 0))


def _window_rows(shape: NetworkShape, of: tuple[Steps, ...]) -> Column:
    """Layers that read in the same way share their windows."""
    rows: dict[object, Column] = {}
    for layer, steps in zip(shape.layers, of, strict=True):
        ways = tuple((part.source.channels, part.source.width, part.kernel, part.padding, part.average)
                     for part in layer.operands)
        key = "covers" if layer.covers else ways
        rows[key] = np.maximum(rows.get(key, steps.windows), steps.windows)
    return np.asarray(sum(rows.values()))


def index_words(shape: NetworkShape, cores: Columns) -> Column:
    """The most words that maps take which live at the same time; the input map's are never used for others."""
    held = shape.input.pixels * shape.input.words(cores)
    maps = [(i, max(shape.readers(layer.target.name)), layer.target) for i, layer in enumerate(shape.layers)
            if layer.target is not None and layer.encode]
    return np.asarray(held + _peak(maps, cores, len(shape.layers), lambda at: at.size(cores)))


def _value_rows(shape: NetworkShape, cores: Columns) -> Column:
    """The most groups of values that live at the same time; a sum replaces what was added to it."""
    maps: list[tuple[int, int, MapShape]] = []
    moved: dict[str | None, int] = {}
    for i, layer in enumerate(shape.layers):
        if not layer.store or layer.target is None:
            continue
        dies = max(j for j, other in enumerate(shape.layers) if other.residual == layer.target.name)
        replaced = moved.get(layer.residual)
        if replaced is not None and maps[replaced][1] == i and _same_place(layer, maps[replaced][2]):
            maps[replaced] = (maps[replaced][0], dies, maps[replaced][2])
            moved[layer.target.name] = replaced
        else:
            moved[layer.target.name] = len(maps)
            maps.append((i, dies, layer.target))
    return _peak(maps, cores, len(shape.layers), lambda at: at.pixels * at.pitch(cores) * cores.groups_per_word)


def _same_place(layer: LayerShape, before: MapShape) -> bool:
    assert layer.target is not None
    return layer.pool == (1, 1) and (layer.target.channels, layer.target.pixels) == (before.channels, before.pixels)


def _peak(maps: list[tuple[int, int, MapShape]], cores: Columns, layers: int, size: Any) -> Column:
    """Maps (layer that writes it, last that reads it, map): the most that lives in any layer."""
    most = np.zeros(len(cores), np.int64)
    for i in range(layers):
        alive: Any = sum((size(at) for born, dies, at in maps if born <= i <= dies), np.zeros(len(cores), np.int64))
        most = np.maximum(most, alive)
    return most
