"""`Emitter`: what handlers write steps of a pipeline with; `Ref`, a value of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lutdla.spec.pipeline import Step


@dataclass(frozen=True)
class Ref:
    """A value of the pipeline.

    Attributes:
        name: of the step or input that gives it.
        example: what it is for the example inputs.
    """

    name: str
    example: Tensor


class Batch:
    """The number of examples, where a model takes it as a number: it differs from call to call."""

    def __repr__(self) -> str:
        return "the batch size"


BATCH = Batch()


class Refusal(Exception):
    """Why a node has no host operation, and what to do; export makes a `CompileError` of it that names the node."""


@dataclass
class Emitter:
    """Steps so far.

    Attributes:
        steps, tensors: of the pipeline.
        name: of the value that the node being handled gives.
    """

    steps: list[Step] = field(default_factory=list)
    tensors: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    name: str = ""

    def step(self, op: str, *inputs: Any, tensors: dict[str, Tensor | None] | None = None, name: str | None = None,
             **attributes: Any) -> str:
        """Write a step; returns the name of its value. Inputs that are numbers or tensors become steps of their own."""
        name = self._free(name or self.name)
        given = tuple(self._input(value, name) for value in inputs)
        stored = {}
        for role, tensor in (tensors or {}).items():
            if tensor is not None:
                stored[role] = self._store(f"{name}.{role}", tensor)
        self.steps.append(Step(name, op, given, attributes, stored))
        return name

    def _input(self, value: Any, name: str) -> str:
        if isinstance(value, Ref):
            return value.name
        if isinstance(value, str):
            return value
        if isinstance(value, Tensor):
            return self.step("constant", tensors={"value": value}, name=f"{name}.tensor")
        if isinstance(value, bool | int | float):
            return self.step("scalar", value=value, name=f"{name}.number")
        raise Refusal(f"it takes {value!r}: only tensors and numbers are computed with")

    def _store(self, name: str, tensor: Tensor) -> str:
        array = tensor.detach().cpu().numpy()
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        for known, other in self.tensors.items():  # a layer that is used twice
            if other.dtype == array.dtype and other.shape == array.shape and np.array_equal(other, array):
                return known
        self.tensors[name] = array
        return name

    def _free(self, name: str) -> str:
        taken, number, found = {step.name for step in self.steps}, 1, name
        while found in taken:
            number += 1
            found = f"{name}.{number}"
        return found


def axes_of(dim: Any, rank: int) -> list[int]:
    """Axes of a `dim` argument: all of them where it is None."""
    if dim is None:
        return list(range(rank))
    return [int(axis) for axis in (dim if isinstance(dim, tuple | list | torch.Size) else (dim,))]
