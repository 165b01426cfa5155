"""`train_dense`: training of the dense network, with the same loop."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from lutdla.nn.boost.batches import source_of
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.engine import train
from lutdla.nn.boost.history import History
from lutdla.nn.boost.lutboost import Data, _checkpoints, device_of, fingerprint
from lutdla.nn.boost.processes import Share
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.schedules import COSINE, Schedule
from lutdla.nn.boost.stages import DenseStage
from lutdla.nn.boost.tasks import CROSS_ENTROPY, Classification, Task
from lutdla.nn.boost.technique import Technique, plain
from lutdla.nn.train import Progress, silent


def fit_dense(
    model: nn.Module, data: Data, *, epochs: int = 15, batch: int = 128, rate: float = 3e-3, weight_decay: float = 3e-2,
    schedule: Schedule = COSINE, techniques: tuple[Technique, ...] = (), task: Task = CROSS_ENTROPY,
    seed: int = 0, device: torch.device | str | None = None, validation: Data | None = None,
    progress: Progress = silent, checkpoint: Path | str | Checkpoints | None = None, resume: bool = False,
) -> History:
    """Train a dense model in place: AdamW. Leaves it in eval mode, on `device`.

    Args:
        model: as it is at the start; also when `resume` goes on from a checkpoint.
        data, validation, progress, checkpoint, resume: as in `LUTBoost.fit`.
        epochs, batch, rate, weight_decay, schedule: of the training.
        techniques: those that need no lookup layers: Averaging, EarlyStop, Distillation from another teacher.
        task: loss and score.
        seed: of everything random.
        device: where training runs; None: where the model is.

    Raises:
        InputError: a setting, examples or checkpoint are not usable.
    """
    where = torch.device(device) if device is not None else device_of(model)
    source = source_of(data, where)
    for parameter in model.parameters():
        if parameter.ndim == 4:  # convolutions of pixel-major maps are faster on CPUs and GPUs alike
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    stage = DenseStage("dense", epochs, rate, weight_decay, schedule=schedule, techniques=techniques)
    checkpoints = _checkpoints(checkpoint, resume)
    if checkpoints is not None:
        checkpoints.settings = {
            "stages": [plain(stage)], "task": plain(task), "batch": batch, "seed": seed, "data": source.settings(),
            "processes": Share.here().count, "model": fingerprint(model),
        }  # fmt: skip
    saved = checkpoints.read() if resume and checkpoints is not None else None
    run = Run(
        model.to(where), (stage,), source, task, batch, seed, device=where, share=Share.here(), progress=progress,
        validation=None if validation is None else source_of(validation, where), history=History(task.SCORE),
    )
    try:
        train(run, checkpoints, saved)
    finally:
        model.eval()
    return run.history


def train_dense(
    model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int = 15, batch: int = 128, rate: float = 3e-3,
    weight_decay: float = 3e-2, label_smoothing: float = 0.0, seed: int = 0, progress: Progress = silent,
) -> None:
    """Train a classifier in place: AdamW, cosine, cross entropy. Leaves it in eval mode.

    Args:
        images: (count, *shape) what the model takes.
        labels: int64 (count,).
    """
    fit_dense(model, (images, labels), epochs=epochs, batch=batch, rate=rate, weight_decay=weight_decay,
              task=Classification(label_smoothing), seed=seed, progress=progress)
