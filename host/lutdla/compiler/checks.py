"""Pass: check that a network is one that this core computes. Nothing is changed."""

from __future__ import annotations

import numpy as np

from lutdla.compiler.network import FeatureMap, IntegerNetwork, LookupLayer, Operand
from lutdla.compiler.reduction import covers
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig


def check_network(network: IntegerNetwork, config: CoreConfig) -> None:
    """Check names, shapes, vector lengths and sums.

    Raises:
        CompileError: names the layer, the values and the fix.
    """
    if not network.layers:
        raise CompileError("the network has no layers: convert a model with at least one")
    known = {network.input.name: network.input}
    layout = network.layout
    if layout.map_shape != (network.input.channels, network.input.height, network.input.width) or (
            layout.slice != network.input.slice):
        raise CompileError(f"input map {network.input.name} is {_shape(network.input)} in slices of "
                           f"{network.input.slice}, its layout gives {layout.map_shape} in slices of {layout.slice}: "
                           "they must agree")
    _check_map(network.input, "input", config)
    for number, layer in enumerate(network.layers):
        last = number == len(network.layers) - 1
        where = f"layer {layer.name}"
        for operand in filter(None, (layer.operand, layer.shortcut)):
            if operand.source not in known:
                raise CompileError(f"{where}: reads map {operand.source}, which no earlier layer writes")
            _check_operand(where, operand, known[operand.source], layer)
        _check_shape(where, layer, known)
        if layer.shortcut is not None:
            _check_shortcut(where, layer.shortcut, layer, known[layer.shortcut.source])
        if (layer.target is None) != last:
            raise CompileError(f"{where}: the last layer, and no other, gives its sums to the host and has no target")
        if layer.target is not None:
            _check_target(where, layer, layer.target, known, config)
        if layer.residual is not None:
            _check_residual(where, layer, known, network.input.name)
        _check_sums(where, layer, config)
        if layer.target is not None:
            known[layer.target.name] = layer.target
    used = {operand.source for layer in network.layers for operand in (layer.operand, layer.shortcut) if operand}
    unread = set(known) - used - {layer.residual for layer in network.layers}
    if unread:
        raise CompileError(f"map {min(unread)} is read by no layer: leave out the layer that writes it")


def _shape(feature_map: FeatureMap) -> tuple[int, int, int]:
    return feature_map.channels, feature_map.height, feature_map.width


def _check_map(feature_map: FeatureMap, where: str, config: CoreConfig) -> None:
    subspaces, v = feature_map.codebooks.shape[0], feature_map.codebooks.shape[2]
    blocks = -(-feature_map.channels // feature_map.slice) if feature_map.slice > 0 else 0
    if not 1 <= feature_map.slice <= v or subspaces != blocks * feature_map.encodings:
        raise CompileError(f"{where}: map {feature_map.name} has {feature_map.channels} channels in slices of "
                           f"{feature_map.slice} and {subspaces} codebooks: they must agree, and a slice has 1..{v}")


def _check_operand(where: str, operand: Operand, source: FeatureMap, layer: LookupLayer) -> None:
    taps, subspaces, c, outputs = operand.tables.shape
    want = (operand.kernel[0] * operand.kernel[1], source.subspaces, source.codebooks.shape[1], layer.outputs)
    if (taps, subspaces, c, outputs) != want:
        raise CompileError(f"{where}: takes {subspaces} subspaces with kernel {operand.kernel}, map {source.name} "
                           f"gives {source.subspaces}: tables have shape {operand.tables.shape}, they must have {want}")
    for what, values, low, high in (("kernel", operand.kernel, 1, 1 << 14), ("stride", operand.stride, 1, 1 << 14),
                                    ("average", operand.average, 1, 1 << 14), ("padding", operand.padding, 0, 127)):
        if not low <= min(values) <= max(values) <= high:
            raise CompileError(f"{where}: {what} is {values}, it must be {low}..{high}")
    if covers(layer, operand, source):
        return
    expanded = layer.shortcut is not None or layer.pool != (1, 1)
    for axis, size in ((0, source.height), (1, source.width)):
        low = -operand.padding[axis] * operand.average[axis]
        high = (operand.kernel[axis] - operand.padding[axis] - 1) * operand.average[axis]
        high += operand.average[axis] - 1 if expanded else 0
        if low < -128 or high > 127:
            raise CompileError(f"{where}: a window reaches {low}..{high} pixels, a port reaches -128..127: use a "
                               "smaller kernel")
        sums = (layer.height, layer.width)[axis]
        if layer.shortcut is not None and operand is layer.operand and (
                ((sums - 1) * operand.stride[axis] + 1) * operand.average[axis] > size):
            raise CompileError(f"{where}: its padding {operand.padding} places windows behind the end of map "
                               f"{source.name}, where a shortcut would be masked: use less padding, or no shortcut")


def _check_shape(where: str, layer: LookupLayer, known: dict[str, FeatureMap]) -> None:
    if min(layer.height, layer.width, *layer.pool, *layer.pool_stride) < 1:
        raise CompileError(f"{where}: {layer.height} x {layer.width} pixels, pool {layer.pool}, stride "
                           f"{layer.pool_stride}: they must be 1 or more")
    if layer.target is None:
        if layer.residual is not None or layer.pool != (1, 1):
            raise CompileError(f"{where}: is last with pool {layer.pool}, residual {layer.residual}: the last layer "
                               "gives plain sums")
        return
    for axis, (size, what) in enumerate(((layer.height, "height"), (layer.width, "width"))):
        pooled = (size - layer.pool[axis]) // layer.pool_stride[axis] + 1
        if pooled != (layer.target.height, layer.target.width)[axis]:
            raise CompileError(f"{where}: gives {what} {pooled} behind its pool, map {layer.target.name} has "
                               f"{(layer.target.height, layer.target.width)[axis]}: they must agree")


def _check_shortcut(where: str, shortcut: Operand, layer: LookupLayer, source: FeatureMap) -> None:
    if shortcut.kernel != (1, 1) or shortcut.padding != (0, 0):
        raise CompileError(f"{where}: its shortcut has kernel {shortcut.kernel} and padding {shortcut.padding}: a "
                           "shortcut is a 1 x 1 convolution without padding")
    for axis, (size, sums) in enumerate(((source.height, layer.height), (source.width, layer.width))):
        if ((sums - 1) * shortcut.stride[axis] + 1) * shortcut.average[axis] > size:
            raise CompileError(f"{where}: its shortcut reads past the end of map {source.name}: its stride "
                               f"{shortcut.stride} must be the convolution's")


def _check_target(where: str, layer: LookupLayer, target: FeatureMap, known: dict[str, FeatureMap],
                  config: CoreConfig) -> None:
    _check_map(target, where, config)
    if target.name in known:
        raise CompileError(f"{where}: writes map {target.name}, which exists: a map is written once")
    if target.channels != layer.outputs or target.slice != config.v:
        raise CompileError(f"{where}: gives {layer.outputs} channels, map {target.name} has {target.channels} in "
                           f"slices of {target.slice}: they must agree, in slices of v={config.v}")
    if layer.outputs % config.v and not layer.low <= 0 <= layer.high:
        raise CompileError(f"{where}: {layer.outputs} outputs are filled up to a multiple of v={config.v} with 0, "
                           f"which its clamp {layer.low}..{layer.high} excludes: use a multiple of {config.v} outputs")
    for name in ("mult", "bias", "shift"):
        if getattr(layer, name).shape != (layer.outputs,):
            raise CompileError(f"{where}: {name} has shape {getattr(layer, name).shape}, it must be ({layer.outputs},)")


def _check_residual(where: str, layer: LookupLayer, known: dict[str, FeatureMap], input_name: str) -> None:
    assert layer.residual is not None
    if layer.residual == input_name:
        raise CompileError(f"{where}: adds the network's input: only maps that a layer writes are kept as values")
    if layer.residual not in known:
        raise CompileError(f"{where}: adds map {layer.residual}, which no earlier layer writes")
    if layer.pool != (1, 1):
        raise CompileError(f"{where}: adds map {layer.residual} and max-pools: the core adds and writes at the same "
                           "place: use a stride in the next layer instead of the pool")
    if _shape(known[layer.residual]) != (layer.outputs, layer.height, layer.width):
        raise CompileError(f"{where}: adds map {layer.residual} of shape {_shape(known[layer.residual])} to "
                           f"{(layer.outputs, layer.height, layer.width)}: they must agree")


def _check_sums(where: str, layer: LookupLayer, config: CoreConfig) -> None:
    worst = np.zeros(layer.outputs, np.int64)
    for operand in filter(None, (layer.operand, layer.shortcut)):
        largest = np.abs(operand.tables.astype(np.int64)).max(axis=2).sum(axis=(0, 1))  # (N,)
        worst += largest * operand.average[0] * operand.average[1]
    if worst.max() >= 1 << (config.acc_bits - 1):
        raise CompileError(f"{where}: sums reach {worst.max()}, acc_bits={config.acc_bits} holds "
                           f"{(1 << (config.acc_bits - 1)) - 1}: use "
                           f"acc_bits={int(worst.max()).bit_length() + 1} or more")
