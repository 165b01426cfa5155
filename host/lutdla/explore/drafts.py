"""Cycles of one way to stream a network's tables: the compiler's program for it, drawn up and run on paper.

Between the bound of `lutdla.explore.streamed`, which rates thousands of cores, and a compilation, which tries all ways
for one core and takes seconds.
"""

from __future__ import annotations

from lutdla.compiler.allocation import allocate
from lutdla.compiler.cost import predict
from lutdla.compiler.emission import draft
from lutdla.compiler.encodings import with_encodings
from lutdla.compiler.jobs import Dataflow
from lutdla.compiler.layer_plan import plan_layers
from lutdla.errors import CompileError
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.sketch import sketch
from lutdla.explore.streamed import in_order
from lutdla.spec.config import CoreConfig


def drafted(shape: NetworkShape, config: CoreConfig, together: int, images: int, streamed: int) -> float | None:
    """Cycles of an image; None where the compiler finds no place for something.

    Args:
        shape: of the network.
        config: the core.
        together: first layer that runs for all images of a pass.
        images: of a pass.
        streamed: layers whose tables are streamed, of those that `in_order` gives.
    """
    network = with_encodings(sketch(shape, config), config)
    plans = plan_layers(network, config)
    groups = [plan.tiles * plan.reduction.groups for plan in plans]
    layers = frozenset(in_order(groups, together)[:streamed])
    half = (config.table_rows // config.c - sum(groups) + sum(groups[i] for i in layers)) // 2
    try:
        places = allocate(plans, network.input.name, together, images, config)
    except CompileError:
        return None
    found: list[float] = []
    for size in sorted({half, half - 1, half // 2}):
        if 0 < size <= half:
            try:
                made = draft(network, plans, Dataflow(images, together, layers, size), places, frozenset(), config)
            except CompileError:
                continue
            rows = [tables.layout.groups * config.c for tables in made.pieces]
            found.append(predict(made.program, rows, config).cycles_per_pass / images)
    return min(found, default=None)
