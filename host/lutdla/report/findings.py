"""What stands out in a report, in sentences: the first things that a person should look at."""

from __future__ import annotations

from collections.abc import Iterator

from lutdla.report.model_report import ModelReport

MANY_DEAD = 0.25
"""Share of a map's centroids that were never chosen, from which it is said."""

MUCH_LOST = 0.3
"""Share of a map's variance lost by encoding, from which it is said."""

MUCH_CLIPPED = 0.01
"""Share of table entries at the ends of int8, from which it is said."""

MUCH_WAITED = 0.1
"""Share of the cycles in which the core waits for the stream, from which it is said."""

FULL = 0.95
"""Share of a memory, from which it is said."""


def findings(report: ModelReport) -> tuple[str, ...]:
    """Sentences, what costs accuracy first."""
    return (*_accuracy(report), *_inside(report), *_cost(report))


def _accuracy(report: ModelReport) -> Iterator[str]:
    found = report.accuracy
    if found is not None and found.dense is not None:
        yield (f"The lookup network gets {found.lut:.2%} of {found.examples:,} examples right, the dense one "
               f"{found.dense:.2%}: {found.lost:,} examples were lost, {found.won:,} won.")
        worst = max(found.classes, key=lambda one: (one.dense or 0.0) - one.lut)
        if worst.dense is not None and worst.dense > worst.lut:
            yield f"Class {worst.name} lost most: {worst.dense:.1%} dense, {worst.lut:.1%} with lookups."
    if report.differences:
        layer = max(report.differences, key=lambda one: one.added)
        yield (f"Most of the difference from the dense network comes in with {_named(layer.map)}: {layer.added:.1%} of "
               f"the variance there, {layer.unexplained:.1%} in all.")


def _inside(report: ModelReport) -> Iterator[str]:
    if report.maps:
        worst = max(report.maps, key=lambda one: one.loss)
        if worst.loss >= MUCH_LOST:
            yield (f"Encoding {_named(worst.map)} loses {worst.loss:.0%} of its variance: more centroids or shorter "
                   "vectors there, or longer training, would help most.")
    for one in report.maps:
        if one.dead >= MANY_DEAD * one.centroids:
            yield (f"{one.dead:,} of the {one.centroids:,} centroids of {_named(one.map)} were never chosen: revival "
                   "in training, or fewer centroids, uses them better.")
    for table in report.tables:
        if table.clipped >= MUCH_CLIPPED:
            yield f"{table.clipped:.1%} of the table entries of layer {table.layer} are at the ends of int8."


def _cost(report: ModelReport) -> Iterator[str]:
    found = report.inspection
    waits = sum(layer.waits for layer in found.layers)
    if waits >= MUCH_WAITED * found.cycles_per_image:
        yield (f"The core waits for tables and frames in {waits / found.cycles_per_image:.0%} of the predicted cycles: "
               f"a core that holds more than {found.table_bytes - found.streamed_bytes:,} bytes of tables is faster.")
    for memory in found.memories:
        if memory.share >= FULL:
            yield f"The {memory.memory} memory is full to {memory.share:.0%} of its {memory.depth:,} {memory.unit}."


def _named(name: str) -> str:
    return {"input": "the input", "output": "the last layer"}.get(name, f"the map of layer {name}")
