"""Checked safetensors files: tensors, one JSON header under the name of its kind, and the sha256 of both. No pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lutdla.errors import ArtefactError

Tensors = Mapping[str, npt.NDArray[Any]]

KINDS = {"lutdla": "an artefact of one network", "lutdla_pipeline": "a pipeline with host segments"}
"""Metadata entry that holds the header -> what the file is."""


def digest(header: str, tensors: Tensors) -> str:
    """sha256 of the header and, for each tensor by name, its name, type, shape and bytes: hexadecimal."""
    found = hashlib.sha256(header.encode())
    for name in sorted(tensors):
        array = tensors[name]
        found.update(f"{name}{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def write(path: str | Path, kind: str, header: str, tensors: Tensors) -> Path:
    """Write a file of one of `KINDS`; returns the path."""
    from safetensors.numpy import save_file

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), path, metadata={kind: header, "sha256": digest(header, tensors)})
    return path


def read(path: str | Path) -> tuple[str, str, dict[str, npt.NDArray[Any]]]:
    """Kind, header and tensors of a file.

    Raises:
        ArtefactError: no such file, unreadable, not one of `KINDS`, truncated, or a digest that does not match.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        if not path.is_file():
            raise ArtefactError(f"{path}: no such file")
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except ArtefactError:
        raise
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error}): check the path and its rights") from error
    except (SafetensorError, ValueError, OverflowError, AttributeError, TypeError, KeyError) as error:
        # AttributeError: of a type that the format has and numpy does not, as float8
        raise ArtefactError(f"{path}: damaged or not an artefact ({error}): copy or compile it again") from error
    kind = next((name for name in KINDS if name in metadata), None)
    if kind is None:
        raise ArtefactError(f"{path}: a safetensors file, but not a lutdla artefact: compile the model with lutdla")
    if metadata.get("sha256") != digest(metadata[kind], tensors):
        raise ArtefactError(f"{path}: its sha256 does not match its content: copy or compile it again")
    return kind, metadata[kind], tensors


def read_kind(path: str | Path, kind: str) -> tuple[str, dict[str, npt.NDArray[Any]]]:
    """Header and tensors of a file that must be of one kind.

    Raises:
        ArtefactError: as `read`, or it is of another kind.
    """
    found, header, tensors = read(path)
    if found != kind:
        raise ArtefactError(f"{path}: is {KINDS[found]}, here {KINDS[kind]} is wanted: Accelerator.load takes both")
    return header, tensors
