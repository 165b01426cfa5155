"""Pass: choose the dataflow.

Before: plans of layers. After: the draft of the program that takes the fewest cycles an image, as `cost` predicts them.
Tables stay in the core where all fit. Where they do not, those with the most bytes late in the network are streamed,
while a batch of images stays on chip as indices.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from lutdla.compiler.allocation import Places, allocate
from lutdla.compiler.cost import predict
from lutdla.compiler.emission import Draft, draft
from lutdla.compiler.geometry import ceil_div
from lutdla.compiler.jobs import Dataflow
from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.layout import lay_out, sharers
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.network import IntegerNetwork
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig

DATAFLOWS = ("auto", "resident", "stationary")

BATCHES = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 48, 64)
"""Images of a pass that are tried where none are asked for."""

MOST_DRAFTS = 200
"""Programs that are drawn up before the best of them is taken."""


class Memories:
    """Places of the maps for each batch; what did not fit once is not tried again."""

    def __init__(self, network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig) -> None:
        self.network, self.plans, self.config = network, plans, config
        self.found: dict[tuple[int, int], Places | Misfit] = {}

    def places(self, flow: Dataflow) -> Places | Misfit:
        """Where maps lie, or what is too small."""
        key = (flow.together, flow.batch)
        if key not in self.found:
            try:
                self.found[key] = allocate(self.plans, self.network.input.name, *key, self.config)
            except Misfit as misfit:
                self.found[key] = misfit
        return self.found[key]


def choose(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig, dataflow: str,
           batch: int | None) -> Draft:
    """The best draft.

    Raises:
        CompileError: nothing fits: names the layer, the memory, its need, the limit and the fix.
    """
    if dataflow not in DATAFLOWS:
        raise CompileError(f"dataflow is {dataflow!r}: use one of {', '.join(DATAFLOWS)}")
    if batch is not None and not 1 <= batch <= 1 << 14:
        raise CompileError(f"batch is {batch}: it must be 1..{1 << 14}, or None")
    reason: Misfit | None = None
    if dataflow != "stationary":
        try:
            return _resident(network, plans, config, batch or 1)
        except Misfit as misfit:
            if dataflow == "resident" or misfit.memory != "table_rows":
                raise
            reason = misfit
    return _stationary(network, plans, config, batch, reason)


def _last_reader(network: IntegerNetwork, plans: tuple[LayerPlan, ...]) -> int:
    return max(plan.number for plan in plans if network.input.name in plan.reads())


def _resident(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig, batch: int) -> Draft:
    """All tables stay; layers run image by image as far as the program has room for their records."""
    shared = _shared(plans, config)
    lowest = _last_reader(network, plans) + 1 if batch > 1 else len(plans)
    misfit: Misfit | None = None
    for together in range(len(plans), lowest - 1, -1):
        if misfit is not None and together * batch + len(plans) - together >= config.program_rows:
            continue  # nor has the program room for these, a record each
        try:
            flow = Dataflow(batch, together)
            places = allocate(plans, network.input.name, flow.together, flow.batch, config)
            return draft(network, plans, flow, places, shared, config)
        except Misfit as error:
            if error.memory != "program_rows" and misfit is None:
                raise
            misfit = misfit or error
    assert misfit is not None, "one was tried"
    raise misfit


def _shared(plans: tuple[LayerPlan, ...], config: CoreConfig) -> frozenset[int]:
    """Layers whose tiles share groups, most groups saved for a window first, until all tables fit."""
    groups = sum(plan.tiles * plan.reduction.groups for plan in plans)
    offers = []
    for plan in plans:
        if sharers(plan.reduction, plan.tiles, config.ports) > 1:
            layout = lay_out(plan.reduction, plan.tiles, True, config)
            saved = plan.tiles * plan.reduction.groups - layout.groups
            offers.append((saved / len(layout.windows), saved, plan.number))
    shared = set()
    for _, saved, number in sorted(offers, reverse=True):
        if groups * config.c <= config.table_rows:
            break
        shared.add(number)
        groups -= saved
    return frozenset(shared)


def _stationary(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig, batch: int | None,
                reason: Misfit | None) -> Draft:
    """The cheapest way that streams some layers: best bound first, until no bound is below what was found."""
    best: tuple[float, Draft] | None = None
    misfits: list[Misfit] = [] if reason is None else [reason]
    memories = Memories(network, plans, config)
    drafts = 0
    for bound, flow in sorted(_flows(network, plans, config, batch), key=lambda offer: _order(*offer)):
        if drafts >= MOST_DRAFTS or (best is not None and bound >= best[0]):
            break
        places = memories.places(flow)
        if isinstance(places, Misfit):
            misfits.append(places)
            continue
        drafts += 1
        try:
            found = draft(network, plans, flow, places, frozenset(), config)
        except Misfit as misfit:
            misfits.append(misfit)
            continue
        rows = [tables.layout.groups * config.c for tables in found.pieces]
        cycles = predict(found.program, rows, config).cycles_per_pass / flow.batch
        if best is None or cycles < best[0]:
            best = (cycles, found)
    if best is not None:
        return best[1]
    if not misfits:
        largest = max(plans, key=lambda plan: plan.tiles * plan.reduction.groups)
        resident = sum(plan.tiles * plan.reduction.groups for plan in plans)
        raise Misfit(largest.layer.name, "table_rows", (resident + 2) * config.c, config.table_rows,
                     "it has the largest tables")
    # the one that is nearest to fitting says most; some would fit, if it were not for other tables
    told = [misfit for misfit in misfits if misfit.need > misfit.limit] or misfits
    raise min(told, key=lambda misfit: misfit.need / misfit.limit)


def _order(bound: float, flow: Dataflow) -> tuple[float, ...]:
    """Of equal bounds, a small batch first, then large pieces and few records."""
    return bound, flow.batch, -flow.half, flow.together


def _flows(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig,
           batch: int | None) -> Iterator[tuple[float, Dataflow]]:
    """Dataflows that may be good, each with cycles an image that it takes at least."""
    groups = [plan.tiles * plan.reduction.groups for plan in plans]
    group_beats, count = config.c * config.beats_per_word("table") * config.banks, len(plans)
    steps = [0, *accumulate(plan.tiles * plan.pixels * plan.reduction.steps for plan in plans)]  # of the first layers
    lowest, total = _last_reader(network, plans) + 1, sum(groups)
    for streamed in _streamed(groups):
        taken = [groups[i] if i in streamed else 0 for i in range(count)]
        half = (config.table_rows // config.c - total + sum(taken)) // 2
        if half < 1:
            continue
        sizes = sorted(size for size in {half, half - 1, half // 2, 1} if size)
        pieces = [0, *accumulate(_pieces(plan, half) if plan.number in streamed else 1 for plan in plans)]
        beats = [0, *(group_beats * amount for amount in accumulate(taken))]
        last = group_beats * taken[-1] if groups[-1] > half else 0  # comes again for each image, wherever it runs
        for images in BATCHES if batch is None else (batch,):
            for together in range(min(lowest, count), count + 1) if images > 1 else (count,):
                if pieces[together] * images + pieces[-1] - pieces[together] >= config.program_rows:
                    break  # nor has the program room where more layers run image by image
                again = beats[together] + (last if together < count else 0)
                late, early = beats[-1] - again, again * images
                ahead = 0 if early else steps[together] * images + late - 2 * half * group_beats
                bound = max(late + early, steps[-1] * images, ahead) / images
                for size in sizes:
                    yield bound, Dataflow(images, together, streamed, size)


def _pieces(plan: LayerPlan, half: int) -> int:
    """Pieces of a layer's tables, about."""
    per_tile = plan.reduction.groups
    return ceil_div(plan.tiles, half // per_tile) if per_tile <= half else plan.tiles * ceil_div(per_tile, max(1, half))


def _streamed(groups: list[int]) -> list[frozenset[int]]:
    """Layers that may be streamed together: those with the most groups, or the last ones, with or without the very
    last."""
    largest = sorted(range(len(groups)), key=lambda i: (-groups[i], -i))
    found = {frozenset(largest[:count]) for count in range(1, len(groups) + 1)}
    for first in range(len(groups)):
        late = frozenset(range(first, len(groups)))
        found |= {late, late - {len(groups) - 1}}
        # early layers with large tables join them
        found |= {late | frozenset(largest[:count]) for count in range(1, 4)}
    return sorted(found - {frozenset()}, key=sorted)
