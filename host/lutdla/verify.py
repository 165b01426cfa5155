"""Compares back ends with the reference, bit for bit, on random and edge vectors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lutdla.cut import cut_behind
from lutdla.errors import InputError
from lutdla.reference import Reference
from lutdla.runtime import Accelerator
from lutdla.runtime import open as open_target
from lutdla.spec.artefact import Artefact


@dataclass(frozen=True)
class Difference:
    """Where a back end first left the reference.

    Attributes:
        image, channel: of the first wrong accumulator.
        expected, found: accumulators of the reference and of the back end.
        layer: where they differ; empty: the last layer was compared only.
    """

    image: int
    channel: int
    expected: int
    found: int
    layer: str = ""


@dataclass(frozen=True)
class Comparison:
    """Result of one back end.

    Attributes:
        backend: its name.
        vectors: images compared.
        mismatches: images with at least one wrong result.
        first: the first wrong result, None without one.
    """

    backend: str
    vectors: int
    mismatches: int
    first: Difference | None


def edge_vectors(artefact: Artefact) -> npt.NDArray[np.int8]:
    """Inputs (vectors, values) where arithmetic tends to break: extremes, signs, and points between centroids."""
    values = int(np.prod(artefact.input_shape))
    constant = [np.full(values, x, np.int8) for x in (0, -128, 127, -1, 1, artefact.input_zero_point)]
    at = np.arange(values)
    patterns = [np.where(at % 2, 127, -128), np.where(at % 2, -128, 127), at % 256 - 128, np.where(at == 0, 127, -128),
                np.where(at == values - 1, -128, 127)]
    record = artefact.image.program.encode_input
    rows = record.codebook + np.arange(record.groups) % record.codebooks
    codebooks = artefact.image.codebooks[rows].astype(np.int16)  # (groups, encoders, c, v)
    first, last = codebooks[:, :, 0], codebooks[:, :, -1]
    between = np.stack([first, last, (first + last) // 2, codebooks.sum(axis=2) // codebooks.shape[2]])
    frames = artefact.layout.restore(between.reshape(len(between), -1).astype(np.int8), artefact.config)
    return np.concatenate([np.stack([*constant, *(x.astype(np.int8) for x in patterns)]), frames])


def make_vectors(artefact: Artefact, vectors: int, seed: int = 0) -> npt.NDArray[np.int8]:
    """Inputs (vectors, *input shape): edge vectors, then random ones, every other of them mostly background.

    Raises:
        InputError: for less than one vector.
    """
    if vectors < 1:
        raise InputError(f"vectors is {vectors}: it must be 1 or more")
    rng = np.random.default_rng(seed)
    edges = edge_vectors(artefact)[:vectors]
    random = rng.integers(-128, 128, (vectors - len(edges), edges.shape[1]), np.int8)
    sparse = rng.random(random.shape) < 0.8  # images are mostly background
    sparse[1::2] = False
    random[sparse] = artefact.input_zero_point
    return np.concatenate([edges, random]).reshape(vectors, *artefact.input_shape)


def reference_results(artefact: Artefact, x: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Raw results (batch, outputs) that the reference gives for inputs (batch, *input shape)."""
    frames = artefact.frames(artefact.quantize(x))
    return artefact.select(Reference(artefact.config, artefact.image).run(frames)[: len(x)])


def compare(backend: str, expected: npt.NDArray[np.int32], found: npt.NDArray[np.int32]) -> Comparison:
    """Compare raw results (batch, outputs)."""
    wrong = np.argwhere(expected != found)
    first = None
    if len(wrong):
        image, channel = (int(i) for i in wrong[0])
        first = Difference(image, channel, int(expected[image, channel]), int(found[image, channel]))
    return Comparison(backend, len(expected), len(set(wrong[:, 0].tolist())), first)


def verify(
    artefact: Artefact, backend: str, x: npt.NDArray[np.int8], expected: npt.NDArray[np.int32],
    timeout_s: float | None = None,
) -> Comparison:  # fmt: skip
    """Run inputs on a back end, as a core of the artefact's configuration, and compare with the reference's results.

    Raises:
        DeviceError, ToolError: the back end is missing or failed.
        CoreError, DeadlineError: the run failed.
    """
    with open_target(backend, config=artefact.config, timeout_s=timeout_s) as accelerator:
        result = compare(backend, expected, accelerator.load(artefact).raw(x))
        if result.first is not None:
            images = artefact.image.program.images  # what went wrong may need the whole pass
            start = result.first.image // images * images
            result = replace(result, first=_first_layer(accelerator, artefact, x[start : start + images], result.first))
        return result


def _first_layer(
    accelerator: Accelerator, artefact: Artefact, x: npt.NDArray[np.int8], last: Difference
) -> Difference:
    """Where the images of a pass (batch, *input shape) first differ: the program is cut behind each record in turn."""
    for i in range(1, len(artefact.image.program.records)):
        image = cut_behind(artefact.image, i, artefact.config)
        if image is None:
            continue
        channels = image.program.output_rows * artefact.config.lanes
        part = replace(artefact, image=image, output_scale=np.ones(channels, np.float32),
                       output_bias=np.zeros(channels, np.float32), output_pixels=1)
        name = artefact.layers[i] if artefact.layers else f"record {i}"
        first = compare("", reference_results(part, x), accelerator.load(part).raw(x)).first
        if first is not None:
            return replace(first, image=last.image, layer=name)
    return last
