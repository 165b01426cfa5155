"""Networks of the benchmarks, as plain untrained torch models: `build("resnet8")`. torch comes with first use."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lutdla.errors import InputError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelInfo:
    """A network of the registry.

    Attributes:
        module: where the function that builds it is, which has the network's name.
        input_shape: of one input, without the batch, unless asked for otherwise.
        outputs: values of a result, unless asked for otherwise.
        about: one line.
        classifies: results are classes; otherwise they are as large as the input.
    """

    module: str
    input_shape: tuple[int, ...]
    outputs: int
    about: str
    classifies: bool = True


MODELS = {
    "mlp": ModelInfo("mlp", (28, 28), 10, "two hidden layers of 256: uint8 images, 10 classes"),
    "lenet5": ModelInfo("lenet5", (1, 28, 28), 10, "LeNet-5 with ReLU: grey images, 10 classes"),
    "resnet8": ModelInfo("resnet", (3, 32, 32), 10, "ResNet-8 of MLPerf Tiny: image classification"),
    "resnet20": ModelInfo("resnet", (3, 32, 32), 10, "ResNet-20 with 1 x 1 convolutions as shortcuts"),
    "vgg_small": ModelInfo("vgg_small", (3, 32, 32), 10, "VGG-small: six 3 x 3 convolutions, max-pooling"),
    "autoencoder": ModelInfo("autoencoder", (640,), 640, "autoencoder of MLPerf Tiny: anomaly detection in sound",
                             classifies=False),
    "shuttle_autoencoder": ModelInfo("autoencoder", (9,), 9, "autoencoder of the Shuttle set: anomaly detection",
                                     classifies=False),
    "kws": ModelInfo("kws", (1, 49, 10), 12, "keyword spotting on MFCC features, full convolutions only"),
}
"""Name -> network."""


def build(name: str, *, seed: int = 0, shape: Sequence[int] | None = None, classes: int | None = None,
          **options: Any) -> nn.Module:
    """An untrained network in eval mode; the seed decides its weights.

    Args:
        name: of `MODELS`.
        seed: of the weights.
        shape: of one input, without the batch; None is the one in `MODELS`.
        classes: of the result; None is as many as `MODELS` says.
        options: what else the network's own function takes, as `hidden` of "mlp" or `channels` of "vgg_small".

    Raises:
        InputError: no network has that name, or it cannot have that shape, these classes or options.
    """
    if name not in MODELS:
        raise InputError(f"no model is called {name!r}: known are {', '.join(MODELS)}")
    info = MODELS[name]
    shape = info.input_shape if shape is None else tuple(shape)
    _check(name, info, shape, classes)
    import torch

    function = getattr(import_module(f"lutdla.models.{info.module}"), name)
    known = [option for option in inspect.signature(function).parameters if option not in ("shape", "classes")]
    for option in options:
        if option not in known:
            raise InputError(f"{name} has no option {option!r}: known are {', '.join(known) or 'none'}")
    if info.classifies:
        options["classes"] = info.outputs if classes is None else classes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: nn.Module = function(shape=shape, **options)
    return model.eval()


def _check(name: str, info: ModelInfo, shape: tuple[int, ...], classes: int | None) -> None:
    """Refuse shapes with other dimensions than the network's, and impossible numbers."""
    rank = len(info.input_shape)
    axes = {1: "(values,)", 2: "(height, width)", 3: "(channels, height, width)"}[rank]
    if len(shape) != rank or not all(isinstance(size, int) and size >= 1 for size in shape):
        raise InputError(f"{name} cannot take inputs of shape {shape}: it takes {axes}, as {info.input_shape}")
    if classes is not None and not info.classifies:
        raise InputError(f"{name} has no classes ({classes} were asked for): it gives as many values as it takes")
    if classes is not None and (not isinstance(classes, int) or classes < 1):
        raise InputError(f"{name} cannot have {classes} classes: it needs 1 or more")


__all__ = ["MODELS", "ModelInfo", "build"]
