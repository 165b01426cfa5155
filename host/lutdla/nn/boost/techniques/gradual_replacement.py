"""`GradualReplacement`: one layer after the other starts to encode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from lutdla.errors import InputError
from lutdla.nn.boost.captured import VECTORS, cluster, looking, readings, vectors
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.lookups import Lookups
from lutdla.nn.lut_layer import LUTLayer

PART = 128
"""Inputs that run at a time."""


@dataclass
class GradualReplacement(Technique):
    """Layers not yet replaced compute the exact convolution, rounded to the grid (`LUTLayer.bypass`). From the input
    on, one layer after the other is replaced; those behind it learn to live with its errors before they make their own.

    For a stage that trains weights (or for its own `techniques`). The first layer is replaced from the first step.

    Attributes:
        over: share of the stage's steps at which the last layer is replaced, 0..1.
        recluster: whether a layer gets codebooks by k-means again when it is replaced, of the maps that reach it then;
            what an earlier stage taught them is lost.
        iterations: of that k-means.
    """

    over: float = 0.5
    recluster: bool = True
    iterations: int = 10
    NAME: ClassVar[str] = "gradual_replacement"
    LEAVES_UNUSED: ClassVar[bool] = True
    _replaced: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.over <= 1:
            raise InputError(f"gradual replacement goes over {self.over} of a stage: it is a share, 0..1")
        if self.iterations < 0:
            raise InputError(f"gradual replacement has iterations {self.iterations}: it must not be negative")

    def at_stage_start(self, run: Run) -> None:  # noqa: D102
        self._show(run, 0)

    def before_step(self, run: Run) -> None:  # noqa: D102
        names = list(run.layers)
        end = self.over * run.steps
        wanted = len(names) if run.step >= end else 1 + int(run.step / end * (len(names) - 1))
        self._show(run, self._replaced)
        for name in names[self._replaced : wanted]:
            if self.recluster:
                self._recluster(run, name)
            self._show(run, self._replaced + 1)

    def at_stage_end(self, run: Run) -> None:  # noqa: D102
        self._show(run, len(run.layers))

    def release(self, run: Run) -> None:  # noqa: D102
        self.at_stage_end(run)

    def state_dict(self) -> dict[str, Any]:  # noqa: D102
        return {"replaced": self._replaced}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: D102
        self._replaced = state["replaced"]

    def _show(self, run: Run, replaced: int) -> None:
        self._replaced = replaced
        for i, layer in enumerate(run.layers.values()):
            layer.bypass = i >= replaced

    def _recluster(self, run: Run, name: str) -> None:
        """Codebooks of the maps that no replaced layer reads yet."""
        if run.calibration is None:
            return
        layers = list(run.layers.values())
        fixed = {id(part.codebooks) for layer in layers[: self._replaced] for part in _parts(layer)}
        parts = torch.split(run.calibration, PART)
        found: dict[Lookups, list[Tensor]] = {}

        def look(_: str, layer: LUTLayer, x: Tensor, shortcut: Tensor | None) -> None:
            for part, source in readings(layer, x, shortcut):
                if id(part.codebooks) not in fixed:
                    found.setdefault(part, []).append(vectors(part, source, VECTORS // len(parts), run.seed))

        run.network.eval()
        with torch.no_grad(), looking({name: run.layers[name]}, look):
            for images in parts:
                run.network(images)
        run.network.train()
        for part, slices in found.items():
            cluster(part, slices, self.iterations, run.seed)
            everywhere = torch.ones_like(part.codebooks, dtype=torch.bool)
            run.overwrite(part.codebooks, everywhere, part.codebooks.detach())


def _parts(layer: LUTLayer) -> list[Lookups]:
    return [layer] if layer.shortcut is None else [layer, layer.shortcut]
