"""Passes: integer network -> layer program + memory image -> artefact. No torch.

Before: layers in model order (`IntegerNetwork`). After: a validated `Artefact` for one configuration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lutdla.compiler.checks import check_network
from lutdla.compiler.constants import codebook_rows, constant_rows
from lutdla.compiler.dataflow import choose
from lutdla.compiler.emission import Draft
from lutdla.compiler.encodings import with_encodings
from lutdla.compiler.layer_plan import LayerPlan, plan_layers
from lutdla.compiler.layout import table_rows
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.network import IntegerNetwork
from lutdla.errors import CompileError, ProgramError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.hazards import needs_drain
from lutdla.spec.memory import MemoryImage, Piece
from lutdla.spec.program import Lookup, Program
from lutdla.spec.window import window_arrays


def assemble(network: IntegerNetwork, config: CoreConfig, provenance: dict[str, Any] | None = None, *,
             dataflow: str = "auto", batch: int | None = None) -> Artefact:
    """Lay a network out for a core.

    Args:
        network: its layers in integers.
        config: the core.
        provenance: JSON values to keep with it.
        dataflow: "resident" keeps all tables in the core; "stationary" streams them while a batch of images stays on
            chip as indices; "auto" streams what does not fit.
        batch: images of a pass, None: as many as predicted to be best.

    Raises:
        CompileError: names the layer, what does not fit, the limit and the fix.
    """
    network = with_encodings(network, config)
    check_network(network, config)
    plans, found = _draft(network, config, dataflow, batch)
    constants = constant_rows(plans, config)
    resident = [table_rows(tables.job.plan.layer, tables.layout, 0, config) for tables in found.resident]
    pieces = tuple(Piece(tables.group * config.c,
                         table_rows(tables.job.plan.layer, tables.layout, tables.job.tiles.start, config))
                   for tables in found.pieces)
    nothing = np.zeros((config.banks, 0, config.lanes), np.int8)
    image = MemoryImage(
        _drained(found, config), codebook_rows(network, plans, config), np.concatenate([nothing, *resident], axis=1),
        constants[..., 0], constants[..., 1], constants[..., 2], found.windows, pieces,
    )  # fmt: skip
    names = tuple(plans[owner].layer.name for owner in found.owners)
    try:
        image.validate(config)
    except ProgramError as error:
        which = ", ".join(f"record {i + 1} = {name}" for i, name in enumerate(names))
        raise CompileError(f"{error} ({which})") from error
    pixels = plans[-1].pixels
    return Artefact(config, image, network.input_shape, network.input_scale, network.input_zero_point,
                    np.tile(network.output_scale, pixels), np.tile(network.output_bias, pixels), network.layout,
                    ("input", *names), provenance or {}, pixels)


def _draft(network: IntegerNetwork, config: CoreConfig, dataflow: str,
           batch: int | None) -> tuple[tuple[LayerPlan, ...], Draft]:
    """The best draft; one with fewer windows and more steps where windows are too few."""
    plans = plan_layers(network, config)
    try:
        return plans, choose(network, plans, config, dataflow, batch)
    except Misfit as misfit:
        if misfit.memory != "window_rows":
            raise
    plans = plan_layers(network, config, frugal=True)
    return plans, choose(network, plans, config, dataflow, batch)


def _drained(found: Draft, config: CoreConfig) -> Program:
    """The program with `drain` where a record must wait for earlier rows."""
    needed = needs_drain(found.program, window_arrays(found.windows), config)
    return Program(tuple(replace(record, drain=True) if drain and isinstance(record, Lookup) else record
                         for record, drain in zip(found.program.records, needed)))
