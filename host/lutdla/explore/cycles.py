"""Cycles of an image, predicted for many cores at once, with all tables in the core.

A layer takes a cycle a step, or longer where its finished rows do not leave as fast: a row is requantised and encoded
in `groups_per_row` cycles, and sent in `beats_per_row`. Layers follow each other with a gap (`lutdla.spec.hazards`),
and wait for rows under way where they read those at once. The next frame comes while the layers run that do not read
the input.

    cycles = max(sum of layers, frame + layers up to the last one that reads the input)

`lutdla.compiler.cost` predicts the same of a compiled program, with everything counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lutdla.explore.columns import Column, Columns, bit_length, ceil_div
from lutdla.explore.shapes import LayerShape, NetworkShape, OperandShape
from lutdla.explore.steps import Steps, steps
from lutdla.spec.hazards import LAUNCH_GAP


@dataclass(frozen=True)
class Cycles:
    """Of an image, a column each.

    Attributes:
        image: in the steady state.
        layers: of each layer.
        lookups: steps of each layer, in which lookups are done.
        frame: the stream brings a frame in so many.
        steps: of each layer, in detail.
    """

    image: Column
    layers: tuple[Column, ...]
    lookups: tuple[Column, ...]
    frame: Column
    steps: tuple[Steps, ...]


def cycles(shape: NetworkShape, cores: Columns) -> Cycles:
    """Cycles of an image of a network."""
    found = tuple(steps(layer, cores) for layer in shape.layers)
    lookups = tuple(layer.sums * of.tiles * of.row for layer, of in zip(shape.layers, found, strict=True))
    layers = []
    for i, (layer, of) in enumerate(zip(shape.layers, found, strict=True)):
        behind = layer.sums * of.tiles * _row_cycles(layer, cores)
        waits = _waits(layer, of, shape.layers[i - 1] if i else None, cores)
        layers.append(np.maximum(lookups[i], behind) + LAUNCH_GAP + np.where(waits, write_latency(cores), 0))
    frame = _frame(shape, cores)
    last = max(shape.readers(shape.input.name))
    image = np.maximum(sum(layers), frame + sum(layers[: last + 1]))
    return Cycles(np.asarray(image), tuple(layers), lookups, frame, found)


def write_latency(cores: Columns) -> Column:
    """`lutdla.spec.hazards.write_latency` of all cores."""
    stages = np.maximum(1, bit_length(cores.banks - 1))
    return np.asarray(stages + cores.groups_per_row + cores.index_bits + 20)


def _row_cycles(layer: LayerShape, cores: Columns) -> Column:
    if layer.target is None:
        return np.asarray(cores.beats_per_row)
    again = layer.target.encodings(cores) if layer.encode else 1
    pool = layer.pool[0] * layer.pool[1]  # only rows that complete one are encoded
    return np.asarray(cores.groups_per_row * (1 + (again - 1) / pool))


def _frame(shape: NetworkShape, cores: Columns) -> Column:
    groups = shape.input.pixels * shape.input.words(cores) * cores.groups_per_word
    beats = ceil_div(groups, cores.groups_per_beat) * cores.beats_per_group
    return np.asarray(np.maximum(groups, beats))


def _waits(layer: LayerShape, of: Steps, before: LayerShape | None, cores: Columns) -> npt.NDArray[np.bool_]:
    """Whether a layer would read the last row of the layer before it while that is under way."""
    reads = [part for part in layer.operands if before is not None and part.source is before.target]
    soonest = np.full(len(cores), np.iinfo(np.int64).max)
    for part in reads:
        soonest = np.minimum(soonest, _first_read(layer, part, of, cores))
    return soonest < write_latency(cores)


def _first_read(layer: LayerShape, part: OperandShape, of: Steps, cores: Columns) -> Column:
    """The step in which the last pixel of a map is read first."""
    source = part.source
    if layer.covers:  # one pixel after the other, one word after the other
        last = (source.pixels * source.pitch(cores) - 1) / (source.pixels * source.pitch(cores))
        return np.asarray((last * of.row).astype(np.int64))
    at = []
    for axis, size in enumerate((source.height, source.width)):
        reach = (part.kernel[axis] - part.padding[axis]) * part.average[axis] - 1
        at.append(max(0, -(-(size - 1 - reach) // (part.stride[axis] * part.average[axis]))))
    pixel = min(at[0], layer.height - 1) * layer.width + min(at[1], layer.width - 1)
    return np.asarray(pixel * of.tiles * of.row)
