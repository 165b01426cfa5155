"""Pass: a dataflow -> program.

Before: plans of layers and a dataflow. After: records, windows, and which layout fills which table rows; no table is
filled yet, so that many dataflows can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lutdla.compiler.allocation import Places
from lutdla.compiler.jobs import Dataflow, Job, jobs
from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.layout import TileLayout, WindowPool, lay_out
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.network import IntegerNetwork
from lutdla.compiler.records import TablePlace, records
from lutdla.spec.config import CoreConfig
from lutdla.spec.program import EncodeInput, Lookup, Program
from lutdla.spec.window import Window


@dataclass(frozen=True, eq=False)
class Tables:
    """Table rows of a job: from group `group` on."""

    job: Job
    layout: TileLayout
    group: int


@dataclass(frozen=True, eq=False)
class Draft:
    """A program whose tables are not filled yet.

    Attributes:
        program: its records.
        owners: layer number of each record but the first.
        windows: rows of the window memory.
        resident: tables that stay, by group.
        pieces: tables of each piece, in order.
        groups: resident table groups.
        places: of the maps.
        flow: the dataflow.
    """

    program: Program
    owners: tuple[int, ...]
    windows: tuple[Window, ...]
    resident: tuple[Tables, ...]
    pieces: tuple[Tables, ...]
    groups: int
    places: Places
    flow: Dataflow


def draft(network: IntegerNetwork, plans: tuple[LayerPlan, ...], flow: Dataflow, places: Places,
          shared: frozenset[int], config: CoreConfig) -> Draft:
    """Lay a program out. `shared`: layers whose tiles share table groups.

    Raises:
        Misfit: a memory is too small.
    """
    name = network.input.name
    todo = jobs(plans, flow, config)
    _check_records(len(todo), todo, config)  # here too, before the work that many jobs are
    layouts = _layouts(todo, shared, config)
    resident: dict[int, Tables] = {}
    group = 0
    for job, layout in zip(todo, layouts):
        if not job.streamed and job.plan.number not in resident:
            resident[job.plan.number] = Tables(job, layout, group)
            group += layout.groups
    half = max((layout.groups for job, layout in zip(todo, layouts) if job.streamed), default=0)
    need = (group + 2 * half) * config.c
    if need > config.table_rows:
        largest = max(plans, key=lambda plan: plan.tiles * plan.reduction.groups)
        raise Misfit(largest.layer.name, "table_rows", need, config.table_rows, "it has the largest tables",
                     "dataflow='stationary', which streams them" if not flow.streamed else "")
    pool, pieces, found, owners = WindowPool(), [], [], []
    placed: dict[int, int] = {}  # by the identity of a layout
    for job, layout in zip(todo, layouts):
        tables = resident.get(job.plan.number)
        if job.streamed:
            tables = Tables(job, layout, group + len(pieces) % 2 * half)
            pieces.append(tables)
        assert tables is not None, "a layer's tables stay or are streamed"
        if id(layout) not in placed:
            placed[id(layout)] = pool.place(layout.windows)
        at = TablePlace(tables.group, placed[id(layout)], layout.table, layout.window)
        new = records(job, places, at, config)
        if job.streamed:
            new[0] = replace(new[0], wait_tables=True)
            new[-1] = replace(new[-1], free_tables=True)
        found += new
        owners += [(job, i) for i in range(len(new))]
    _check(pool, found, plans, owners, config)
    frames = EncodeInput(network.layout.groups(config), network.layout.groups_per_pixel(config), 0,
                         places.index[name].start * config.groups_per_word)
    _take_input(found, owners, name)
    return Draft(Program((frames, *found)), tuple(job.plan.number for job, _ in owners), tuple(pool.rows),
                 tuple(resident.values()), tuple(pieces), group, places, flow)


def _layouts(todo: list[Job], shared: frozenset[int], config: CoreConfig) -> list[TileLayout]:
    """The layout of each job; jobs that differ in their images alone have the same one."""
    made: dict[tuple[int, int], TileLayout] = {}
    found = []
    for job in todo:
        key = id(job.reduction), len(job.tiles)
        if key not in made:
            made[key] = lay_out(job.reduction, len(job.tiles), job.plan.number in shared, config)
        found.append(made[key])
    return found


def _take_input(found: list[Lookup], owners: list[tuple[Job, int]], name: str) -> None:
    """For each image, the first record that reads the frame waits for it, the last one frees it."""
    readers: dict[int, list[int]] = {}
    for i, (job, _) in enumerate(owners):
        if name in job.plan.reads():
            readers.setdefault(job.images.start, []).append(i)
    for at in readers.values():
        found[at[0]] = replace(found[at[0]], wait_input=True)
        found[at[-1]] = replace(found[at[-1]], free_input=True)


def _check(pool: WindowPool, found: list[Lookup], plans: tuple[LayerPlan, ...], owners: list[tuple[Job, int]],
           config: CoreConfig) -> None:
    if len(pool.rows) > config.window_rows:
        largest = max(plans, key=lambda plan: len(plan.reduction.windows))
        raise Misfit(largest.layer.name, "window_rows", len(pool.rows), config.window_rows, "it needs the most windows")
    _check_records(len(found), [job for job, _ in owners], config)


def _check_records(count: int, owners: list[Job], config: CoreConfig) -> None:
    if count + 1 > config.program_rows:
        last = owners[config.program_rows - 1].plan.layer.name
        raise Misfit(last, "program_rows", count + 1, config.program_rows, "", "a smaller batch")
