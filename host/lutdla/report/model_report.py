"""`ModelReport`: all that a report shows, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lutdla.compiler.explain import Explanation, explain
from lutdla.inspection import Inspection, inspect_artefact
from lutdla.report.accuracy import Accuracy, score
from lutdla.report.codebooks import MapUse, map_uses
from lutdla.report.cycles import Counted, count
from lutdla.report.examples import Examples
from lutdla.report.recorder import Recorder, map_values
from lutdla.report.tables import TableUse, table_uses
from lutdla.runtime import open as open_target
from lutdla.spec.artefact import Artefact

if TYPE_CHECKING:
    from torch import nn

    from lutdla.report.differences import MapDifference

SAMPLE = 256
"""Inputs whose inside is recorded, unless said otherwise."""


@dataclass(frozen=True)
class ModelReport:
    """A compiled network.

    Attributes:
        name: of the file.
        inspection: layers, memories, predicted cycles.
        explanation: records and places of maps, for plots.
        counted: cycles of a cycle-exact core; None: none was at hand.
        tables: of each layer.
        sample: inputs that were recorded; 0: without data.
        accuracy, maps: with data alone.
        differences: with data and a dense network alone.
    """

    name: str
    inspection: Inspection
    explanation: Explanation
    counted: Counted | None
    tables: tuple[TableUse, ...]
    sample: int = 0
    accuracy: Accuracy | None = None
    maps: tuple[MapUse, ...] = ()
    differences: tuple[MapDifference, ...] = ()

    def figures(self) -> dict[str, Any]:
        """As JSON has it."""
        made = asdict(self)
        del made["explanation"]
        return {**made, "cycles_are": "predicted" if self.counted is None else f"counted by {self.counted.backend}"}


def make_report(path: Path, artefact: Artefact, examples: Examples | None = None, dense: nn.Module | None = None, *,
                sample: int = SAMPLE, counting: bool = False) -> ModelReport:  # fmt: skip
    """Make the report of an artefact.

    Args:
        path: names it.
        artefact: the network.
        examples: labelled inputs; without, nothing runs but the count.
        dense: what it was made of.
        sample: inputs whose inside is recorded.
        counting: count cycles on the Verilated core, which is built if need be.

    Raises:
        InputError: examples or dense network do not fit.
        ToolError: counting, and a tool is missing.
    """
    inputs = (np.zeros((1, *artefact.input_shape), np.int8) if examples is None
              else artefact.quantize(examples.inputs[:sample]).reshape(-1, *artefact.input_shape))
    found = explain(artefact)
    report = ModelReport(str(path), inspect_artefact(artefact, found), found,
                         count(artefact, inputs) if counting else None, table_uses(artefact, found))
    if examples is None:
        return report
    recorder = Recorder(artefact)
    recorder.feed(artefact.quantize(inputs))
    results = _results(artefact, examples)
    report = replace(report, sample=len(inputs), maps=map_uses(recorder))
    if dense is None:
        return replace(report, accuracy=score(examples, results.argmax(axis=1), None))
    from lutdla.report.dense import answers
    from lutdla.report.differences import differences

    theirs = answers(dense, examples.inputs)
    return replace(
        report, accuracy=score(examples, results.argmax(axis=1), theirs.argmax(axis=1)),
        differences=differences(report.inspection, _maps(report, recorder, len(inputs)),
                                _dense_inputs(report, dense, examples.inputs[:sample]),
                                (results[:sample], theirs[:sample])),
    )  # fmt: skip


def _results(artefact: Artefact, examples: Examples) -> npt.NDArray[np.float32]:
    """Results of all examples, on the emulator."""
    with open_target("emulator", config=artefact.config) as accelerator:
        found: npt.NDArray[np.float32] = accelerator.load(artefact)(examples.inputs)
    return found


def _maps(report: ModelReport, recorder: Recorder, count: int) -> dict[str, npt.NDArray[np.int8]]:
    found = {}
    for layer in report.inspection.layers[:-1]:
        pixels = layer.output[0] * layer.output[1]
        values = map_values(recorder, layer.name, report.inspection.images, pixels)
        if values is not None:
            found[layer.name] = values[:count]  # without those that fill the last pass up
    return found


def _dense_inputs(report: ModelReport, dense: nn.Module,
                  inputs: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[np.float32]]:
    from lutdla.report.dense import inputs_of

    return inputs_of(dense, [layer.name for layer in report.inspection.layers], inputs)
