"""Pass: choose the dataflow.

Before: plans of layers. After: the draft of the program that takes the fewest cycles an image, as `cost` predicts them.
Tables stay in the core where all fit. Where they do not, those with the most bytes late in the network are streamed,
while a batch of images stays on chip as indices.
"""

from __future__ import annotations

from collections.abc import Iterator

from lutdla.compiler.cost import predict
from lutdla.compiler.emission import Draft, draft
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
        try:
            return draft(network, plans, Dataflow(batch, together), shared, config)
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
    """The cheapest way that streams some layers."""
    best: tuple[float, Draft] | None = None
    misfits: list[Misfit] = [] if reason is None else [reason]
    for flow in _flows(network, plans, config, batch):
        try:
            found = draft(network, plans, flow, frozenset(), config)
        except Misfit as misfit:
            misfits.append(misfit)
            continue
        rows = [tables.layout.groups * config.c for tables in found.pieces]
        cycles = predict(found.program, rows, config).cycles_per_pass / flow.batch
        if best is None or cycles < best[0]:
            best = (cycles, found)
    if best is None:
        # the one that is nearest to fitting says most
        raise min(misfits, key=lambda misfit: misfit.need / misfit.limit)
    return best[1]


def _flows(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig,
           batch: int | None) -> Iterator[Dataflow]:
    """Dataflows that may be good: the layers with the most table bytes streamed, halves as large as there is room."""
    order = sorted(plans, key=lambda plan: (-plan.tiles * plan.reduction.groups, -plan.number))
    total, lowest = config.table_rows // config.c, _last_reader(network, plans) + 1
    for count in range(1, len(plans) + 1):
        streamed = frozenset(plan.number for plan in order[:count])
        resident = sum(plan.tiles * plan.reduction.groups for plan in plans if plan.number not in streamed)
        half = (total - resident) // 2
        if half < 1:
            continue
        for images in BATCHES if batch is None else (batch,):
            starts = range(lowest, len(plans)) if images > 1 else (len(plans),)
            for together in starts or (len(plans),):
                yield Dataflow(images, together, streamed, half)
