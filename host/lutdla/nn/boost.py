"""`LUTBoost`: training of lookup networks in stages.

1. *replace*: dense layers become lookup layers, codebooks by k-means (`lutdla.nn.convert`).
2. *centroids*: weights stay, codebooks learn.
3. *joint*: weights, codebooks and single table entries learn.

The loss is cross entropy (mixed with the dense network's answers when `distillation` asks for it), plus
`reconstruction` x sum over layers of |sg(A) W - Q(A) W|^2, relative to |A W|^2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.conversion import convert
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer, freeze, lut_layers
from lutdla.nn.train import Progress, _check_examples, logits, run_epochs, silent


@dataclass(frozen=True)
class Stage:
    """One stage of training after replacement. A rate of 0 freezes what it is for.

    Attributes:
        name: what progress is told.
        epochs: passes over the images.
        centroid_rate: Adam's rate for codebooks, in steps of the int8 grid.
        weight_rate: Adam's rate for weights and biases.
        table_rate: Adam's rate for table corrections.
        reconstruction: weight of the reconstruction term. It also draws weights to what encodes well, away from what
            classifies well: leave it to stages that train centroids alone.
    """

    name: str
    epochs: int
    centroid_rate: float
    weight_rate: float = 0.0
    table_rate: float = 0.0
    reconstruction: float = 0.0

    def __post_init__(self) -> None:
        for what in ("epochs", "centroid_rate", "weight_rate", "table_rate", "reconstruction"):
            if getattr(self, what) < 0:
                raise InputError(f"stage {self.name}: {what} is {getattr(self, what)}: it must not be negative")


CENTROIDS = Stage("centroids", epochs=1, centroid_rate=0.5, reconstruction=0.1)
JOINT = Stage("joint", epochs=6, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)


@dataclass(frozen=True)
class LUTBoost:
    """Settings of LUTBoost, and the training itself.

    Attributes:
        stages: after replacement, in order.
        distillation: share of the dense network's answers in the loss, 0..1.
        temperature: that both answers are softened with.
        label_smoothing: of the cross entropy.
        weight_decay: AdamW's, of the table corrections: they are many, and 0 is where they belong without evidence.
        averaging: 0..1, how much the running average of what is trained keeps at each batch; a stage ends with the
            average. Indices jump where parameters move smoothly: the average jumps less.
        calibration: images that k-means sees.
        batch, seed: examples in a batch, seed of everything random.
    """

    stages: tuple[Stage, ...] = (CENTROIDS, JOINT)
    distillation: float = 0.0
    temperature: float = 2.0
    label_smoothing: float = 0.1
    weight_decay: float = 1.0
    averaging: float = 0.99
    calibration: int = 4096
    batch: int = 256
    seed: int = 0
    convert_options: Mapping[str, Any] = field(default_factory=dict)
    """Passed to `convert`: v, c, metric, per_layer, first."""

    def __post_init__(self) -> None:
        if not 0 <= self.distillation <= 1:
            raise InputError(f"distillation is {self.distillation}: it is a share, 0..1")
        if not 0 <= self.averaging < 1:
            raise InputError(f"averaging is {self.averaging}: it must be 0 or more and less than 1")
        if self.temperature <= 0:
            raise InputError(f"temperature is {self.temperature}: it must be positive")

    def run(self, model: nn.Module, images: Tensor, labels: Tensor, *, progress: Progress = silent) -> fx.GraphModule:
        """All stages: a trained dense model to a frozen lookup network.

        Raises:
            CompileError: the model holds something the core does not run; before any training.
        """
        network = self.replace(model, images)
        teacher = logits(model, images) if self.distillation else None
        for stage in self.stages:
            self.train(network, stage, images, labels, teacher=teacher, progress=progress)
        freeze(network)
        return network

    def replace(self, model: nn.Module, images: Tensor) -> fx.GraphModule:
        """Stage 1: lookup layers with k-means codebooks from a random sample of the images."""
        pick = torch.randperm(len(images), generator=torch.Generator().manual_seed(self.seed))[: self.calibration]
        return convert(model, images[pick], seed=self.seed, **self.convert_options)

    def train(self, network: nn.Module, stage: Stage, images: Tensor, labels: Tensor, *,
              teacher: Tensor | None = None, progress: Progress = silent) -> None:
        """One stage, in place.

        Args:
            teacher: (images, classes) the dense network's logits; without them there is no distillation.
        """
        _check_examples(images, labels)
        layers = lut_layers(network)
        for name, layer in layers.items():
            if layer.frozen:
                raise InputError(f"layer {name} is frozen: train before freeze()")
        optimizer = _optimizer(list(layers.values()), stage, self.weight_decay)
        finish = _averaged(optimizer, self.averaging)
        for layer in layers.values():
            layer.reconstruct = stage.reconstruction > 0

        def loss_of(at: Tensor) -> Tensor:
            answers = network(images[at])
            loss = self._task_loss(answers, labels[at], None if teacher is None else teacher[at])
            for layer in layers.values():
                loss = loss + stage.reconstruction * layer.reconstruction
            return loss

        try:
            run_epochs(loss_of, len(images), optimizer, epochs=stage.epochs, batch=self.batch, seed=self.seed,
                       stage=stage.name, progress=progress)
            finish()
        finally:
            for layer in layers.values():
                layer.reconstruct, layer.reconstruction = False, torch.zeros(())

    def _task_loss(self, answers: Tensor, labels: Tensor, teacher: Tensor | None) -> Tensor:
        task = F.cross_entropy(answers, labels, label_smoothing=self.label_smoothing)
        if teacher is None or not self.distillation:
            return task
        soft = F.kl_div(F.log_softmax(answers / self.temperature, dim=1),
                        F.log_softmax(teacher / self.temperature, dim=1), log_target=True, reduction="batchmean")
        return (1 - self.distillation) * task + self.distillation * self.temperature**2 * soft


def _optimizer(layers: list[LUTLayer], stage: Stage, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW with a rate for each kind of parameter; what a stage does not train gets no gradients."""
    parts = [part for layer in layers for part in layer.modules() if isinstance(part, Lookups)]  # with shortcuts
    groups = []
    for names, rate, decay in (
        (("codebooks",), stage.centroid_rate, 0.0), (("weight", "bias"), stage.weight_rate, 0.0),
        (("correction",), stage.table_rate, weight_decay),
    ):  # fmt: skip
        found = [getattr(part, name) for part in parts for name in names if hasattr(part, name)]
        parameters = list(dict.fromkeys(found))  # codebooks are shared by all that read a map
        for parameter in parameters:
            parameter.requires_grad_(rate > 0)
        if rate > 0:
            groups.append({"params": parameters, "lr": rate, "weight_decay": decay})
    if not groups:
        raise InputError(f"stage {stage.name}: all rates are 0: there is nothing to train")
    return torch.optim.AdamW(groups, fused=True)


def _averaged(optimizer: torch.optim.Optimizer, keep: float) -> Callable[[], None]:
    """Follow what an optimizer moves with a running average; the function returned puts the average in place.

    The average keeps less at first, so that a short stage does not end near where it began.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    averages = [parameter.detach().clone() for parameter in parameters]
    steps = 0

    def follow(*_: Any) -> None:
        nonlocal steps
        steps += 1
        for average, parameter in zip(averages, parameters):
            average.lerp_(parameter.detach(), 1 - min(keep, steps / (steps + 10)))

    optimizer.register_step_post_hook(follow)

    def finish() -> None:
        with torch.no_grad():
            for parameter, average in zip(parameters, averages):
                parameter.copy_(average)

    return finish
