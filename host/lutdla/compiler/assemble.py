"""Pass: integer network -> layer program + memory image -> artefact. No torch.

Before: layers in model order (`IntegerNetwork`). After: a validated `Artefact` for one configuration, tables
resident, output-stationary: for each tile of `lanes` channels, all steps of ports x blocks subspaces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.compiler.network import IntegerNetwork, LinearLayer
from lutdla.errors import CompileError, ProgramError
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import MemoryImage
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def assemble(network: IntegerNetwork, config: CoreConfig, provenance: dict[str, Any] | None = None) -> Artefact:
    """Lay a network out for a core.

    Raises:
        CompileError: names the layer, what does not fit, the limit and the fix.
    """
    layers = network.layers
    for before, layer in zip((None, *layers), layers):
        _check_layer(layer, before, config)
    regions = _index_regions(layers, config)
    codebooks, tables, constants, records = [], [], [], []
    codebook = constant = table = 0
    first_groups = _ceil(layers[0].subspaces, config.encoders)
    codebooks.append(_codebook_rows(layers[0], first_groups, config))
    records.append(EncodeInput(groups=first_groups, codebooks=first_groups, codebook=0, dest=regions[0] *
                               config.groups_per_word))
    codebook += first_groups
    for i, layer in enumerate(layers):
        last = i == len(layers) - 1
        steps, tiles = _steps(layer, config), _ceil(layer.outputs, config.lanes)
        groups = tiles * config.groups_per_row
        records.append(_lookup(layer, config, regions[i], table, None if last else
                               (constant, codebook, regions[i + 1] * config.groups_per_word)))
        tables.append(_table_rows(layer, config))
        table += tiles * steps
        if not last:
            codebooks.append(_codebook_rows(layers[i + 1], groups, config))
            constants.append(_constant_rows(layer, groups, config))
            codebook, constant = codebook + groups, constant + groups
    rows = np.concatenate(constants) if constants else np.zeros((1, config.group, 3), np.int64)
    image = MemoryImage(Program(tuple(records)), np.concatenate(codebooks), np.concatenate(tables, axis=1),
                        rows[..., 0], rows[..., 1], rows[..., 2])
    try:
        image.validate(config)
    except ProgramError as error:
        names = ", ".join(f"record {i + 1} = {layer.name}" for i, layer in enumerate(layers))
        raise CompileError(f"{error} ({names})") from error
    return Artefact(config, image, network.input_shape, network.input_scale, network.input_zero_point,
                    network.output_scale, network.output_bias, ("input", *(layer.name for layer in layers)),
                    provenance or {})


def _check_layer(layer: LinearLayer, before: LinearLayer | None, config: CoreConfig) -> None:
    _, c, v = layer.codebooks.shape
    if (v, c) != (config.v, config.c):
        raise CompileError(f"layer {layer.name}: trained with v={v}, c={c}, this core has v={config.v}, c={config.c}: "
                           "convert the layer with the core's v and c")
    if before is not None and _ceil(before.outputs, v) != layer.subspaces:
        raise CompileError(f"layer {layer.name}: takes {layer.subspaces * v} values, layer {before.name} gives "
                           f"{before.outputs}: they must agree")
    if layer.outputs % v and not layer.low <= 0 <= layer.high:
        raise CompileError(f"layer {layer.name}: {layer.outputs} outputs are filled up to a multiple of v={v} with 0, "
                           f"which its clamp {layer.low}..{layer.high} excludes: use a multiple of {v} outputs")
    worst = int(np.abs(layer.tables.astype(np.int64)).max(axis=1).sum(axis=0).max())
    if worst >= 1 << (config.acc_bits - 1):
        raise CompileError(f"layer {layer.name}: sums reach {worst}, acc_bits={config.acc_bits} holds "
                           f"{(1 << (config.acc_bits - 1)) - 1}: use acc_bits={worst.bit_length() + 1} or more")


def _steps(layer: LinearLayer, config: CoreConfig) -> int:
    return _ceil(layer.subspaces, config.banks)


def _index_regions(layers: tuple[LinearLayer, ...], config: CoreConfig) -> list[int]:
    """First index word of each layer's input; inputs alternate between two regions, so that a layer never
    overwrites what it reads."""
    words = [_ceil(_ceil(layers[0].subspaces, config.encoders), config.groups_per_word)]
    words += [_ceil(_ceil(layer.outputs, config.lanes) * config.groups_per_row, config.groups_per_word)
              for layer in layers[:-1]]
    second = max(words[0::2])
    return [second if i % 2 else 0 for i in range(len(words))]


def _lookup(layer: LinearLayer, config: CoreConfig, index: int, table: int,
            then: tuple[int, int, int] | None) -> Lookup:
    """The record of a layer. `then`: first constant row, codebook row and index group of its output, None at the
    end of the network."""
    steps, tiles = _steps(layer, config), _ceil(layer.outputs, config.lanes)
    words = _ceil(layer.subspaces, config.blocks)
    filled = layer.subspaces - (words - 1) * config.blocks  # indices in the last word
    per_row = 0 if then is None else config.groups_per_row
    constant, codebook, dest = then or (0, 0, 0)
    return Lookup(
        loops=(
            Loop(count=tiles, table=steps, channel=per_row, dest=per_row),
            Loop(count=steps, reduce=True, index=config.ports, table=1),
        ),
        port_offsets=tuple(range(config.ports)), last_word=index + words - 1, block_mask=(1 << filled) - 1,
        index=index, table=table, constant=constant, codebook=codebook, dest=dest, low=layer.low, high=layer.high,
        to_output=then is None,
    )  # fmt: skip


def _codebook_rows(layer: LinearLayer, groups: int, config: CoreConfig) -> npt.NDArray[np.int8]:
    """(groups, encoders, c, v); codebooks past the layer's subspaces are 0."""
    rows = np.zeros((groups * config.encoders, config.c, config.v), np.int8)
    rows[: layer.subspaces] = layer.codebooks
    return rows.reshape(groups, config.encoders, config.c, config.v)


def _constant_rows(layer: LinearLayer, groups: int, config: CoreConfig) -> npt.NDArray[np.int64]:
    """(groups, group, 3): mult, bias, shift; channels past the layer's outputs are 0."""
    rows = np.zeros((groups * config.group, 3), np.int64)
    rows[: layer.outputs] = np.stack([layer.mult, layer.bias, layer.shift], axis=1)
    return rows.reshape(groups, config.group, 3)


def _table_rows(layer: LinearLayer, config: CoreConfig) -> npt.NDArray[np.int8]:
    """(banks, tiles * steps * c, lanes): tile by tile, step by step; missing subspaces and channels are 0."""
    steps, tiles = _steps(layer, config), _ceil(layer.outputs, config.lanes)
    full = np.zeros((steps * config.banks, config.c, tiles * config.lanes), np.int8)
    full[: layer.subspaces, :, : layer.outputs] = layer.tables
    split = full.reshape(steps, config.banks, config.c, tiles, config.lanes)
    return np.ascontiguousarray(split.transpose(1, 3, 0, 2, 4)).reshape(config.banks, -1, config.lanes)
