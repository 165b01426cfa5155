"""What folds into the layer before it: batch norm, clamps, max-pooling; and what does nothing."""

from __future__ import annotations

from typing import Any

from torch import fx, nn
from torch.nn import functional as F

from lutdla.errors import CompileError
from lutdla.nn.activations import is_monotone
from lutdla.nn.graph import Network, Value
from lutdla.nn.parts.common import arguments, before, open_step, pair_of


def take_nothing(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """Dropout and the like: nothing at run time."""
    return before(network, node)


def take_normalize(network: Network, node: fx.Node, module: Any, where: str) -> Value:
    """Scaling of the input: folds into the first layer."""
    value = before(network, node)
    if value.source is not network.input or network.steps or network.normalize or value.average != (1, 1):
        raise CompileError(f"{where}: it can stand once, before the first layer: move it there, or use a batch norm")
    network.normalize = module
    return value


def take_batch_norm(network: Network, node: fx.Node, module: Any, where: str) -> Value:
    """Batch norm: folds into weights and bias."""
    step, value = open_step(network, node, where, "a batch norm")
    if not step.is_linear or step.main.batch_norm or step.shortcut:
        raise CompileError(f"{where}: it folds into the nn.Conv2d or nn.Linear right before it, here is none: move it")
    if module.running_mean is None:
        raise CompileError(f"{where}: it keeps no running statistics: use track_running_stats=True")
    if module.num_features != step.channels:
        raise CompileError(f"{where}: it takes {module.num_features} channels, layer {step.name} gives "
                           f"{step.channels}: they must agree")
    step.main.batch_norm = module
    return value


def take_clamp(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """ReLU, ReLU6, Hardtanh: the clamp of the requantised values."""
    step, value = open_step(network, node, where, "a ReLU or clamp")
    if step.activation is not None:
        raise CompileError(f"{where}: layer {step.name} already has an activation ({step.activation}), clamps come "
                           "before it: leave one of them out")
    if isinstance(module, nn.ReLU6) or node.target is F.relu6:
        low, high = 0.0, 6.0
    elif isinstance(module, nn.Hardtanh) or node.target is F.hardtanh:
        given = arguments(node, module, {"min_val": -1.0, "max_val": 1.0})
        low, high = float(given["min_val"]), float(given["max_val"])
    else:
        low, high = 0.0, float("inf")
    if not low <= 0 <= high:
        raise CompileError(f"{where}: it clamps to {low}..{high}, int8 activations hold 0: use a range with 0 in it")
    step.low = low if step.low is None else max(low, step.low)
    step.high = high if step.high is None else min(high, step.high)
    return value


def take_max_pool(network: Network, node: fx.Node, module: nn.Module | None, where: str) -> Value:
    """Max-pooling behind the clamp, or before it, which is the same."""
    step, value = open_step(network, node, where, "max-pooling")
    given = arguments(node, module, {"kernel_size": None, "stride": None, "padding": 0, "dilation": 1,
                                      "ceil_mode": False, "return_indices": False})
    for name, usual in (("padding", 0), ("dilation", 1), ("ceil_mode", False), ("return_indices", False)):
        if given[name] not in (usual, (usual,), (usual, usual)):
            raise CompileError(f"{where}: it has {name}={given[name]}: use {name}={usual}, whole windows inside the "
                               "map")
    if step.pool != (1, 1) or value.rank == 1:
        raise CompileError(f"{where}: max-pooling follows a convolution, here is none: pool once, with a larger kernel")
    if step.activation is not None and not is_monotone(step.activation):
        raise CompileError(f"{where}: it follows {step.activation}, which falls in places, so that the largest value "
                           "before it need not be the largest behind it: pool before the activation")
    pool = pair_of(given["kernel_size"], value.rank)
    stride = pair_of(given["stride"], value.rank) if given["stride"] else pool
    height, width = ((size - kernel) // by + 1 for size, kernel, by in zip(value.size[1:], pool, stride))
    if min(height, width) < 1:
        raise CompileError(f"{where}: its window {pool[0]} x {pool[1]} does not fit into {step.height} x {step.width} "
                           "pixels: use a smaller window")
    step.pool, step.pool_stride, step.height, step.width = pool, stride, height, width
    return value
