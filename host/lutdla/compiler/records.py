"""Pass: a job -> records.

Before: a job, where its maps, tables and windows lie. After: `Lookup` records. Loops, outermost first: image, output
row, output column, tile, row and column of the pool, then the reduction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lutdla.compiler.allocation import Places
from lutdla.compiler.geometry import MapGeometry
from lutdla.compiler.jobs import Job
from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.network import Operand
from lutdla.spec.config import LOOPS, CoreConfig
from lutdla.spec.program import Lookup, Loop


@dataclass(frozen=True)
class TablePlace:
    """Where a job's tables and windows lie, and the strides of its tile loop (`layout.TileLayout`)."""

    table: int
    window: int
    tile_table: int
    tile_window: int


def records(job: Job, places: Places, at: TablePlace, config: CoreConfig) -> list[Lookup]:
    """The records of a job: one, unless it needs more loops than the core has."""
    plan, layer, reduction = job.plan, job.plan.layer, job.reduction
    target = plan.target
    if plan.alone and len(job.images) > 1:
        return [record for image in job.images
                for record in records(replace(job, images=range(image, image + 1)), places, at, config)]
    index, shortcut = places.index[plan.source.name], None
    if plan.shortcut is not None:
        shortcut = places.index[plan.shortcut.name]
    per_row = config.groups_per_row if target is not None else 0
    image, tile = job.images.start, job.tiles.start
    dest, store, residual, step = 0, None, None, 0
    if target is not None:
        if plan.encode:
            dest = places.index[target.name].at(image) * config.groups_per_word
        if plan.store:
            store = places.values[target.name].at(image) + tile * per_row
        step = target.size * config.groups_per_word
    if layer.residual is not None:
        residual = places.values[layer.residual].at(image) + tile * per_row
    record = Lookup(
        loops=(), index=index.at(image) + reduction.index, shortcut=0 if shortcut is None else shortcut.at(image),
        height=reduction.height, width=reduction.width, window=at.window, table=at.table,
        constant=plan.constant + tile * per_row if target is not None else 0,
        codebook=plan.codebook + tile * per_row if target is not None else 0, dest=dest + tile * per_row,
        low=layer.low, high=layer.high, residual=residual, store=store, encode=plan.encode, **_encodings(plan, config),
        to_output=target is None and job.finish,
        begin=job.begin, finish=job.finish, drain=False,
    )  # fmt: skip
    loops = [
        Loop(len(job.images), index=index.size if index.images > 1 else 0, dest=step,
             shortcut=shortcut.size if shortcut is not None and shortcut.images > 1 else 0),
        *_pixels(job, target, config),
        Loop(len(job.tiles), table=at.tile_table, window=at.tile_window, channel=per_row, dest=per_row),
        *(_pixel(job, axis, 1, pool=True, count=layer.pool[axis]) for axis in (0, 1)),
        *reduction.loops,
    ]
    if not (job.begin and job.finish):
        loops = _in_accumulators(loops)
    return _within_limit(record, [loop for loop in loops if loop.count > 1] or [Loop(reduce=True)])


def _encodings(plan: LayerPlan, config: CoreConfig) -> dict[str, int]:
    """How often a layer's map is encoded, and where codebooks and indices lie."""
    if not plan.encode or plan.target is None or plan.target.encodings == 1:
        return {}
    return {"encodings": plan.target.encodings, "codebooks": plan.tiles * config.groups_per_row,
            "encoding_stride": plan.target.plane * config.groups_per_word}


def _pixels(job: Job, target: MapGeometry | None, config: CoreConfig) -> tuple[Loop, Loop]:
    """Rows and columns of the target; of the sums, where they go to the host."""
    layer = job.plan.layer
    height, width, pitch = (layer.height, layer.width, 0) if target is None else (
        target.height, target.width, target.pitch * config.groups_per_word)
    stride = job.plan.layer.pool_stride
    return (_pixel(job, 0, stride[0], count=height, dest=width * pitch),
            _pixel(job, 1, stride[1], count=width, dest=pitch))


def _pixel(job: Job, axis: int, apart: int, *, count: int, pool: bool = False, dest: int = 0) -> Loop:
    """A loop over rows (axis 0) or columns (1) of the sum, `apart` pixels from one to the next."""
    plan = job.plan
    pixels, words = _move(plan.layer.operand, plan.source, axis, apart)
    shortcut = 0
    if plan.layer.shortcut is not None and plan.shortcut is not None:
        _, shortcut = _move(plan.layer.shortcut, plan.shortcut, axis, apart)
    coordinates = {"y": pixels} if axis == 0 else {"x": pixels}
    return Loop(count, pool=pool, index=words, shortcut=shortcut, dest=dest, **coordinates)


def _move(operand: Operand, source: MapGeometry, axis: int, apart: int) -> tuple[int, int]:
    """Pixels and words of the source that `apart` pixels of the sum are."""
    pixels = apart * operand.stride[axis] * operand.average[axis]
    return pixels, pixels * source.pitch * (source.width if axis == 0 else 1)


def _in_accumulators(loops: list[Loop]) -> list[Loop]:
    """Every sum has an accumulator row of its own, in any order."""
    placed, rows = [], 1
    for loop in reversed(loops):
        placed.append(loop if loop.reduce else replace(loop, accumulator=rows))
        rows *= 1 if loop.reduce else loop.count
    return placed[::-1]


def _within_limit(record: Lookup, loops: list[Loop]) -> list[Lookup]:
    """One record for each iteration of a loop where there are too many: images first, then tiles (the core has no bases
    for coordinates, which other loops move)."""
    if len(loops) <= LOOPS:
        return [replace(record, loops=tuple(loops))]
    at = next(i for i, loop in enumerate(loops) if not (loop.reduce or loop.pool or loop.x or loop.y))
    loop, rest = loops[at], [*loops[:at], *loops[at + 1 :]]
    cut = []
    for i in range(loop.count):
        moved = {name: getattr(record, name) + i * getattr(loop, name)
                 for name in ("index", "shortcut", "window", "table", "dest")}
        moved |= {name: getattr(record, name) + i * loop.channel for name in ("constant", "codebook")}
        moved |= {name: base + i * loop.dest for name in ("residual", "store")
                  if (base := getattr(record, name)) is not None}
        cut += _within_limit(replace(record, **moved), rest)
    return cut
