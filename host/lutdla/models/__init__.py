"""Networks of the benchmarks, as plain untrained torch models: `build("resnet8")`. torch comes with first use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from lutdla.errors import InputError

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelInfo:
    """A network of the registry.

    Attributes:
        module: where its `build()` is.
        input_shape: of one input, without the batch.
        outputs: values of a result.
        about: one line.
    """

    module: str
    input_shape: tuple[int, ...]
    outputs: int
    about: str


MODELS = {
    "lenet5": ModelInfo("lenet5", (1, 28, 28), 10, "LeNet-5 with ReLU: grey images, 10 classes"),
    "resnet8": ModelInfo("resnet", (3, 32, 32), 10, "ResNet-8 of MLPerf Tiny: image classification"),
    "resnet20": ModelInfo("resnet", (3, 32, 32), 10, "ResNet-20 with 1 x 1 convolutions as shortcuts"),
    "vgg_small": ModelInfo("vgg_small", (3, 32, 32), 10, "VGG-small: six 3 x 3 convolutions, max-pooling"),
    "autoencoder": ModelInfo("autoencoder", (640,), 640, "autoencoder of MLPerf Tiny: anomaly detection in sound"),
    "kws": ModelInfo("kws", (1, 49, 10), 12, "keyword spotting on MFCC features, full convolutions only"),
}
"""Name -> network."""


def build(name: str, *, seed: int = 0) -> nn.Module:
    """An untrained network in eval mode; the seed decides its weights.

    Raises:
        InputError: no network has that name.
    """
    if name not in MODELS:
        raise InputError(f"no model is called {name!r}: known are {', '.join(MODELS)}")
    import torch

    module = import_module(f"lutdla.models.{MODELS[name].module}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: nn.Module = getattr(module, name)()
    return model.eval()


__all__ = ["MODELS", "ModelInfo", "build"]
