"""Pass: constants of layers and codebooks of maps -> rows of constant memory and codebook memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lutdla.compiler.layer_plan import LayerPlan
from lutdla.compiler.misfit import Misfit
from lutdla.compiler.network import FeatureMap, IntegerNetwork
from lutdla.spec.config import CoreConfig


def constant_rows(plans: tuple[LayerPlan, ...], config: CoreConfig) -> npt.NDArray[np.int64]:
    """mult, bias and shift of all layers with a target: (rows, group, 3); channels past the last are 0."""
    rows = [np.zeros((0, config.group, 3), np.int64)]
    for plan in plans:
        if plan.target is None:
            continue
        layer = plan.layer
        part = np.zeros((plan.tiles * config.lanes, 3), np.int64)
        part[: layer.outputs] = np.stack([layer.mult, layer.bias, layer.shift], axis=1)
        rows.append(part.reshape(-1, config.group, 3))
        _check(rows, "constant_rows", layer.name, config.constant_rows)
    found = np.concatenate(rows)
    return found if len(found) else np.zeros((1, config.group, 3), np.int64)


def codebook_rows(network: IntegerNetwork, plans: tuple[LayerPlan, ...], config: CoreConfig) -> npt.NDArray[np.int8]:
    """Codebooks of the input map and of all targets: (rows, encoders, c, v); past the last subspace they are 0."""
    rows = _codebooks(network.input, network.layout.groups_per_pixel(config), config)
    _check(rows, "codebook_rows", "input", config.codebook_rows)
    for plan in plans:
        if plan.layer.target is not None:
            rows += _codebooks(plan.layer.target, plan.tiles * config.groups_per_row, config)
            _check(rows, "codebook_rows", plan.layer.name, config.codebook_rows)
    return np.concatenate(rows)


def _codebooks(feature_map: FeatureMap, groups: int, config: CoreConfig) -> list[npt.NDArray[np.int8]]:
    """Rows of each encoding: (groups, encoders, c, v)."""
    found = []
    for books in np.split(feature_map.codebooks, feature_map.encodings):
        rows = np.zeros((groups * config.encoders, config.c, config.v), np.int8)
        rows[: len(books)] = books
        found.append(rows.reshape(groups, config.encoders, config.c, config.v))
    return found


def _check(rows: list[npt.NDArray[np.generic]] | list[npt.NDArray[np.int8]] | list[npt.NDArray[np.int64]], memory: str,
           layer: str, limit: int) -> None:
    need = sum(map(len, rows))
    if need > limit:
        raise Misfit(layer, memory, need, limit, "up to and with this layer")
