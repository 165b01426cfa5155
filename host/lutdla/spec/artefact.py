"""The artefact: one file that holds a compiled network, safe to load (safetensors, no pickle) and checked by digest.

Tensors: codebooks, tables, mult, bias, shift, windows, streamed tables (see `MemoryImage`), output_scale, output_bias.
Metadata entry `lutdla`: JSON of `HEADER_KEYS`. Metadata entry `sha256`: digest of the JSON and all tensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import ArtefactError, FitError, InputError, LutdlaError
from lutdla.spec import container
from lutdla.spec.config import ABI_VERSION, CoreConfig
from lutdla.spec.frame_layout import FrameLayout
from lutdla.spec.memory import MemoryImage, Piece
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.requirements import required_depths
from lutdla.spec.typed import build, read_json, shape, whole
from lutdla.spec.window import PORT_FIELDS, Port, Window

FORMAT_VERSION = 3
KIND = "lutdla"
"""Metadata entry of the header."""

HEADER_KEYS = (
    "format", "abi", "config", "program", "pieces", "input", "outputs", "output_pixels", "requires", "layers",
    "provenance",
)  # fmt: skip
DEEPEST = 100
"""Lists and objects in one another, in what a header keeps unread: Python refuses to write some that it has read."""
LARGEST_SCALE = 1e28
"""Of results: accumulators of 32 bits times it are still float32."""

TENSORS = {
    "codebooks": "int8", "tables": "int8", "mult": "int64", "bias": "int64", "shift": "int64",
    "windows": "int32", "streamed": "int8", "output_scale": "float32", "output_bias": "float32",
}  # fmt: skip
"""Tensor name -> type."""


@dataclass(frozen=True, eq=False)
class Artefact:
    """A compiled network.

    Attributes:
        config: the core it was compiled for; layout fields must match an overlay's, depths must not exceed it.
        image: what is loaded into the core.
        input_shape: shape of one input, without the batch.
        input_scale, input_zero_point: real = scale * (int8 - zero_point).
        output_scale, output_bias: (outputs,) real result = scale * accumulator + bias.
        layout: how an input becomes a frame.
        layers: name of the layer each program record belongs to.
        provenance: who made it from what: free JSON values.
        output_pixels: pixels of a result, each with its channels; where there are several, they follow each other.
    """

    config: CoreConfig
    image: MemoryImage
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    output_scale: npt.NDArray[np.float32]
    output_bias: npt.NDArray[np.float32]
    layout: FrameLayout
    layers: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    output_pixels: int = 1

    @property
    def outputs(self) -> int:
        """Values of one result."""
        return len(self.output_scale)

    @property
    def table_bytes(self) -> int:
        """Bytes of all tables, all banks, streamed ones included."""
        return self.image.table_bytes

    @property
    def codebook_bytes(self) -> int:
        """Bytes of codebook memory the network fills."""
        return self.image.codebooks.nbytes

    # -- arithmetic at the border ----------------------------------------------------------------------------------
    def accept(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """Inputs (batch, *input_shape) as (batch, values) of the same type, checked.

        Raises:
            InputError: for a wrong shape or type.
        """
        array = np.asarray(x)
        if array.shape[1:] != self.input_shape or array.ndim == 0:
            raise InputError(
                f"input has shape {array.shape}, this network takes (batch, "
                f"{', '.join(map(str, self.input_shape))}): reshape it, one image is x[None]"
            )
        if array.dtype.kind not in "fiu":
            raise InputError(f"input has type {array.dtype}: use float, or int8 for values already quantized")
        return array.reshape(len(array), math.prod(self.input_shape))  # -1 would not do for an empty batch

    def quantize(self, x: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Real inputs (batch, *input_shape) as int8 (batch, values), in the order of the array.

        int8 arrays are taken as already quantized.

        Raises:
            InputError: for a wrong shape or type, or values that are not finite.
        """
        return self.quantize_accepted(self.accept(x))

    def quantize_accepted(self, flat: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
        """`quantize`, of inputs as `accept` gives them."""
        if flat.dtype == np.int8:
            return np.ascontiguousarray(flat)
        real = flat.astype(np.float32)
        if not np.isfinite(real).all():
            raise InputError("input holds NaN or infinity: clean it before running")
        rounded = np.rint(real / np.float32(self.input_scale)) + self.input_zero_point
        quantized: npt.NDArray[np.int8] = np.clip(rounded, -128, 127).astype(np.int8)
        return quantized

    def frames(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Input frames (images, groups * group) of quantized inputs (batch, values).

        Images are filled up with copies of the last one to whole passes of the program.
        """
        missing = -len(values) % self.image.program.images
        whole = np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values
        return self.layout.arrange(whole, self.config)

    def select(self, raw: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Accumulators (batch, outputs) of raw results (batch, rows * lanes) as the core sends them.

        Each record that sends results does so pixel by pixel, some rows of lanes of each: put together again here.
        """
        if self.output_pixels == 1:
            return raw[:, : self.outputs]
        lanes, at, parts = self.config.lanes, 0, []
        for rows in self.image.program.output_shares:
            share = raw[:, at * lanes : (at + rows) * lanes]
            parts.append(share.reshape(len(raw), self.output_pixels, rows // self.output_pixels * lanes))
            at += rows
        channels = self.outputs // self.output_pixels
        found: npt.NDArray[np.int32] = np.concatenate(parts, axis=2)[:, :, :channels].reshape(len(raw), self.outputs)
        return found

    def dequantize(self, raw: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Raw accumulators (batch, rows * lanes) as real results (batch, outputs)."""
        return raw[:, : self.outputs].astype(np.float32) * self.output_scale + self.output_bias

    # -- fit ---------------------------------------------------------------------------------------------------------
    def requires(self) -> dict[str, int]:
        """The least depth of each memory that the network needs."""
        return required_depths(self.image, self.config)

    def check_fits(self, config: CoreConfig) -> None:
        """Check that a core can run this network.

        Raises:
            FitError: names what differs or is too small, both values and the fix.
        """
        for name, need, have in self.config.layout_differences(config):
            raise FitError(
                f"artefact was compiled for {name}={need}, this overlay has {name}={have}: compile the model for "
                f"this overlay ({config}), or open an overlay built for ({self.config})"
            )
        for name, need in self.requires().items():
            have = getattr(config, name)
            if need > have:
                raise FitError(
                    f"{name.split('_')[0]} memory needs {need} {name.split('_')[1]}, this overlay has {have} "
                    f"(lanes={config.lanes}, banks={config.banks}): use an overlay with {name}={need} or more, "
                    "more banks, or a board with more BRAM"
                )
        self.image.validate(config)

    # -- file --------------------------------------------------------------------------------------------------------
    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """What is stored, by the names of `TENSORS`."""
        arrays = {
            "codebooks": self.image.codebooks, "tables": self.image.tables, "mult": self.image.mult,
            "bias": self.image.bias, "shift": self.image.shift, "windows": _window_tensor(self.image.windows),
            "streamed": np.concatenate([self.image.tables[:, :0], *(p.tables for p in self.image.pieces)], axis=1),
            "output_scale": self.output_scale, "output_bias": self.output_bias,
        }  # fmt: skip
        return {name: np.ascontiguousarray(arrays[name], dtype) for name, dtype in TENSORS.items()}

    def header(self) -> str:
        """JSON of `HEADER_KEYS`."""
        records = [
            {"kind": type(record).__name__, **asdict(record)} for record in self.image.program.records
        ]
        header = {
            "format": FORMAT_VERSION, "abi": ABI_VERSION, "config": self.config.to_dict(), "program": records,
            "pieces": [[piece.row, piece.tables.shape[1]] for piece in self.image.pieces],
            "input": {"shape": list(self.input_shape), "scale": self.input_scale, "zero_point": self.input_zero_point,
                      "layout": asdict(self.layout)},
            "outputs": self.outputs, "output_pixels": self.output_pixels,
            "requires": self.requires(), "layers": list(self.layers),
            "provenance": self.provenance,
        }  # fmt: skip
        return json.dumps(header, sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """sha256 of header and tensors, hexadecimal."""
        return container.digest(self.header(), self.tensors())

    @property
    def model_id(self) -> int:
        """First 32 bits of the digest: what register MODEL holds after loading."""
        return int(self.digest[:8], 16)

    def save(self, path: str | Path) -> Path:
        """Write the artefact; returns the path."""
        return container.write(path, KIND, self.header(), self.tensors())

    @classmethod
    def load(cls, path: str | Path) -> Artefact:
        """Read and check an artefact.

        Raises:
            ArtefactError: not an artefact, another version, truncated, or a digest that does not match.
        """
        return cls.from_parts(str(path), *container.read_kind(path, KIND))

    def _check_border(self, path: str) -> None:
        """Check that inputs fit into a frame and outputs into a result."""
        self.layout.check(self.config)
        values, groups = math.prod(self.input_shape), self.layout.groups(self.config)
        if values != self.layout.values or groups != self.image.program.input_groups:
            raise ArtefactError(f"{path}: an input has {values} values, its layout {self.layout.values} in {groups} "
                                f"groups, the program takes {self.image.program.input_groups} groups: compile it again")
        for name, real in (("scales", self.output_scale), ("biases", self.output_bias)):
            if not (np.abs(real) < LARGEST_SCALE).all():
                raise ArtefactError(f"{path}: output {name} are not all below {LARGEST_SCALE:g}: compile it again")
        results = self.image.program.output_rows * self.config.lanes
        if self.output_pixels < 1 or any(count % self.output_pixels for count in (
                self.outputs, *self.image.program.output_shares)):
            raise ArtefactError(f"{path}: results have {self.output_pixels} pixels, which do not divide {self.outputs} "
                                f"values and {self.image.program.output_shares} rows: compile it again")
        if not 0 < self.outputs <= results or self.output_bias.shape != self.output_scale.shape:
            raise ArtefactError(f"{path}: {self.output_scale.shape} output scales and {self.output_bias.shape} biases, "
                                f"the program gives {results} results: compile it again")

    @classmethod
    def from_parts(cls, path: str, text: str, tensors: Mapping[str, npt.NDArray[Any]]) -> Artefact:
        """An artefact of its header and tensors.

        Raises:
            ArtefactError: they describe no network; `path` is for the message.
        """
        try:
            header = read_json(text)
            if (header["format"], header["abi"]) != (FORMAT_VERSION, ABI_VERSION):
                raise ArtefactError(
                    f"{path}: format {header['format']}, ABI {header['abi']}; this lutdla reads format "
                    f"{FORMAT_VERSION}, ABI {ABI_VERSION}: compile the model with this version"
                )
            for name, dtype in TENSORS.items():
                if str(tensors[name].dtype) != dtype:
                    raise ArtefactError(f"{path}: tensor {name} is {tensors[name].dtype}, it must be {dtype}")
            config = CoreConfig.from_dict(header["config"])
            program = Program(tuple(_record(entry) for entry in header["program"]))
            stored = {name: tensors[name] for name in ("codebooks", "tables", "mult", "bias", "shift")}
            pieces = _pieces(header["pieces"], tensors["streamed"])
            image = MemoryImage(program, **stored, windows=_windows(tensors["windows"], config), pieces=pieces)
            image.validate(config)
            artefact = cls(
                config, image, shape(header["input"]["shape"], "the input's shape"),
                _scale(header["input"]["scale"]), whole(header["input"]["zero_point"], "zero_point"),
                tensors["output_scale"], tensors["output_bias"], build(FrameLayout, header["input"]["layout"]),
                tuple(map(str, header["layers"])), provenance(header),
                whole(header["output_pixels"], "output_pixels"),
            )  # fmt: skip
            artefact._check_border(path)
            return artefact
        except ArtefactError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError,
                LutdlaError) as error:  # fmt: skip
            raise ArtefactError(f"{path}: header does not describe a network ({error!r}): compile it again") from error


def provenance(header: dict[str, Any]) -> dict[str, Any]:
    """Who made a file from what.

    Raises:
        ValueError: it is no object, or nested deeper than `DEEPEST`.
    """
    found = header["provenance"]
    if type(found) is not dict:
        raise ValueError(f"provenance is {str(found)[:60]}, it must be an object")
    check_depth(found, "provenance")
    return found


def check_depth(value: Any, what: str) -> None:
    """Check that a JSON value is not nested deeper than `DEEPEST`.

    Raises:
        ValueError: it is.
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [holder for holder in level if isinstance(holder, (dict, list))]
        if not level:
            return
        level = [inner for holder in level for inner in (holder.values() if isinstance(holder, dict) else holder)]
    raise ValueError(f"{what} is nested more than {DEEPEST} deep")


def _record(entry: dict[str, Any]) -> EncodeInput | Lookup:
    values = dict(entry)
    kind = values.pop("kind")
    if kind == "EncodeInput":
        return build(EncodeInput, values)
    if kind != "Lookup":
        raise KeyError(f"unknown record kind {kind!r}")
    values["loops"] = tuple(build(Loop, loop) for loop in values["loops"])
    return build(Lookup, values)


def _scale(value: Any) -> float:
    """The scale of inputs, which are divided by it."""
    if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"the input's scale is {value!r}, it must be a number above 0")
    return float(value)


def _window_tensor(windows: tuple[Window, ...]) -> npt.NDArray[np.int32]:
    """Windows as rows (rows, ports * fields + 1): the fields of each port, then `table`."""
    names = [name for name, _ in PORT_FIELDS]
    return np.array([[*(int(getattr(port, name)) for port in window.ports for name in names), window.table]
                     for window in windows], np.int32)


def _windows(rows: npt.NDArray[np.int32], config: CoreConfig) -> tuple[Window, ...]:
    """The inverse of `_window_tensor`. Counted first: as objects they take many times the room of the tensor."""
    size, windows = len(PORT_FIELDS), []
    width = config.ports * size + 1
    if rows.ndim != 2 or rows.shape[1] != width or len(rows) > config.window_rows:
        raise ValueError(f"windows have shape {rows.shape}, this core takes up to {config.window_rows} rows of {width}")
    for row in rows.tolist():
        parts = [row[i : i + size] for i in range(0, len(row) - 1, size)]
        ports = tuple(Port(offset, dy, dx, blocks, bool(shortcut)) for offset, dy, dx, blocks, shortcut in parts)
        windows.append(Window(ports, row[-1]))
    return tuple(windows)


def _pieces(places: list[list[int]], streamed: npt.NDArray[np.int8]) -> tuple[Piece, ...]:
    """Table pieces of their first rows and numbers of rows, and of all their rows one behind the other."""
    pieces, at = [], 0
    for row, rows in places:
        whole(row, "first row of a piece"), whole(rows, "rows of a piece")
        pieces.append(Piece(row, streamed[:, at : at + rows]))
        at += rows
    if at != streamed.shape[1]:
        raise ValueError(f"streamed tables have {streamed.shape[1]} rows, the pieces {at}")
    return tuple(pieces)
