"""`LUTBoost`: training of lookup networks in stages."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.data import DataLoader

from lutdla.errors import InputError
from lutdla.nn.boost.batches import Examples, Source, source_of, total
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.engine import train
from lutdla.nn.boost.history import History
from lutdla.nn.boost.processes import Share
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.stages import CENTROIDS, JOINT, BaseStage
from lutdla.nn.boost.tasks import SMOOTHED, Task
from lutdla.nn.boost.technique import Technique, plain
from lutdla.nn.boost.techniques.averaging import Averaging
from lutdla.nn.conversion import convert
from lutdla.nn.lut_layer import freeze, lut_layers
from lutdla.nn.train import Progress, silent

Data = tuple[Tensor, Tensor] | Examples | DataLoader[Any] | Iterable[Any]
"""Tensors (images, labels), those with augmentation, or batches."""


class LUTBoost:
    """Makes a lookup network of a trained dense one, and trains it.

    1. *replace*: dense layers become lookup layers, codebooks by k-means (`lutdla.nn.convert`).
    2. *centroids*: weights stay, codebooks learn.
    3. *joint*: weights, codebooks and single table entries learn.

    ```python
    boost = LUTBoost(dense, techniques=[Averaging(), Distillation(0.5)], convert_options={"v": 4, "c": 16})
    network = boost.fit((images, labels), validation=(test_images, test_labels))
    boost.history.plot("history.svg")
    ```

    Args:
        model: the trained dense model, which is not changed; or a network with lookup layers that are not frozen,
            which is trained further, in place.
        stages: after replacement, in order.
        techniques: of all stages; a stage may have its own as well.
        task: loss and score.
        batch: examples of a step in one process. A DataLoader has its own.
        seed: of everything random.
        calibration: images that k-means sees.
        device: where training runs; None: where the model is.
        convert_options: passed to `convert`: v, c, metric, per_layer, first, iterations.

    Attributes:
        network: the lookup network, as soon as there is one.
        history: of the last `fit`.

    Raises:
        InputError: a setting is not usable.
    """

    def __init__(
        self, model: nn.Module, *, stages: Sequence[BaseStage] = (CENTROIDS, JOINT),
        techniques: Sequence[Technique] = (Averaging(),), task: Task = SMOOTHED, batch: int = 256, seed: int = 0,
        calibration: int = 4096, device: torch.device | str | None = None,
        convert_options: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value in (("batch", batch), ("calibration", calibration)):
            if value < 1:
                raise InputError(f"{name} is {value}: it must be at least 1")
        self.model, self.stages, self.techniques, self.task = model, tuple(stages), tuple(techniques), task
        self.batch, self.seed, self.calibration = batch, seed, calibration
        self.device = torch.device(device) if device is not None else device_of(model)
        self.convert_options = dict(convert_options or {})
        self.network: nn.Module | None = None
        self.history = History(task.SCORE)
        layers = lut_layers(model)
        if layers:
            for name, layer in layers.items():
                if layer.frozen:
                    raise InputError(f"layer {name} is frozen: train before freeze()")
            self.network = model

    def replace(self, data: Data) -> fx.GraphModule:
        """Stage 1: lookup layers with k-means codebooks from a random sample of the images.

        Raises:
            CompileError: the model holds something the core does not run.
        """
        return self._convert(source_of(data).sample(self.calibration, self.seed), self.convert_options)

    def fit(
        self, data: Data, *, validation: Data | None = None, progress: Progress = silent,
        checkpoint: Path | str | Checkpoints | None = None, resume: bool = False, freeze_at_end: bool = True,
    ) -> nn.Module:
        """All stages: to a frozen lookup network.

        Several processes that `torchrun` started train as one (see `lutdla.nn.boost.processes`).

        Args:
            data: (images, labels) in memory, which is fastest; an `Examples`, or a DataLoader.
            validation: what each epoch is scored on.
            progress: told after every batch.
            checkpoint: file that the state goes to after every epoch, or a `Checkpoints` that says when.
            resume: go on from that file; the result is the same to the last bit as that of an unbroken training.
            freeze_at_end: fix the integers; without, the network can be trained further.

        Raises:
            CompileError: the model holds something the core does not run; before any training.
            InputError: examples or checkpoint are not usable.
        """
        source = source_of(data, self.device)
        typical = source.sample(self.calibration, self.seed)
        checkpoints = _checkpoints(checkpoint, resume)
        dense = None if self.network is self.model else copy.deepcopy(self.model).to(self.device).eval()
        if checkpoints is not None:
            checkpoints.settings = self._settings(source)
        saved = checkpoints.read() if resume and checkpoints is not None else None
        if self.network is not self.model or self.network is None:
            # All that k-means would find is in the checkpoint.
            options = self.convert_options if saved is None else {**self.convert_options, "iterations": 0}
            self.network = self._convert(typical, options)
        network = self.network.to(self.device)
        self.history = History(self.task.SCORE)
        run = Run(
            network, self.stages, source, self.task, self.batch, self.seed, dense=dense,
            validation=None if validation is None else source_of(validation, self.device),
            calibration=typical.to(self.device), device=self.device, share=Share.here(), common=list(self.techniques),
            progress=progress, history=self.history,
        )
        try:
            train(run, checkpoints, saved)
        finally:
            network.eval()
        if freeze_at_end:
            freeze(network)
        return network

    def _convert(self, calibration: Tensor, options: Mapping[str, Any]) -> fx.GraphModule:
        if self.network is not None and self.network is self.model:
            raise InputError("the model holds lookup layers already: fit() trains them further, there is nothing to "
                             "replace")
        return convert(_at(self.model, torch.device("cpu")), calibration, **{"seed": self.seed, **options})

    def _settings(self, source: Source) -> dict[str, Any]:
        """What decides the result."""
        return {
            "stages": [plain(stage) for stage in self.stages], "techniques": [plain(t) for t in self.techniques],
            "task": plain(self.task), "batch": self.batch, "seed": self.seed, "calibration": self.calibration,
            "processes": Share.here().count, "convert": plain(self.convert_options), "data": source.settings(),
            "model": fingerprint(self.model),
        }  # fmt: skip


def _checkpoints(checkpoint: Path | str | Checkpoints | None, resume: bool) -> Checkpoints | None:
    if checkpoint is None and resume:
        raise InputError("resume=True without a checkpoint: name the file that fit() wrote")
    return checkpoint if checkpoint is None or isinstance(checkpoint, Checkpoints) else Checkpoints(Path(checkpoint))


def device_of(model: nn.Module) -> torch.device:
    """Where a model is; the CPU for one without parameters."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _at(model: nn.Module, device: torch.device) -> nn.Module:
    """The model on a device, without moving the user's."""
    return model if device_of(model) == device else copy.deepcopy(model).to(device)


def fingerprint(model: nn.Module) -> dict[str, float]:
    """What tells a model from another: the sum of each of its tensors."""
    return {name: total(value) for name, value in model.state_dict().items() if isinstance(value, Tensor)}
