"""The fit of the area model: it finds coefficients that are there, and the committed ones are what it finds."""

import json

import numpy as np
import pytest

from benchmarks import area_fit
from benchmarks.area_fit import PRIOR, RESOURCES, Measured, fitted, measured, residuals
from lutdla.explore import area
from lutdla.explore.area import COEFFICIENTS_FILE, coefficients
from lutdla.explore.columns import Columns


def test_the_committed_coefficients_are_those_of_the_committed_points():
    points = measured()
    assert json.loads(COEFFICIENTS_FILE.read_text()) == {
        kind: pytest.approx(fitted(points, kind), rel=1e-3) for kind in PRIOR}


def test_nothing_held_out_is_fitted_to():
    assert set(area_fit.SETS) == {"cores", "fit"}
    held_out = {point.config for point in measured("held_out")}
    assert not held_out & {point.config for point in measured()}


@pytest.mark.parametrize("kind", PRIOR)
def test_coefficients_that_are_there_are_found(kind, monkeypatch):
    """Points that the model makes itself, with each coefficient a tenth away from what it is expected to be."""
    monkeypatch.setattr(area_fit, "PENALTY", 1e-9)
    rng = np.random.default_rng(0)
    wanted = {name: value * rng.uniform(0.9, 1.1) for name, value in PRIOR[kind].items()}
    points = []
    for point in measured("cores", "fit", "held_out"):
        core = Columns.of([point.config])
        found = area.terms(core, point.family)[kind]
        amount = sum(wanted.get(name, 0) * float(np.broadcast_to(value, 1)[0]) for name, value in found.items())
        held = area.in_memories(core, point.family, point.ultra_ram)["ff"][0] if kind == "ff" else 0
        points.append(Measured(point.config, point.family, point.ultra_ram, {kind: amount + held}))
    assert fitted(points, kind) == pytest.approx(wanted, rel=0.01)


def test_residuals_are_those_of_the_estimate():
    points = [Measured(point.config, point.family, point.ultra_ram, {
        name: float(getattr(area.estimate(point.config, point.family, point.ultra_ram), name)) for name in RESOURCES})
        for point in measured("cores")]
    found = residuals(points)
    assert found["points"] == len(points)
    assert (found["lut_error_max"], found["ff_error_max"], found["ramb36_exact"], found["dsp_exact"]) == (0, 0, 1, 1)
    first = points[0]
    points[0] = Measured(first.config, first.family, first.ultra_ram,
                         {**first.amounts, "lut": first.amounts["lut"] / 1.1, "dsp": first.amounts["dsp"] + 1})
    found = residuals(points)
    assert found["lut_error_max"] == pytest.approx(0.1, abs=1e-4)
    assert found["dsp_exact"] == pytest.approx(1 - 1 / len(points), abs=1e-4)


def test_coefficients_are_read_once():
    assert coefficients() is coefficients()
    assert set(coefficients()) == {"lut", "ff"}
