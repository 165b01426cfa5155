"""`Distillation`: the network learns the dense network's answers too."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.nn.boost.batches import Batch, Examples
from lutdla.nn.boost.run import Run
from lutdla.nn.boost.technique import Technique
from lutdla.nn.train import logits


@dataclass
class Distillation(Technique):
    """loss = (1 - share) x loss + share x temperature^2 x KL(teacher, answers), both softened (Hinton et al. 2015).

    The teacher's answers are computed once for examples in memory without augmentation, else batch by batch.

    Attributes:
        share: of the teacher's answers in the loss, 0..1.
        temperature: that both answers are softened with.
        teacher: a trained network; None: the dense network that the lookup network was made of.
    """

    share: float = 0.5
    temperature: float = 2.0
    teacher: nn.Module | None = field(default=None, repr=False, metadata={"from_file": False})
    NAME: ClassVar[str] = "distillation"
    _module: nn.Module | None = field(default=None, init=False, repr=False)
    _known: Tensor | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"distillation is {self.share}: it is a share, 0..1")
        if self.temperature <= 0:
            raise InputError(f"distillation's temperature is {self.temperature}: it must be positive")

    def settings(self) -> dict[str, Any]:  # noqa: D102
        return {"share": self.share, "temperature": self.temperature, "own_teacher": self.teacher is not None}

    def prepare(self, run: Run) -> None:  # noqa: D102
        if self._module is not None or not self.share:
            return
        module = run.dense if self.teacher is None else copy.deepcopy(self.teacher).to(run.device).eval()
        if module is None:
            raise InputError("distillation has no teacher: this network was not made of a dense one here, give "
                             "Distillation(teacher=...)")
        self._module = module
        if isinstance(run.source, Examples) and run.source.cacheable:
            self._known = logits(module, run.source.inputs)

    def loss(self, run: Run, batch: Batch, answers: Tensor, loss: Tensor) -> Tensor:  # noqa: D102
        if not self.share:
            return loss
        assert self._module is not None
        if self._known is not None:
            wanted = self._known[batch.positions]
        else:
            with torch.no_grad():
                wanted = self._module(batch.inputs)
        soft = F.kl_div(F.log_softmax(answers / self.temperature, dim=1),
                        F.log_softmax(wanted / self.temperature, dim=1), log_target=True, reduction="batchmean")
        return (1 - self.share) * loss + self.share * self.temperature**2 * soft
