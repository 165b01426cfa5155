"""Shared by the benchmarks of pretrained networks: options, conversion, distillation, the pipeline of the result."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import Tensor, nn

import lutdla
from lutdla.nn import freeze
from lutdla.nn.segments import convert_parts, distil, export_pipeline
from lutdla.nn.segments.capture import Inputs
from lutdla.nn.segments.distillation import Loss
from lutdla.spec.config import CoreConfig
from lutdla_overlay.cores import load_core

CONSOLE = Console()


def parser(name: str, description: str | None, *, steps: int, core: str = "xc7z020-large") -> argparse.ArgumentParser:
    """Options of `python -m benchmarks.NAME`."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    made.add_argument("--steps", type=int, default=steps, help="batches of distillation; 0: none")
    made.add_argument("--batch", type=int, default=8, help="examples of a batch")
    made.add_argument("--centroid-rate", type=float, default=0.05, help="learning rate of codebooks")
    made.add_argument("--weight-rate", type=float, default=1e-4, help="of weights")
    made.add_argument("--table-rate", type=float, default=1e-4, help="of table entries")
    made.add_argument("--averaging", type=float, default=0.95, help="what the average of parameters keeps at each step")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--core", default=core, help="core of a board: its v, c and metric")
    made.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="depths of the core to change")
    made.add_argument("--clip", type=float, default=0.0005, help="share of values that int8 leaves out at each end")
    made.add_argument("--checkpoint", type=Path, help="file from which training goes on where it is there")
    made.add_argument("--artefact", type=Path, help="where the pipeline goes")
    made.add_argument("--integer", type=int, default=4, help="examples that also run on the emulated core")
    made.add_argument("--json", type=Path, help="where the figures go")
    return made


def core_of(options: argparse.Namespace) -> CoreConfig:
    """The core that the options name."""
    changes = {name: int(value) for name, _, value in (change.partition("=") for change in options.set)}
    return CoreConfig.from_dict(load_core(options.core).config.to_dict() | changes)


@dataclass
class Converted:
    """A converted model.

    Attributes:
        model: frozen.
        before: quality as calibrated, before training.
        figures: seconds and losses.
    """

    model: nn.Module
    before: float
    figures: dict[str, Any]


def convert_and_train(
    dense: nn.Module, parts: Sequence[str], calibration: Inputs, training: Inputs, loss: Loss,
    quality: Callable[[nn.Module], float], options: argparse.Namespace,
    per_part: Mapping[str, Mapping[str, Any]] | None = None,
) -> Converted:
    """Convert parts, measure, distil, freeze; `per_part` as for `convert_parts`."""
    config, begin = core_of(options), time.perf_counter()
    model = convert_parts(dense, parts, calibration, v=config.v, c=config.c, metric=config.metric, clip=options.clip,
                          seed=options.seed, batch=options.batch, per_part=per_part)
    converted = time.perf_counter()
    before = quality(model)
    CONSOLE.print(f"converted in {converted - begin:.1f} s, quality {before:.4f}")
    figures: dict[str, Any] = {"convert_seconds": converted - begin, "steps": options.steps}
    if options.steps:
        begin = time.perf_counter()

        def show(stage: str, done: int, total: int, error: float) -> None:
            if done % max(1, total // 20) == 0:
                CONSOLE.print(f"{stage} {done}/{total}: loss {error:.4f}, {time.perf_counter() - begin:.0f} s")

        losses = distil(model, dense, training, loss, steps=options.steps, batch=options.batch, seed=options.seed,
                        checkpoint=options.checkpoint, progress=show, centroid_rate=options.centroid_rate,
                        weight_rate=options.weight_rate, table_rate=options.table_rate, averaging=options.averaging)
        figures |= {"train_seconds": time.perf_counter() - begin, "last_loss": float(np.mean(losses[-20:]))}
    freeze(model)
    return Converted(model.eval(), before, figures)


def on_the_core(model: nn.Module, examples: Mapping[str, Tensor], options: argparse.Namespace) -> dict[str, Any]:
    """Export, run a few examples on the emulator, compare with torch: figures."""
    begin = time.perf_counter()
    pipeline = export_pipeline(model, examples, core_of(options), {"seed": options.seed, "steps": options.steps})
    exported = time.perf_counter() - begin
    if options.artefact is not None:
        pipeline.save(options.artefact)
    figures = {"export_seconds": exported, "table_bytes": pipeline.table_bytes, "host_bytes": pipeline.host_bytes,
               "parts": len(pipeline.parts)}
    few = {name: tensor[: options.integer] for name, tensor in examples.items()}
    if not options.integer:
        return figures
    with torch.no_grad(), lutdla.open("emulator") as accelerator:
        net = accelerator.load(pipeline)
        begin = time.perf_counter()
        have, want = net(**{name: tensor.numpy() for name, tensor in few.items()}), model(**few).numpy()
        figures |= {"integer_examples": len(have), "integer_seconds": time.perf_counter() - begin,
                    "integer_difference": float(np.abs(have - want).max())}
        CONSOLE.print(str(net.profile))
    return figures


def finish(figures: dict[str, Any], options: argparse.Namespace) -> None:
    """Show the figures and write them."""
    rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in figures.items()}
    print(json.dumps(rounded, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
