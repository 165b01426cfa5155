"""Ways to encode: fronts, spreads, maps with a v of their own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.short_run import ShortRun
from lutdla.explore.sketch import sketch
from lutdla.explore.trials import DROP, next_ways, usual_floor
from lutdla.explore.ways import Way, front, spread, with_layers
from lutdla.spec.config import CoreConfig

RUN = ShortRun("accuracy", 0.9, 0.8, 100, 1.0)
WAYS = [Way(v, 16, "l1") for v in range(1, 10)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
def test_the_front_is_what_nothing_dominates(points):
    kept = front(points)
    for point, on in zip(points, kept, strict=True):
        better = [other for other in points if other != point and all(a <= b for a, b in zip(other, point))]
        assert on == (not better)


@given(st.integers(1, 50), st.integers(1, 10))
def test_positions_are_spread_from_end_to_end(count, most):
    found = spread(count, most)
    assert found == sorted(set(found))
    assert len(found) <= min(count, most)
    assert found[0] == 0
    assert most == 1 or found[-1] == count - 1


def test_layers_with_a_v_of_their_own_are_compiled_so():
    shape = NetworkShape.of(topology("lenet5", CoreConfig()), "lenet5")
    name = shape.layers[1].name
    own = with_layers(shape, Way(4, 16, "l1", ((name, 2),)))
    assert own.layers[1].operand.source.slice == 2
    assert own.layers[0].target == own.layers[1].operand.source
    assert [layer.operand.source.slice for layer in own.layers[2:]] == [None] * (len(own.layers) - 2)
    assert with_layers(shape, Way(4, 16, "l1")) == shape
    config = CoreConfig(metric="l1", table_rows=16384, index_words=8192, codebook_rows=512, window_rows=128)
    steps = [assemble(sketch(at, config), config).image.program for at in (shape, own)]
    assert steps[1].lookups[1].steps() > steps[0].lookups[1].steps()
    assert steps[1].lookups[0].encodings == 2


@pytest.mark.parametrize("limit", [0.0, 0.35, 0.75, 2.0])
@pytest.mark.parametrize("runs", [1, 2, 4, 9, 20])
def test_trials_find_the_coarsest_way_that_is_good_enough(limit, runs):
    """Accuracy falls from way to way."""
    truth = dict(zip(WAYS, np.linspace(0.9, 0.1, len(WAYS)), strict=True))
    known = {}
    while more := next_ways(WAYS, known, limit, runs):
        assert not set(more) & set(known)
        known |= {way: truth[way] for way in more}
        assert len(known) <= runs
    reach = [way for way in WAYS if truth[way] >= limit]
    if runs >= 6 and reach:  # two ends and a middle, then the half in between
        assert max(reach, key=WAYS.index) in known


def test_without_a_floor_the_front_is_looked_at_once():
    first = next_ways(WAYS, {}, None, 4)
    assert first == [WAYS[0], WAYS[-1]]
    assert next_ways(WAYS, dict.fromkeys(first, 0.5), None, 4) == []
    assert next_ways([], {}, None, 4) == []


def test_the_usual_floor_follows_the_dense_network():
    assert usual_floor([RUN, replace(RUN, dense=0.88)]) == pytest.approx(0.9 - DROP)
    assert usual_floor([replace(RUN, score="error")]) is None
    assert usual_floor([]) is None


def test_ways_have_names():
    assert str(Way(4, 16, "l1")) == "v=4 c=16 l1"
    assert str(Way(4, 16, "l1", (("conv", 2),))) == "v=4 c=16 l1 conv:2"
