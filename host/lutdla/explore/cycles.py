"""Cycles of an image, predicted for many cores at once, with all tables in the core.

As `lutdla.compiler.cost` for a compiled program, but with what sizes alone tell: the steps of each layer, the cycles
that its rows take to leave (`groups_per_row` each, or `beats_per_row` to the host), and which layers wait for rows that
are under way. The next frame comes as soon as the last layer that reads the input is done, in cycles in which no row is
encoded. Some images run one behind the other until the time between them is steady.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.compiler.cost import FRAME_LATENCY, SLACK, group_rate
from lutdla.explore.columns import Column, Columns, bit_length, ceil_div
from lutdla.explore.shapes import LayerShape, NetworkShape, OperandShape
from lutdla.explore.steps import Steps, steps
from lutdla.spec.hazards import LAUNCH_GAP, ROW_FIFO

IMAGES = 4
"""Images that run: the time from the last but one to the last is steady."""


@dataclass(frozen=True)
class Cycles:
    """Of an image, a column each.

    Attributes:
        image: in the steady state.
        layers: of each layer, without waiting for frames.
        lookups: steps of each layer, in which lookups are done.
        frame: the stream brings a frame in so many.
        steps: of each layer, in detail.
    """

    image: Column
    layers: tuple[Column, ...]
    lookups: tuple[Column, ...]
    frame: Column
    steps: tuple[Steps, ...]


@dataclass(frozen=True)
class _Layer:
    """A layer as it runs: rows, its steps, cycles that its rows take to leave, and whether it waits for rows."""

    rows: Column
    steps: Column
    behind: npt.NDArray[np.float64]
    waits: npt.NDArray[np.bool_]
    to_output: bool


def cycles(shape: NetworkShape, cores: Columns) -> Cycles:
    """Cycles of an image of a network."""
    found = tuple(steps(layer, cores) for layer in shape.layers)
    layers = []
    for i, (layer, of) in enumerate(zip(shape.layers, found, strict=True)):
        rows = layer.sums * of.tiles
        before = shape.layers[i - 1] if i else None
        layers.append(_Layer(rows, rows * of.row, rows * _row_cycles(layer, cores), _waits(layer, of, before, cores),
                             layer.target is None))
    groups = _frame_groups(shape, cores)
    frame = np.asarray(np.maximum(groups, frame_beats(shape, cores)))
    image, own = _run(layers, groups, frame, max(shape.readers(shape.input.name)), cores)
    return Cycles(image, own, tuple(layer.steps for layer in layers), frame, found)


def frame_beats(shape: NetworkShape, cores: Columns) -> Column:
    """Beats of an input frame."""
    return np.asarray(ceil_div(_frame_groups(shape, cores), cores.groups_per_beat) * cores.beats_per_group)


def _frame_groups(shape: NetworkShape, cores: Columns) -> Column:
    return np.asarray(shape.input.pixels * shape.input.words(cores) * cores.groups_per_word)


def _run(layers: list[_Layer], groups: Column, frame: Column, last: int,
         cores: Columns) -> tuple[Column, tuple[Column, ...]]:
    """Cycles between two images, and of each layer. `frame`: cycles in which beats bring the groups of a frame; `last`:
    the last layer that reads the input."""
    latency = write_latency(cores) - SLACK - cores.groups_per_row
    at, left, ends = np.zeros(len(cores)), np.zeros(len(cores)), []
    ready: Any = np.zeros(len(cores))
    own = []
    for number in range(IMAGES):
        missing: Any = groups  # of the next frame
        came: Any = at
        for i, layer in enumerate(layers):
            start = at + LAUNCH_GAP
            waited = np.maximum(0, ready - start) if i == 0 else np.zeros(len(cores))
            start = np.maximum(start + waited, np.where(layer.waits, left + latency, 0))
            row = layer.behind / layer.rows
            left = np.maximum(start + layer.steps + row, np.maximum(left, start + layer.steps / layer.rows)
                              + layer.behind)
            end = np.maximum(start + layer.steps, left - np.minimum(layer.rows, ROW_FIFO) * row)
            if number == IMAGES - 1:
                own.append(np.rint(end - at - waited).astype(np.int64))
            if i > last:  # the next frame comes
                share = 0.0 if layer.to_output else np.minimum(1, layer.behind / (end - at))
                rate = group_rate(frame / groups, share)
                encoded = np.minimum(missing, (end - at) * rate)
                came = np.where(missing > 0, at + encoded / np.maximum(rate, 1e-9), came)
                missing = missing - encoded
            at = end
            if i == last:
                came = at
        came = np.where(missing > 0, at + missing * frame / groups, came)
        ready = came + FRAME_LATENCY + cores.index_bits
        ends.append(at)
    return np.rint(ends[-1] - ends[-2]).astype(np.int64), tuple(own)


def write_latency(cores: Columns) -> Column:
    """`lutdla.spec.hazards.write_latency` of all cores."""
    stages = np.maximum(1, bit_length(cores.banks - 1))
    return np.asarray(stages + cores.groups_per_row + cores.index_bits + 20)


def _row_cycles(layer: LayerShape, cores: Columns) -> npt.NDArray[np.float64]:
    """Cycles that a row takes to leave, on average."""
    if layer.target is None:
        return np.asarray(cores.beats_per_row)
    again = layer.target.encodings(cores) if layer.encode else 1
    pool = layer.pool[0] * layer.pool[1]  # only rows that complete one are encoded
    return np.asarray(cores.groups_per_row * (1 + (again - 1) / pool))


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
