"""Training of a model with converted parts: its results are pulled to those of the dense model, on inputs alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lutdla.errors import InputError
from lutdla.nn.segments.capture import Inputs, batches
from lutdla.nn.train import Progress, silent

Loss = Callable[[Tensor, Tensor], Tensor]


def divergence(result: Tensor, wanted: Tensor) -> Tensor:
    """Kullback-Leibler divergence of logits (B, classes)."""
    return F.kl_div(result.log_softmax(-1), wanted.log_softmax(-1), reduction="batchmean", log_target=True)


def angle(result: Tensor, wanted: Tensor) -> Tensor:
    """1 - cosine of vectors (B, width)."""
    return (1 - F.cosine_similarity(result, wanted, dim=-1)).mean()


def cross_entropy(result: Tensor, wanted: Tensor) -> Tensor:
    """Of probabilities of any shape."""
    return F.binary_cross_entropy(result.clamp(1e-6, 1 - 1e-6), wanted)


def distil(student: nn.Module, teacher: nn.Module, inputs: Inputs, loss: Loss, *, steps: int, batch: int = 8,
           centroid_rate: float = 0.05, weight_rate: float = 1e-4, table_rate: float = 1e-4, averaging: float = 0.95,
           seed: int = 0, checkpoint: Path | None = None, save_every: int = 50,
           progress: Progress = silent) -> list[float]:
    """Train a converted model in place; the rates fall along a cosine. It ends in eval mode, with the running average
    of its parameters.

    Args:
        student: what `convert_parts` returned.
        teacher: the dense model.
        inputs: of both.
        loss: of the student's result and the teacher's.
        steps: batches, drawn at random.
        centroid_rate, weight_rate, table_rate: of codebooks, of weights and everything else, of table entries.
        averaging: 0..1, how much the running average of the parameters keeps at each step; 0: the last ones are taken.
        checkpoint: file that is written every `save_every` steps, and from which training goes on where it is there.
        progress: told after every step.

    Returns:
        loss of every step

    Raises:
        InputError: no steps, an empty batch, an average that never moves, the checkpoint is of another training, or
            gradients are not finite; the student is then as the last good step left it.
    """
    if not 0 <= averaging < 1:
        raise InputError(f"averaging is {averaging}: it must be 0 or more and less than 1")
    if steps < 1 or batch < 1 or save_every < 1:
        raise InputError(f"steps={steps}, batch={batch}, save_every={save_every}: each must be 1 or more")
    ((ordered, named),) = batches(inputs, 1 << 62)
    count = len(ordered[0] if ordered else next(iter(named.values())))
    groups = _groups(student, {"codebooks": centroid_rate, "correction": table_rate}, weight_rate)
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    rates = [group["lr"] for group in optimizer.param_groups]
    averaged = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(averaging))
    settings = {"steps": steps, "batch": batch, "seed": seed, "rates": rates, "averaging": averaging}
    losses = _resume(checkpoint, student, averaged, optimizer, settings)
    student.train()
    teacher.eval()
    try:
        for step in range(len(losses), steps):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * (1 + math.cos(math.pi * step / steps)) / 2
            at = torch.randint(count, (batch,), generator=torch.Generator().manual_seed(seed + (step << 20)))
            given, by_name = tuple(x[at] for x in ordered), {name: x[at] for name, x in named.items()}
            with torch.no_grad():
                wanted = teacher(*given, **by_name)
            error = loss(student(*given, **by_name), wanted)
            optimizer.zero_grad()
            error.backward()  # type: ignore[no-untyped-call]
            _check_gradients(student, step + 1)
            optimizer.step()
            averaged.update_parameters(student)
            losses.append(error.item())
            progress("distil", step + 1, steps, losses[-1])
            if checkpoint is not None and ((step + 1) % save_every == 0 or step + 1 == steps):
                _save(checkpoint, student, averaged, optimizer, settings, losses)
    finally:
        student.eval()
    with torch.no_grad():
        for parameter, average in zip(student.parameters(), averaged.module.parameters()):
            parameter.copy_(average)
    return losses


def _check_gradients(student: nn.Module, step: int) -> None:
    for name, parameter in student.named_parameters():
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise InputError(f"step {step}: the gradient of {name} is not finite: use lower rates, or a loss and a "
                             "network with a gradient everywhere")


def _groups(student: nn.Module, special: Mapping[str, float], rate: float) -> list[dict[str, Any]]:
    """Parameters by the rate that they have."""
    found: dict[float, list[nn.Parameter]] = {}
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            found.setdefault(special.get(name.rpartition(".")[2], rate), []).append(parameter)
    return [{"params": parameters, "lr": value} for value, parameters in found.items()]


def _save(path: Path, student: nn.Module, averaged: AveragedModel, optimizer: torch.optim.Optimizer,
          settings: dict[str, Any], losses: list[float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")  # a file cut short must not look whole
    torch.save({"model": student.state_dict(), "averaged": averaged.state_dict(), "optimizer": optimizer.state_dict(),
                "settings": settings, "losses": losses}, part)
    part.replace(path)


def _resume(path: Path | None, student: nn.Module, averaged: AveragedModel, optimizer: torch.optim.Optimizer,
            settings: dict[str, Any]) -> list[float]:
    """Losses so far, with model, average and optimizer as they were then."""
    if path is None or not path.is_file():
        return []
    state = torch.load(path, weights_only=True)
    if state["settings"] != settings:
        raise InputError(f"{path}: checkpoint of a training with {state['settings']}, this one has {settings}: use "
                         "the same, or another file")
    student.load_state_dict(state["model"])
    averaged.load_state_dict(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    losses: list[float] = state["losses"]
    return losses
