"""Time of a training step of ResNet-8 as lookup tables over the dense network's: `python -m benchmarks.train_ratio`.

Fashion-MNIST (1 x 28 x 28), batches of 128, one thread. A step is what `lutdla.nn.boost` makes of the joint stage of
the recipe fashion_resnet8: forward, loss with distillation from known answers, backward, optimizer, averaging. The
dense step is the same loop's, its weights in the memory layout that is fastest for it (channels_last) and in torch's
usual one. All take turns, step by step; figures are medians of the CPU time of this process. `share_*` are parts of a
step with L2, by torch.profiler; no step of them is in the medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.command import run
from lutdla.nn.boost.batches import Batch, Examples
from lutdla.nn.boost.engine import begin, step
from lutdla.nn.boost.named import techniques
from lutdla.nn.boost.recipe_file import Recipe, read_recipe
from lutdla.nn.boost.recipe_parts import dense_network, examples, stages, task
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.stages import BaseStage, DenseStage
from lutdla.nn.boost.technique import Technique
from lutdla.nn.conversion import convert
from lutdla.spec.config import METRICS

BATCH, STEPS, PROFILED = 128, 15, 7
"""Examples of a step; steps that are timed, and steps that are profiled."""

PARTS = {
    "encode": "_Encode", "encode_gradient": "_EncodeBackward", "sums": "_Lookup", "sums_gradient": "_LookupBackward",
    "convolution_gradient": "aten::conv_transpose2d",
}  # fmt: skip
"""Part of a step -> what the profiler calls it; the last is within the gradient of sums."""

Step = Callable[[], None]


def endless(source: Examples, batch: int) -> Callable[[], Batch]:
    """Batches of the examples, in their order, again and again."""
    parts = torch.arange(len(source)).split(batch)
    whole = [part for part in parts if len(part) == batch]
    count = 0

    def next_batch() -> Batch:
        nonlocal count
        at = whole[count % len(whole)]
        count += 1
        return Batch(source.inputs[at], source.targets[at], at)

    return next_batch


def stepper(recipe: Recipe, network: nn.Module, stage: BaseStage, common: list[Technique], source: Examples,
            dense: nn.Module, batch: int) -> Step:
    """Makes one step of a stage each time that it is called."""
    training = Run(network, (stage,), source, task(recipe), batch, recipe.seed, dense=dense, common=common)
    training.techniques = training.common
    called, next_batch = begin(training, 0), endless(source, batch)
    return lambda: step(training, called, next_batch())


def steppers(recipe: Recipe, count: int, batch: int) -> dict[str, Step]:
    """One for each metric, and for the dense network in both memory layouts.

    Args:
        recipe: whose last stage is timed.
        count: examples that batches are made of.
        batch: examples of a step.
    """
    splits = examples(recipe, count)
    source, teacher = Examples(*splits.train), dense_network(recipe, splits)
    stage = DenseStage("dense", recipe.dense.epochs, recipe.dense.rate, recipe.dense.weight_decay)
    made: dict[str, Step] = {}
    for name, layout in (("dense", torch.channels_last), ("dense_contiguous", torch.contiguous_format)):
        model = dense_network(recipe, splits).to(memory_format=layout)  # type: ignore[call-overload]
        made[name] = stepper(recipe, model, stage, [], source, teacher, batch)
    for metric in METRICS:
        network = convert(teacher, splits.train[0][:256], metric=metric, iterations=1, first=recipe.convert.first)
        common = [*techniques(recipe.techniques, "techniques")]
        made[metric] = stepper(recipe, network, stages(recipe)[-1], common, source, teacher, batch)
    return made


def medians(steps: Mapping[str, Step], count: int) -> dict[str, float]:
    """CPU time of a step in milliseconds; each is made `count` times, in turn, after one that is not timed."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(count + 1):
        for name, make in steps.items():
            start = time.process_time()
            make()
            if turn:
                times[name].append(1000 * (time.process_time() - start))
    return {name: median(found) for name, found in times.items()}


def shares(make: Step, count: int) -> dict[str, float]:
    """Parts of a step's time, 0..1, medians over some steps; they add up to 1."""
    steps: list[dict[str, float]] = []
    for _ in range(count):
        with profile(activities=[ProfilerActivity.CPU]) as profiler, record_function("whole step"):
            make()
        times = {event.key: event.cpu_time_total for event in profiler.key_averages()}
        found = {part: times.get(key, 0.0) / times["whole step"] for part, key in PARTS.items()}
        found["sums_gradient"] -= found["convolution_gradient"]
        steps.append(found)
    middle = {part: median(one[part] for one in steps) for part in PARTS}
    return {**middle, "rest": 1 - sum(middle.values())}


def figures(times: Mapping[str, float], parts: Mapping[str, float], batch: int, steps: int) -> dict[str, Any]:
    """Flat."""
    return {
        **{f"ratio_{metric}": round(times[metric] / times["dense"], 3) for metric in METRICS},
        "ratio_l2_contiguous": round(times["l2"] / times["dense_contiguous"], 3),
        **{f"ms_{name}": round(value, 1) for name, value in times.items()},
        **{f"share_{part}": round(value, 4) for part, value in parts.items()}, "batch": batch, "steps": steps,
    }  # fmt: skip


def measure(recipe: Recipe | None = None, *, batch: int = BATCH, steps: int = STEPS, profiled: int = PROFILED,
            count: int = 4 * BATCH) -> dict[str, Any]:
    """Ratios, times and shares of a recipe; ResNet-8's without one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        made = steppers(recipe or read_recipe("fashion_resnet8"), count, batch)
        return figures(medians(made, steps), shares(made["l2"], profiled), batch, steps)
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    run("train_ratio", __doc__, measure)
