"""Steps of a pipeline as calls of host functions: checked when a pipeline is loaded, called when it runs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from lutdla.errors import ArtefactError, InputError
from lutdla.runtime.host_ops import OPS
from lutdla.spec.pipeline import LOOKUP, Pipeline, Step
from lutdla.spec.typed import MOST_AXES

Array = npt.NDArray[Any]
RunPart = Callable[[Step, Array], Array]
"""What a lookup step does: the step and its input -> float32 (rows..., *shape)."""

TRIAL = 2
"""Inputs of the trial run: more than one, so that a step that mixes them is noticed."""


LARGEST_VALUE = 1 << 30
"""Bytes of a value in the trial run."""


def arguments(step: Step, pipeline: Pipeline) -> dict[str, Any]:
    """Named arguments of a step's function."""
    return {name: pipeline.tensors[tensor] for name, tensor in step.tensors.items()} | step.attributes


def run_steps(pipeline: Pipeline, values: dict[str, Array], run_part: RunPart) -> Array:
    """The result of a batch; a value is dropped when no later step takes it."""
    last = {name: i for i, step in enumerate(pipeline.steps) for name in step.inputs}
    values = dict(values)
    for i, step in enumerate(pipeline.steps):
        given = [values[name] for name in step.inputs]
        values[step.name] = run_part(step, given[0]) if step.op == LOOKUP else (
            OPS[step.op](*given, **arguments(step, pipeline)))
        for name in step.inputs:
            if last[name] == i and name != pipeline.output:
                values.pop(name, None)
    return values[pipeline.output]


def part_rows(step: Step, x: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Leading axes of a lookup's input: each place of them is one input (*shape) of the artefact.

    Raises:
        InputError: the last axes are others.
    """
    lead = x.shape[: x.ndim - len(shape)]
    if x.ndim < len(shape) + 1 or x.shape[len(lead) :] != shape:
        raise InputError(f"part {step.attributes['part']} takes inputs of {shape}, here is a value of {x.shape}")
    return lead


def check_steps(pipeline: Pipeline) -> tuple[int, ...]:
    """Check that every step is a call that works, by calling all of them once, with zeros in place of what the
    accelerator gives. Returns the shape of one result.

    Raises:
        ArtefactError: names the step, what is wrong with it and the fix.
    """
    for step in pipeline.steps:
        _check_call(step, pipeline)
    values: dict[str, Array] = {entry.name: np.zeros((TRIAL, *entry.shape), entry.dtype) for entry in pipeline.inputs}
    for step in pipeline.steps:
        given = [values[name] for name in step.inputs]
        try:
            if step.op == LOOKUP:
                values[step.name] = _pretend(step, given[0], pipeline)
            else:
                with np.errstate(all="ignore"):  # of zeros: 0 / 0 says nothing about real inputs
                    values[step.name] = OPS[step.op](*given, **arguments(step, pipeline))
            if np.asarray(values[step.name]).nbytes > LARGEST_VALUE:
                raise ValueError(f"its value has more than {LARGEST_VALUE} bytes for {TRIAL} inputs")
        except (ValueError, TypeError, IndexError, AttributeError, KeyError, OverflowError, MemoryError) as error:
            shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in zip(step.inputs, given))
            raise ArtefactError(f"pipeline: step {step.name} ({step.op}) cannot be computed from "
                                f"{shapes or 'nothing'}: {error}: export the model again") from error
    result = np.asarray(values[pipeline.output])
    if result.ndim == 0 or len(result) != TRIAL:
        raise ArtefactError(f"pipeline: {TRIAL} inputs give a result of shape {result.shape}: its first axis must be "
                            "the batch, export the model again")
    return result.shape[1:]


def _check_call(step: Step, pipeline: Pipeline) -> None:
    if step.op == LOOKUP:
        shape = step.attributes.get("shape")
        artefact = pipeline.parts[step.attributes["part"]]
        if len(step.inputs) != 1 or not _is_shape(shape) or math.prod(shape) != artefact.outputs:
            raise ArtefactError(f"pipeline: step {step.name} runs part {step.attributes['part']} on {len(step.inputs)} "
                                f"inputs for results of shape {shape}: it takes 1 and gives {artefact.outputs} values: "
                                "export the model again")
        return
    if step.op not in OPS:
        raise ArtefactError(f"pipeline: step {step.name} is {step.op!r}, which this lutdla does not know: it has "
                            f"{', '.join(sorted(OPS))}: use the version that exported it, or export it again")
    named: Mapping[str, Any] = dict.fromkeys([*step.tensors, *step.attributes])
    try:
        inspect.signature(OPS[step.op]).bind(*step.inputs, **named)
    except TypeError as error:
        raise ArtefactError(f"pipeline: step {step.name} does not call {step.op}{inspect.signature(OPS[step.op])} "
                            f"as it must be: {error}: export the model again") from error


def _is_shape(value: Any) -> TypeGuard[list[int]]:
    """Whether a JSON value is the shape of an array."""
    return isinstance(value, list) and len(value) <= MOST_AXES and all(type(n) is int and n > 0 for n in value)


def _pretend(step: Step, x: Array, pipeline: Pipeline) -> Array:
    """Zeros of the shape that a part gives."""
    lead = part_rows(step, x, pipeline.parts[step.attributes["part"]].input_shape)
    return np.zeros((*lead, *step.attributes["shape"]), np.float32)
