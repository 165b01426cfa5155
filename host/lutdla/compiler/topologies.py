"""Networks that people know, with random weights: for planning, benchmarks and tests of programs."""

from __future__ import annotations

from collections.abc import Callable

from lutdla.compiler.network import IntegerNetwork
from lutdla.compiler.random_network import NetworkBuilder
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig

__all__ = ["TOPOLOGIES", "topology"]


def _lenet5(config: CoreConfig, seed: int) -> IntegerNetwork:
    """28 x 28 x 1, two 5 x 5 convolutions with max-pooling, three fully connected layers."""
    net = NetworkBuilder(config, (1, 28, 28), slice=1, seed=seed)
    at = net.conv("input", 6, 5, padding=2, pool=2, low=0, name="conv1")
    at = net.conv(at, 16, 5, pool=2, low=0, name="conv2")
    at = net.conv(at, 120, 5, low=0, name="fc1")
    at = net.conv(at, 84, low=0, name="fc2")
    return net.build(at, 10, name="fc3")


def _resnet(config: CoreConfig, seed: int, blocks: int) -> IntegerNetwork:
    """32 x 32 x 3, three stages of residual blocks with 16, 32 and 64 channels, global average pooling."""
    net = NetworkBuilder(config, (3, 32, 32), slice=1, seed=seed)
    at, stage_channels = net.conv("input", 16, 3, padding=1, low=0, name="stem"), (16, 32, 64)
    for stage, channels in enumerate(stage_channels):
        for block in range(blocks):
            name, narrow = f"stage{stage + 1}.{block}", stage > 0 and block == 0
            inner = net.conv(at, channels, 3, stride=2 if narrow else 1, padding=1, low=0, name=f"{name}.conv1")
            at = net.conv(inner, channels, 3, padding=1, low=0, name=f"{name}.conv2", shortcut=at if narrow else None,
                          shortcut_stride=2, residual=None if narrow else at)
    return net.build(at, 10, average=True, name="fc")


def _vgg_small(config: CoreConfig, seed: int) -> IntegerNetwork:
    """32 x 32 x 3, six 3 x 3 convolutions of 128, 256 and 512 channels, max-pooling behind every second one."""
    net, at = NetworkBuilder(config, (3, 32, 32), slice=1, seed=seed), "input"
    for number, channels in enumerate((128, 128, 256, 256, 512, 512)):
        at = net.conv(at, channels, 3, padding=1, pool=2 if number % 2 else 1, low=0, name=f"conv{number + 1}")
    return net.build(at, 10, name="fc")


def _autoencoder(config: CoreConfig, seed: int) -> IntegerNetwork:
    """640 values, four layers of 128, a bottleneck of 8, four of 128, 640 values again."""
    net, at = NetworkBuilder(config, (640,), seed=seed), "input"
    for number, channels in enumerate((128, 128, 128, 128, 8, 128, 128, 128, 128)):
        at = net.conv(at, channels, low=0, name=f"fc{number + 1}")
    return net.build(at, 640, name="fc10")


def _kws(config: CoreConfig, seed: int) -> IntegerNetwork:
    """Keywords from 49 frames of 10 coefficients: a 10 x 4 convolution, 3 x 3 ones of 64 channels, global average."""
    net = NetworkBuilder(config, (1, 49, 10), slice=1, seed=seed)
    at = net.conv("input", 64, (10, 4), stride=2, padding=(4, 1), low=0, name="conv1")
    for number in range(2, 5):
        at = net.conv(at, 64, 3, padding=1, low=0, name=f"conv{number}")
    return net.build(at, 12, average=True, name="fc")


TOPOLOGIES: dict[str, Callable[[CoreConfig, int], IntegerNetwork]] = {
    "lenet5": _lenet5,
    "resnet8": lambda config, seed: _resnet(config, seed, 1),
    "resnet20": lambda config, seed: _resnet(config, seed, 3),
    "vgg-small": _vgg_small,
    "autoencoder": _autoencoder,
    "kws": _kws,
}
"""Name -> network of a core's v and c."""


def topology(name: str, config: CoreConfig, seed: int = 0) -> IntegerNetwork:
    """A known network with random weights.

    Raises:
        CompileError: no such name: lists those there are.
    """
    if name not in TOPOLOGIES:
        raise CompileError(f"unknown topology {name!r}: use one of {', '.join(TOPOLOGIES)}")
    return TOPOLOGIES[name](config, seed)
