"""Bounds of streaming against programs that the compiler draws up."""

import numpy as np
import pytest

from lutdla.compiler.allocation import allocate, top
from lutdla.compiler.layer_plan import plan_layers
from lutdla.compiler.topologies import topology
from lutdla.explore.columns import Columns
from lutdla.explore.cycles import cycles
from lutdla.explore.depths import rounded
from lutdla.explore.drafts import drafted
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.streamed import IMAGES, NEVER, TABLE_ROWS, in_order, turning_points, variants
from tests.explore.test_cycles import roomy

LAYOUT = {"metric": "l1", "ports": 5, "lanes": 8, "encoders": 2}


def ways(name, most=8):
    core = roomy(LAYOUT)
    shape, columns = NetworkShape.of(topology(name, core)), Columns.of([core])
    found = cycles(shape, columns)
    for way in variants(shape, columns, found):
        if way.image[0] < NEVER and way.images <= most:
            yield core, shape, way


@pytest.mark.parametrize(("name", "points"), [
    ("resnet8", [1, 3, 5, 7]), ("lenet5", [1, 2, 3, 4]), ("autoencoder", [1]), ("kws", [1])])  # fmt: skip
def test_images_run_together_where_maps_are_small(name, points):
    assert turning_points(NetworkShape.of(topology(name, roomy({})))) == points


def test_the_largest_tables_of_late_layers_are_streamed_first():
    assert in_order([9, 1, 2, 3, 2], 2) == [3, 2, 4, 0, 1]
    assert in_order([1, 2], 0) == [1, 0]


@pytest.mark.parametrize("name", ["resnet8", "lenet5"])
def test_memories_hold_the_maps_of_all_images(name):
    network = topology(name, roomy(LAYOUT))
    plans = plan_layers(network, roomy(LAYOUT))
    for core, _, way in ways(name):
        places = allocate(plans, network.input.name, way.together, way.images, core)
        assert top(places.index.values()) == pytest.approx(int(way.index_words[0]), rel=0.1)
        assert max(2, top(places.values.values())) == way.value_rows[0]


@pytest.mark.parametrize("name", ["resnet8", "lenet5"])
def test_programs_take_a_little_longer_than_the_bound(name):
    ratios = []
    for core, shape, way in ways(name):
        columns = Columns.of([core])
        depths = {"table_rows": way.table_rows, "index_words": way.index_words + way.index_words // 10,
                  "value_rows": way.value_rows, "program_rows": np.array([256])}  # fmt: skip
        small = columns.replace(**{**rounded(depths, columns), "constant_rows": 256, "codebook_rows": 256,
                                   "window_rows": 256}).config(0)  # fmt: skip
        found = drafted(shape, small, way.together, way.images, int(way.streamed[0]))
        if found is not None:
            ratios.append(found / way.image[0])
    assert len(ratios) >= 5
    assert min(ratios) > 0.95
    assert np.median(ratios) < 1.6


def test_larger_table_memories_stream_less():
    most = {}
    for _, _, way in ways("resnet8"):
        before = most.setdefault((way.together, way.images), way.streamed[0])
        assert way.streamed[0] <= before
        most[way.together, way.images] = way.streamed[0]
    assert sorted(TABLE_ROWS) == list(TABLE_ROWS)
    assert IMAGES[0] == 1
