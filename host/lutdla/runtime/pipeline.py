"""`PipelineNetwork`: a loaded pipeline that is called with arrays; parts take turns on the core."""

from __future__ import annotations

import math
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import DeviceError, InputError
from lutdla.runtime.pipeline_profile import PipelineProfile
from lutdla.runtime.steps import Array, check_steps, part_rows, run_steps
from lutdla.spec.pipeline import Input, Pipeline, Step

if TYPE_CHECKING:
    from lutdla.runtime.accelerator import Accelerator

BATCH = 16
"""Inputs that go through the steps together unless the caller says otherwise. More of them share the loading of each
part, and take more of the host's memory."""

CHUNK_VALUES = 1 << 22
"""Values of a part's input that are quantized at a time, unless one input of the batch has more."""


class PipelineNetwork:
    """A pipeline on a device. Made by `Accelerator.load`; valid until another model is loaded or it is closed.

    Attributes:
        pipeline: what was loaded.
        output_shape: of one result.

    Raises:
        ArtefactError: a step is none that this version can compute.
    """

    def __init__(self, accelerator: Accelerator, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.output_shape = check_steps(pipeline)
        self._accelerator = accelerator
        self._profile = PipelineProfile()

    def __call__(self, *inputs: npt.ArrayLike, batch: int | None = None, timeout_s: float | None = None,
                 **named: npt.ArrayLike) -> npt.NDArray[Any]:
        """Results of a batch.

        Args:
            inputs, named: (images, *shape) of each input of the pipeline, in order or by name.
            batch: images that go through all steps together; default: `BATCH`.
            timeout_s: longest wait for one exchange; default: the accelerator's.

        Returns:
            float32 (images, *output_shape)

        Raises:
            InputError: wrong inputs, shapes or types, values that are not finite, or that a step cannot take.
            DeviceError: closed, or another model was loaded since.
            CoreError, DeadlineError: the device failed; it is usable again afterwards.
        """
        self._check_loaded()
        batch = BATCH if batch is None else batch
        if batch < 1:
            raise InputError(f"batch is {batch}: it must be 1 or more")
        values, count = self._arrays(inputs, named)
        profile = PipelineProfile()
        with self._accelerator.turn(timeout_s):  # parts of two calls must not take turns
            results = [self._run({name: array[at : at + batch] for name, array in values.items()}, profile, timeout_s)
                       for at in range(0, count, batch)]
        self._profile = profile
        return np.concatenate(results) if results else np.zeros((0, *self.output_shape), np.float32)

    @property
    def profile(self) -> PipelineProfile:
        """What the newest call cost, part by part; zeros before the first."""
        return self._profile

    # -- inputs ------------------------------------------------------------------------------------------------------
    def _arrays(self, inputs: tuple[npt.ArrayLike, ...],
                named: dict[str, npt.ArrayLike]) -> tuple[dict[str, Array], int]:
        """Inputs by name, checked, and how many there are of each."""
        wanted = [entry.name for entry in self.pipeline.inputs]
        given = dict(zip(wanted, inputs)) | named
        if len(inputs) > len(wanted) or set(given) != set(wanted) or len(inputs) + len(named) != len(given):
            raise InputError(f"this network takes the inputs {', '.join(wanted)}, here are {len(inputs)} in order and "
                             f"{', '.join(named) or 'none'} by name: give each of them once")
        arrays = {entry.name: _array(given[entry.name], entry) for entry in self.pipeline.inputs}
        counts = {name: len(array) for name, array in arrays.items()}
        if len(set(counts.values())) > 1:
            raise InputError(f"inputs differ in number ({', '.join(f'{n} {c}' for n, c in counts.items())}): give as "
                             "many of each")
        return arrays, counts[wanted[0]]

    # -- parts -------------------------------------------------------------------------------------------------------
    def _run(self, values: dict[str, Array], profile: PipelineProfile, timeout_s: float | None) -> Array:
        def run_part(step: Step, x: Array) -> Array:
            with profile.timed(step.op):
                return self._run_part(step, x, profile, timeout_s)

        try:
            with profile.timed("all"):
                return run_steps(self.pipeline, values, run_part)
        except (ValueError, TypeError, IndexError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"the host's steps cannot compute these inputs: {error}") from error

    def _run_part(self, step: Step, x: Array, profile: PipelineProfile, timeout_s: float | None) -> Array:
        """All rows of a value through one artefact."""
        name: str = step.attributes["part"]
        artefact = self.pipeline.parts[name]
        lead = part_rows(step, x, artefact.input_shape)
        if not math.prod(lead):
            return np.zeros((*lead, *step.attributes["shape"]), np.float32)
        network, loaded = self._accelerator.load_part(self, artefact, timeout_s)
        if loaded:
            profile.count_load(name)
        out = np.empty((*lead, *step.attributes["shape"]), np.float32)
        rows = max(1, CHUNK_VALUES // max(1, math.prod(x.shape[1:])))
        for at in range(0, len(x), rows):  # x may be a view of windows: only a chunk of it is ever copied
            part = x[at : at + rows].reshape(-1, *artefact.input_shape)
            out[at : at + rows] = network(part, timeout_s=timeout_s).reshape(out[at : at + rows].shape)
            profile.add(name, network.profile)
        return out

    def _check_loaded(self) -> None:
        if not self._accelerator.is_open:
            self._accelerator.core()  # raises
        if self._accelerator.pipeline is not self:
            raise DeviceError("this network is not on the device any more: it was closed or another model was loaded, "
                              "load it again with Accelerator.load")

    # -- end ---------------------------------------------------------------------------------------------------------
    def close(self) -> None:
        """Give the device back; may be called twice. The accelerator stays open."""
        self._accelerator.forget_pipeline(self)

    def __enter__(self) -> PipelineNetwork:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _array(given: npt.ArrayLike, entry: Input) -> Array:
    """An input as the steps take it."""
    array = np.asarray(given)
    if array.ndim == 0 or array.shape[1:] != entry.shape:
        raise InputError(f"input {entry.name} has shape {array.shape}, this network takes (batch, "
                         f"{', '.join(map(str, entry.shape))}): reshape it, one image is x[None]")
    kinds = "iu" if entry.dtype == "int64" else "fiu"
    if array.dtype.kind not in kinds:
        raise InputError(f"input {entry.name} has type {array.dtype}: use {'integers' if kinds == 'iu' else 'float'}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"input {entry.name} holds NaN or infinity: clean it before running")
    return array.astype(entry.dtype)
