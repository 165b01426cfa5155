"""What each row of the ablation does otherwise than its base: one entry for each technique."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar
from unittest.mock import patch

import torch
from torch import Tensor

from lutdla.nn import lookups, lut_layer
from lutdla.nn.boost import (
    CENTROIDS,
    Averaging,
    BatchNormReestimation,
    CentroidRevival,
    Distillation,
    GradientChoice,
    GradualReplacement,
    Run,
    Stage,
    Technique,
    TemperatureSchedule,
)
from lutdla.nn.boost.captured import VECTORS, looking, readings, vectors
from lutdla.nn.gradients import SoftChoice, StraightThrough
from lutdla.nn.lut_layer import LUTLayer

JOINT = Stage("joint", epochs=2, centroid_rate=0.2, weight_rate=1e-3, table_rate=1e-3)
BASE = (GradientChoice(SoftChoice(2.0)), Distillation(0.5), Averaging(0.99))
CONVERT = MappingProxyType({"v": 4, "c": 16, "metric": "l2", "iterations": 10})
NOTHING: Mapping[str, Any] = MappingProxyType({})

MIXED = tuple((v, c) for v in (1, 2, 4) for c in (4, 8, 16))
"""(v, c) that the row with mixed ones chooses from: what the core of the base can do."""


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: in `--rows` and in the keys of the results.
        words: what the page says it is.
        stages: of the training.
        techniques: of the training.
        convert: options of `lutdla.nn.convert` that differ.
        mixed: whether each map gets its own v and c, under the table bytes of the base.
    """

    name: str
    words: str
    stages: tuple[Stage, ...] = (JOINT,)
    techniques: tuple[Technique, ...] = BASE
    convert: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    mixed: bool = False


@dataclass
class RandomCodebooks(Technique):
    """Codebooks are slices drawn at random, of what reaches each layer through those before it."""

    NAME: ClassVar[str] = "random_codebooks"

    @torch.no_grad()
    def at_start(self, run: Run) -> None:  # noqa: D102
        assert run.calibration is not None
        filled: set[int] = set()

        def fill(_: str, layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> None:
            for part, source in readings(layer, x, shortcut):
                if id(part.codebooks) in filled:  # another layer reads the same map
                    continue
                filled.add(id(part.codebooks))
                found = vectors(part, source, VECTORS, run.seed)  # (S, M, slice)
                pick = torch.randint(found.shape[1], (part.c,), generator=torch.Generator().manual_seed(run.seed))
                part.codebooks.copy_(found[:, pick])

        run.network.eval()
        with looking(run.layers, fill):
            run.network(run.calibration[:512])


@dataclass
class ReestimationAtEnd(BatchNormReestimation):
    """The same when a stage is over, on what it ends with."""

    NAME: ClassVar[str] = "batch_norm_reestimation_at_end"
    ORDER: ClassVar[int] = 20
    """After `Averaging`."""

    def at_start(self, run: Run) -> None:  # noqa: D102
        pass

    def at_stage_end(self, run: Run) -> None:  # noqa: D102
        super().at_start(run)


@dataclass
class RoundingAtEnd(Technique):
    """Codebooks and tables stay real while a stage trains, and are rounded to int8 when it is over."""

    NAME: ClassVar[str] = "rounding_at_end"
    _real: ExitStack = field(default_factory=ExitStack, init=False, repr=False)

    def settings(self) -> dict[str, Any]:  # noqa: D102
        return {}

    def prepare(self, run: Run) -> None:  # noqa: D102
        for module in (lookups, lut_layer):
            self._real.enter_context(patch.object(module, "round_to_grid", lambda x: x.clamp(-128, 127)))

    def release(self, run: Run) -> None:  # noqa: D102
        self._real.close()


def without(kind: type[Technique]) -> tuple[Technique, ...]:
    """The techniques of the base but one."""
    return tuple(technique for technique in BASE if not isinstance(technique, kind))


def with_gradient(gradient: StraightThrough | SoftChoice) -> tuple[Technique, ...]:
    """The techniques of the base with another gradient."""
    return (GradientChoice(gradient), *without(GradientChoice))


ROWS = (
    Row("base", "the base: k-means, soft choice of temperature 2, distillation 0.5, averaging 0.99, table corrections"),
    Row("kmeans_only", "k-means alone, no training", stages=()),
    Row("kmeans_reestimated", "k-means alone, batch norm estimated again", stages=(),
        techniques=(BatchNormReestimation(),)),
    Row("plus_plus_only", "codebooks as k-means++ begins, without iterations", convert={"iterations": 0}),
    Row("random_codebooks", "codebooks of slices drawn at random", techniques=(RandomCodebooks(), *BASE),
        convert={"iterations": 0}),
    Row("sensitivity", "k-means weighted by squared gradients", convert={"sensitivity": True}),
    Row("straight_through", "straight-through gradients", techniques=with_gradient(StraightThrough())),
    Row("soft_0_7", "soft choice of temperature 0.7", techniques=with_gradient(SoftChoice(0.7))),
    Row("soft_4", "soft choice of temperature 4", techniques=with_gradient(SoftChoice(4.0))),
    Row("temperature_schedule", "temperature from 4 to 1 along the stage",
        techniques=(*BASE, TemperatureSchedule(4.0, 1.0))),
    Row("no_distillation", "without distillation", techniques=without(Distillation)),
    Row("reconstruction", "one epoch of centroids with the reconstruction term, one joint epoch",
        stages=(CENTROIDS, replace(JOINT, epochs=1))),
    Row("gradual", "gradual replacement over half of the stage", techniques=(*BASE, GradualReplacement(0.5))),
    Row("revival", "dead centroids revived", techniques=(*BASE, CentroidRevival(steps=100))),
    Row("reestimated_before", "batch norm estimated again before training",
        techniques=(BatchNormReestimation(), *BASE)),
    Row("reestimated_after", "batch norm estimated again after training", techniques=(*BASE, ReestimationAtEnd())),
    Row("no_table_corrections", "without table corrections", stages=(replace(JOINT, table_rate=0.0),)),
    Row("rounding_at_end", "codebooks and tables rounded only after training",
        techniques=(*BASE, RoundingAtEnd())),
    Row("no_averaging", "without averaging", techniques=without(Averaging)),
    Row("frozen_codebooks", "codebooks stay as k-means left them", stages=(replace(JOINT, centroid_rate=0.0),)),
    Row("mixed", "v and c of each map by `lutdla.nn.plan`, within the table bytes of the base, for the same core",
        mixed=True),
    Row("v2", "v = 2: twice the lookups", convert={"v": 2}),
    Row("c64", "c = 64: four times the tables", convert={"c": 64}),
    Row("l1", "metric L1, soft choice of temperature 1", convert={"metric": "l1"},
        techniques=with_gradient(SoftChoice(1.0))),
    Row("l1_soft_2", "metric L1, soft choice of temperature 2", convert={"metric": "l1"}),
    Row("chebyshev", "metric Chebyshev, soft choice of temperature 1", convert={"metric": "chebyshev"},
        techniques=with_gradient(SoftChoice(1.0))),
    Row("chebyshev_soft_2", "metric Chebyshev, soft choice of temperature 2", convert={"metric": "chebyshev"}),
)
