"""Pass: dataflow -> jobs, in the order in which they run.

Before: which layers' tables are streamed, and from which layer on the images of a pass are computed together. After: a
list of jobs. A job computes some tiles of a layer for some images, with tables that are in the core at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.reduction import Reduction, part
from lutdla.spec.config import CoreConfig


@dataclass(frozen=True, eq=False)
class Job:
    """Tiles of a layer for images of a pass.

    Attributes:
        plan: of the layer.
        images, tiles: which.
        reduction: of a row, or of a part of it.
        begin, finish: whether this part begins and finishes rows; between parts, sums stay in the accumulators.
        streamed: the tables come as a piece.
    """

    plan: LayerPlan
    images: range
    tiles: range
    reduction: Reduction
    begin: bool = True
    finish: bool = True
    streamed: bool = False

    @property
    def rows(self) -> int:
        """Sums."""
        return len(self.images) * len(self.tiles) * self.plan.pixels

    @property
    def groups(self) -> int:
        """Table groups, unless tiles share some."""
        return len(self.tiles) * self.reduction.groups


@dataclass(frozen=True)
class Dataflow:
    """How a pass runs.

    Attributes:
        batch: images of a pass.
        together: first layer that computes all images at once.
        streamed: layers whose tables are streamed.
        half: most table groups of a piece.
    """

    batch: int = 1
    together: int = 0
    streamed: frozenset[int] = frozenset()
    half: int = 0


def jobs(plans: tuple[LayerPlan, ...], flow: Dataflow, config: CoreConfig) -> list[Job]:
    """All jobs of a pass.

    Raises:
        Misfit: a piece cannot be made small enough.
    """
    found = [job for image in range(flow.batch) for plan in plans[: flow.together]
             for job in _layer(plan, range(image, image + 1), flow, config)]
    for plan in plans[flow.together :]:
        found += _layer(plan, range(flow.batch), flow, config)
    if sum(job.streamed for job in found) % 2:
        found = _even(found, config)
    return found


def _layer(plan: LayerPlan, images: range, flow: Dataflow, config: CoreConfig) -> Iterator[Job]:
    job = Job(plan, images, range(plan.tiles), plan.reduction)
    if plan.number not in flow.streamed:
        yield job
        return
    job = replace(job, streamed=True)
    # results leave image by image: where they need several pieces, these come again for each image
    alone = plan.layer.target is None and job.groups > flow.half
    for share in [range(i, i + 1) for i in images] if alone else [images]:
        yield from _pieces(replace(job, images=share), flow.half, config)


def _pieces(job: Job, half: int, config: CoreConfig) -> Iterator[Job]:
    """Whole tiles, as many as fit, or parts of the sum of one tile."""
    of_tile = job.reduction.groups
    if of_tile <= half:
        count = half // of_tile
        for first in range(job.tiles.start, job.tiles.stop, count):
            yield replace(job, tiles=range(first, min(first + count, job.tiles.stop)))
        return
    unit = job.reduction.loops[0].table
    if not unit or unit > half:
        raise Misfit(job.plan.layer.name, "table_rows", 2 * (unit or of_tile) * config.c, config.table_rows,
                     "two halves of it hold the tables of a step of a streamed layer")
    if job.plan.pixels > config.accumulator_rows:
        raise Misfit(job.plan.layer.name, "accumulator_rows", job.plan.pixels, config.accumulator_rows,
                     "its sums are streamed in parts", f"table_rows={2 * of_tile * config.c} or more")
    # records have no accumulator base: images share them only in one record, for which a pool leaves no loop
    together = 1 if job.plan.layer.pool != (1, 1) or job.plan.alone else config.accumulator_rows // job.plan.pixels
    turns, count = job.reduction.loops[0].count, half // unit
    for tile in job.tiles:
        for image in range(job.images.start, job.images.stop, together):
            images = range(image, min(image + together, job.images.stop))
            for first in range(0, turns, count):
                last = min(first + count, turns)
                yield replace(job, images=images, tiles=range(tile, tile + 1),
                              reduction=part(job.reduction, first, last), begin=first == 0, finish=last == turns)


def _even(found: list[Job], config: CoreConfig) -> list[Job]:
    """One piece more: the last piece of a pass and the first of the next lie in different halves."""
    pieces = [i for i, job in enumerate(found) if job.streamed]
    at = max(pieces, key=lambda i: len(found[i].tiles))
    job = found[at]
    if len(job.tiles) > 1 and (job.plan.layer.target is not None or len(job.images) == 1):
        middle = job.tiles.start + len(job.tiles) // 2
        halves = [replace(job, tiles=range(job.tiles.start, middle)), replace(job, tiles=range(middle, job.tiles.stop))]
        return [*found[:at], *halves, *found[at + 1 :]]
    for at in pieces:
        job, loop = found[at], found[at].reduction.loops[0]
        alone = len(job.images) == 1 or (job.plan.layer.target is not None and job.plan.layer.pool == (1, 1)
                                         and not job.plan.alone)
        if loop.table and loop.count > 1 and job.rows <= config.accumulator_rows and alone:
            middle = loop.count // 2
            halves = [replace(job, reduction=part(job.reduction, 0, middle), finish=False),
                      replace(job, reduction=part(job.reduction, middle, loop.count), begin=False)]
            return [*found[:at], *halves, *found[at + 1 :]]
    for at in pieces:
        job = found[at]
        if len(job.images) > 1 and job.begin and job.finish:  # other parts of its sums would be for other images
            middle = job.images.start + len(job.images) // 2
            halves = [replace(job, images=range(job.images.start, middle)),
                      replace(job, images=range(middle, job.images.stop))]
            return [*found[:at], *halves, *found[at + 1 :]]
    job = found[pieces[0]]
    raise Misfit(job.plan.layer.name, "accumulator_rows", job.rows, config.accumulator_rows,
                 "its tables are streamed in an odd number of pieces, and none can be cut")
