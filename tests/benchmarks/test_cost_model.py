"""What the comparison of the cost models says of points, and the page that shows it."""

from dataclasses import replace

import pytest

from benchmarks import cost_model, cost_model_page, cost_points
from benchmarks.cost_model import Compared, compared, summary
from benchmarks.record import ROOT
from benchmarks.tables import results
from lutdla.spec.config import CoreConfig

POINT = cost_points.Point(0, "mlp", "xc7", False, None, CoreConfig(metric="l1"))
SAME = {"cycles": 100.0, "lut": 2000, "ff": 3000, "ramb36": 10.5, "uram": 0, "dsp": 8}
MADE = {"command": "python -m benchmarks.x", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU"}


def other(searched=100.0, **predicted):
    return Compared(POINT, SAME | predicted, SAME, searched)


def test_errors_are_relative_to_what_was_measured():
    figures = summary([other(), other(cycles=110.0, lut=1900, dsp=16), other(searched=None, cycles=97.0, uram=2)])
    assert (figures["points"], figures["streamed"], figures["networks"]) == (3, 1, 1)
    assert figures["cycles_error_mean"] == pytest.approx((0.1 + 0.03) / 3, abs=1e-4)
    assert figures["cycles_error_max"] == pytest.approx(0.1)
    assert figures["cycles_bias"] == pytest.approx(0.07 / 3, abs=1e-4)
    assert figures["lut_error_max"] == pytest.approx(0.05)
    assert figures["lut_worst"].startswith("mlp, v=4 c=16 l1")
    assert (figures["ramb_exact"], figures["uram_exact"], figures["dsp_exact"]) == (1.0, 0.6667, 0.6667)
    assert (figures["search_cycles_error_mean"], figures["search_cycles_error_max"]) == (0.0, 0.0)


def test_points_are_compared_as_they_were_measured():
    """A few of those that are committed: what is measured is taken from the file, what is predicted is not."""
    rows = [row for row in cost_points.read(cost_model.SET) if row[0].number in (1, 9, 17)]
    for point, measured in rows:
        one = compared(point, measured)
        assert one.measured["lut"] == measured["lut"] + measured["lutram"]
        assert one.measured["cycles"] == measured["cycles_per_image"]
        assert abs(one.error("cycles")) < 0.1
        assert one.error("ramb36") == 0
        assert (one.searched is None) == (measured["pieces"] > 0 or measured["images"] > 1)
        slower = compared(point, {**measured, "cycles_per_image": 2 * measured["cycles_per_image"]})
        assert slower.error("cycles") == pytest.approx((1 + one.error("cycles")) / 2 - 1)


def test_the_page_has_its_parts():
    text = (ROOT / "docs" / "cost-model.md").read_text()
    found = {"cost_model": summary([other()]) | MADE}
    page = cost_model_page.page(text, results() | found)
    assert "1 points of 1 networks" in page
    assert "pJ" in page
    assert "25% of the LUTs" in page
    assert cost_model_page.page(page, results() | found) == page
    with pytest.raises(ValueError, match="must hold '<!-- validation: written by `make docs` -->'"):
        cost_model_page.page(page.replace("<!-- validation", "<!-- no"), found)
    assert "Not measured yet: `python -m benchmarks.record area_fit" in cost_model_page.page(text, {})


def test_points_become_a_picture(tmp_path):
    points = [other(), other(searched=None, cycles=97.0), Compared(POINT, SAME, {**SAME, "ramb36": 0.0}, 100.0)]
    cost_model_page.plot([*points, replace(points[0], measured={name: 50 * value for name, value in SAME.items()})],
                         tmp_path / "plot.svg")
    assert "<svg" in (tmp_path / "plot.svg").read_text()
