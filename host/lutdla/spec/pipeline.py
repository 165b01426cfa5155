"""A pipeline: a network of which some parts run on the accelerator and the rest on the host, as one file.

Values are computed once each, in the order of the steps. A step calls one of the host's functions
(`lutdla.runtime.host_ops`) or, as `lookup`, runs one of the artefacts. The file holds the JSON of `HEADER_KEYS`, the
tensors as `tensor/NAME`, and those of each artefact as `part/PART/NAME`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import ArtefactError
from lutdla.spec import container
from lutdla.spec.artefact import Artefact, check_depth, provenance
from lutdla.spec.typed import MOST_VALUES, read_json, shape

KIND = "lutdla_pipeline"
FORMAT_VERSION = 1
HEADER_KEYS = ("format", "inputs", "steps", "output", "parts", "provenance")
LOOKUP = "lookup"
"""Operation of a step that runs an artefact: attributes `part` (its name) and `shape` (of one result)."""

LARGEST_ATTRIBUTE = 1 << 26
"""Largest whole number among a step's attributes."""

INPUT_TYPES = ("float32", "int64")


@dataclass(frozen=True)
class Input:
    """An input of the network.

    Attributes:
        name: of the value, and what callers call it.
        shape: without the batch.
        dtype: one of `INPUT_TYPES`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Step:
    """One operation.

    Attributes:
        name: of the value it gives.
        op: name of a host function, or `lookup`.
        inputs: names of values, in the order of the function's arguments.
        attributes: JSON values for its other arguments.
        tensors: argument -> name of a tensor of the pipeline.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Pipeline:
    """Steps, what they need, and where results come out.

    Attributes:
        inputs, steps: in order.
        output: name of the value that is the result.
        tensors: of the host's steps.
        parts: artefacts by name.
        provenance: free JSON values.

    Raises:
        ArtefactError: on construction, when names do not fit together.
    """

    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    output: str
    tensors: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    parts: dict[str, Artefact] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known: set[str] = set()
        if not self.inputs:
            raise ArtefactError("pipeline: it has no inputs: export it again")
        for entry in self.inputs:
            if entry.dtype not in INPUT_TYPES:
                raise ArtefactError(f"pipeline: input {entry.name} has type {entry.dtype}: use one of "
                                    f"{', '.join(INPUT_TYPES)}")
            self._define(known, entry.name)
        for step in self.steps:
            for name in step.inputs:
                if name not in known:
                    raise ArtefactError(f"pipeline: step {step.name} ({step.op}) takes {name!r}, which no input and no "
                                        "earlier step gives: export it again")
            for name in step.tensors.values():
                if name not in self.tensors:
                    raise ArtefactError(f"pipeline: step {step.name} ({step.op}) needs tensor {name!r}, which is "
                                        "missing: export it again")
            if step.op == LOOKUP and step.attributes.get("part") not in self.parts:
                raise ArtefactError(f"pipeline: step {step.name} runs part {step.attributes.get('part')!r}, which is "
                                    f"missing: there are {', '.join(self.parts) or 'none'}: export it again")
            self._define(known, step.name)
        if self.output not in known:
            raise ArtefactError(f"pipeline: its result is {self.output!r}, which no step gives: export it again")

    @staticmethod
    def _define(known: set[str], name: str) -> None:
        if name in known:
            raise ArtefactError(f"pipeline: two values are called {name!r}: export it again")
        known.add(name)

    # -- size --------------------------------------------------------------------------------------------------------
    @property
    def table_bytes(self) -> int:
        """Bytes of all tables of all parts."""
        return sum(part.table_bytes for part in self.parts.values())

    @property
    def host_bytes(self) -> int:
        """Bytes of the host's tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    # -- file --------------------------------------------------------------------------------------------------------
    def header(self) -> str:
        """JSON of `HEADER_KEYS`."""
        return json.dumps({
            "format": FORMAT_VERSION, "inputs": [asdict(entry) for entry in self.inputs],
            "steps": [asdict(step) for step in self.steps], "output": self.output,
            "parts": {name: part.header() for name, part in self.parts.items()}, "provenance": self.provenance,
        }, sort_keys=True)  # fmt: skip

    def _stored(self) -> dict[str, npt.NDArray[Any]]:
        tensors = {f"tensor/{name}": np.ascontiguousarray(array) for name, array in self.tensors.items()}
        for part, artefact in self.parts.items():
            tensors |= {f"part/{part}/{name}": array for name, array in artefact.tensors().items()}
        return tensors

    def save(self, path: str | Path) -> Path:
        """Write the pipeline; returns the path."""
        return container.write(path, KIND, self.header(), self._stored())

    @classmethod
    def load(cls, path: str | Path) -> Pipeline:
        """Read and check a pipeline.

        Raises:
            ArtefactError: not a pipeline, another version, truncated, or a digest that does not match.
        """
        return cls.from_parts(str(path), *container.read_kind(path, KIND))

    @classmethod
    def from_parts(cls, path: str, text: str, stored: dict[str, npt.NDArray[Any]]) -> Pipeline:
        """A pipeline of its header and stored tensors.

        Raises:
            ArtefactError: they describe none; `path` is for the message.
        """
        try:
            header = read_json(text)
            if header["format"] != FORMAT_VERSION:
                raise ArtefactError(f"{path}: pipeline format {header['format']}, this lutdla reads {FORMAT_VERSION}: "
                                    "export the model with this version")
            parts = {name: Artefact.from_parts(f"{path}, part {name}", text, _below(stored, f"part/{name}/"))
                     for name, text in header["parts"].items()}
            return cls(
                _inputs(header["inputs"]),
                tuple(Step(_name(step["name"]), _name(step["op"]), tuple(map(_name, step["inputs"])),
                           _attributes(step["attributes"]), _tensors(step["tensors"])) for step in header["steps"]),
                _name(header["output"]), _below(stored, "tensor/"), parts, provenance(header),
            )  # fmt: skip
        except ArtefactError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
            raise ArtefactError(f"{path}: header does not describe a pipeline ({error!r}): export it again") from error


def _name(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is no name")
    return value


def _inputs(entries: list[dict[str, Any]]) -> tuple[Input, ...]:
    """Inputs, that are no larger together than one may be."""
    inputs = tuple(Input(_name(entry["name"]), shape(entry["shape"], "the shape of an input"), _name(entry["dtype"]))
                   for entry in entries)
    values = sum(math.prod(entry.shape) for entry in inputs)
    if values > MOST_VALUES:
        raise ValueError(f"inputs have {values} values together, at most {MOST_VALUES} are read")
    return inputs


def _tensors(values: Any) -> dict[str, str]:
    return {_name(argument): _name(tensor) for argument, tensor in dict(values).items()}


def _attributes(values: Any) -> dict[str, Any]:
    """JSON values, whose numbers are no larger than a step can need."""
    attributes = {_name(argument): value for argument, value in dict(values).items()}
    check_depth(attributes, "what a step has in its attributes")
    left = list(attributes.values())
    while left:
        value = left.pop()
        if isinstance(value, (list, dict)):
            left += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int) and abs(value) > LARGEST_ATTRIBUTE:
            raise ValueError(f"an attribute of a step is {value}, at most {LARGEST_ATTRIBUTE} is read")
    return attributes


def _below(stored: dict[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in stored.items() if name.startswith(prefix)}


def load_model(path: str | Path) -> Artefact | Pipeline:
    """What a file holds.

    Raises:
        ArtefactError: neither of both, or damaged.
    """
    kind, header, tensors = container.read(path)
    if kind == KIND:
        return Pipeline.from_parts(str(path), header, tensors)
    return Artefact.from_parts(str(path), header, tensors)
