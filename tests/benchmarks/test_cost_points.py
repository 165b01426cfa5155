"""Points of the cost models are drawn again as they were, and read as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cost_points
from benchmarks.cost_points import append, artefact_of, depth_for, draw, measured, read
from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig


@pytest.mark.parametrize("number", [0, 3, 5])
def test_a_point_is_drawn_again_and_runs_on_its_core(number):
    point = draw("held_out", number)
    assert draw("held_out", number) == point
    assert draw("fit", number) != point
    artefact_of(point.network, point.config, point.batch).check_fits(point.config)


@given(st.sampled_from(["table_rows", "index_words", "window_rows"]), st.integers(32, 1 << 10))
def test_a_depth_is_the_least_that_is_enough(field, need):
    def possible(depth):
        try:
            CoreConfig(**{field: depth})
        except ConfigError:
            return False
        return True

    assert depth_for(field, need, CoreConfig()) == next(depth for depth in range(need, 1 << 16) if possible(depth))


def test_rows_are_read_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr(cost_points, "FOLDER", tmp_path)
    monkeypatch.setattr(cost_points, "cycles", lambda artefact, config: ({"cycles": 166.5, "stall_input": 2.25}, None))
    monkeypatch.setattr(cost_points, "area", lambda core: {"lut": 8000, "lutram": 500, "ff": 7000, "ramb36": 10.5,
                                                           "uram": 0, "dsp": 8})
    points = [draw("held_out", number) for number in (0, 3)]
    assert list(read("held_out")) == []
    for point in points:
        append("held_out", measured(point))
    found = list(read("held_out"))
    assert [point for point, _ in found] == points
    assert found[0][1]["cycles_per_image"] == 166.5
    assert found[1][1]["ramb36"] == 10.5
