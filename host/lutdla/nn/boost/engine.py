"""The loop: stages of epochs of steps, with techniques, history and checkpoints."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from lutdla.errors import InputError
from lutdla.nn.boost import random_state
from lutdla.nn.boost.checkpoint import Checkpoints
from lutdla.nn.boost.run import EpochProgress, Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.train import silent


def train(run: Run, checkpoints: Checkpoints | None = None, saved: dict[str, Any] | None = None) -> None:
    """Train `run.network` through all stages, in place.

    Args:
        checkpoints: where the state goes, and when.
        saved: the state to go on from, as `Checkpoints.read` gives it; the result is the same to the last bit as that
            of a training that was not broken off.
    """
    with random_state.seeded(run.seed):
        run.common = run.techniques = _in_order(copy.copy(technique) for technique in run.common)
        if saved is None:
            for technique in run.common:
                technique.at_start(run)
        else:
            run.network.load_state_dict(saved["network"])
            run.history.rows[:] = saved["history"]
            run.go_to(saved["position"])
        for index in range(run.stage_index, len(run.stages)):
            try:
                network = begin(run, index, saved)
                saved = None
                while run.epoch < run.stage.epochs and not run.stopped:
                    _epoch(run, network, checkpoints)
                for technique in run.techniques:
                    technique.at_stage_end(run)
            finally:
                for technique in run.techniques:
                    technique.release(run)
        run.stage_index, run.techniques = len(run.stages), run.common
        if checkpoints is not None and saved is None:
            checkpoints.write(run)


def _in_order(techniques: Iterable[Technique]) -> list[Technique]:
    return sorted(techniques, key=lambda technique: technique.ORDER)


def begin(run: Run, index: int, saved: dict[str, Any] | None = None) -> nn.Module:
    """Make a stage ready, or make it as it was when `saved` was written; returns the network as a step calls it."""
    run.stage_index = index
    run.techniques = _in_order([*run.common, *(copy.copy(technique) for technique in run.stage.techniques)])
    run.steps = run.stage.epochs * run.source.steps(_batch(run), run.share)
    run.network.train()
    _make_optimizer(run)
    if saved is None:
        run.epoch = run.step = run.epoch_step = 0
        run.stopped, run.at_epoch = False, {}
        run.source.begin(run.seed)
    for technique in run.techniques:
        technique.prepare(run)
    if saved is None:
        for technique in run.techniques:
            technique.at_stage_start(run)
    else:
        run.optimizer.load_state_dict(saved["optimizer"])
        for technique, state in zip(run.techniques, saved["techniques"]):
            technique.load_state_dict(state)
        run.source.load_state_dict(saved["source"])
        run.at_epoch = {"source": saved["source"], "random": saved["random_at_epoch"][run.share.rank],
                        "now": saved["random"][run.share.rank]}
        random_state.restore(run.at_epoch["now"])
    return run.share.parallel(run.network, leaves_unused=any(t.LEAVES_UNUSED for t in run.techniques))


def _batch(run: Run) -> int:
    return run.stage.batch or run.batch


def _make_optimizer(run: Run) -> None:
    """AdamW with a rate for each kind of parameter; what a stage does not train gets no gradients."""
    groups, run.rates = [], {}
    for group in run.stage.groups(run.network):
        for parameter in group.parameters:
            parameter.requires_grad_(group.rate > 0)
        run.rates[group.name] = group.rate
        if group.rate > 0:
            groups.append({"params": group.parameters, "lr": group.rate, "weight_decay": group.decay})
    if not groups:
        raise InputError(f"stage {run.stage.name}: all rates are 0: there is nothing to train")
    run.optimizer = torch.optim.AdamW(groups, fused=True)


def _epoch(run: Run, network: nn.Module, checkpoints: Checkpoints | None) -> None:
    """An epoch, or the rest of it."""
    if run.epoch_step == 0:
        run.seconds, run.loss_sum = 0.0, torch.zeros((), dtype=torch.float64, device=run.device)
    now = run.at_epoch.pop("now", None)
    if now is None:
        run.at_epoch = {"source": run.source.state_dict(), "random": random_state.capture()}
    else:  # an epoch is drawn once more as it was at its start, then the state of the moment takes its place
        random_state.restore(run.at_epoch["random"])
    batches = run.source.epoch(_batch(run), run.share, skip=run.epoch_step)
    if now is not None:
        random_state.restore(now)
    start = time.perf_counter() - run.seconds
    for batch in batches:
        step(run, network, batch)
        if checkpoints is not None and checkpoints.due(run):
            run.seconds = time.perf_counter() - start
            checkpoints.write(run)
    run.seconds = time.perf_counter() - start
    _end_epoch(run)
    if checkpoints is not None and checkpoints.due_after_epoch(run):
        checkpoints.write(run)


def step(run: Run, network: nn.Module, batch: Any) -> None:
    """One step of the stage under way.

    Args:
        network: what `begin` returned.
    """
    for technique in run.techniques:
        technique.before_step(run)
    factor = run.stage.schedule.factor(run.step, run.steps)
    names = [name for name, rate in run.rates.items() if rate > 0]
    for group, name in zip(run.optimizer.param_groups, names):
        group["lr"] = run.rates[name] * factor
    answers = network(batch.inputs)
    loss = run.task.loss(answers, batch.targets)
    for technique in run.techniques:
        loss = technique.loss(run, batch, answers, loss)
    run.optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimizer.step()
    run.step += 1
    run.epoch_step += 1
    run.loss_sum += loss.detach()
    for technique in run.techniques:
        technique.after_step(run)
    if run.progress is not silent:
        run.progress(run.stage.name, run.step, run.steps, float(loss.detach()))


def _end_epoch(run: Run) -> None:
    """Evaluate, write the history's row."""
    mean = run.share.sum(run.loss_sum / run.epoch_step) / run.share.count
    run.epoch += 1
    run.epoch_step = 0
    validation = None
    if run.validation is not None:
        with run.evaluating():
            validation = run.score(run.validation)
            for technique in run.techniques:
                technique.at_evaluation(run, validation)
    factor = run.stage.schedule.factor(run.step - 1, run.steps)
    run.history.rows.append({
        "stage": run.stage.name, "epoch": run.epoch, "step": run.step, "loss": float(mean),
        "seconds": round(run.seconds, 3), "validation": validation,
        **{f"rate_{name}": rate * factor for name, rate in run.rates.items()},
    })  # fmt: skip
    if not torch.isfinite(mean):
        raise InputError(f"stage {run.stage.name}: the loss of epoch {run.epoch} is {float(mean)}: use lower rates, or "
                         "a schedule with warm-up")
    for technique in run.techniques:
        technique.after_epoch(run)
    if isinstance(run.progress, EpochProgress):
        run.progress.epoch_done(run.history.rows[-1], run.task.SCORE)
