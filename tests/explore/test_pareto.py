import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lutdla.explore import pareto
from lutdla.explore.pareto import front


def slow(values):
    """Row by row, as the definition says."""
    def beaten(i):
        return any((other <= values[i]).all() and ((other < values[i]).any() or j < i)
                   for j, other in enumerate(values) if j != i)
    return {i for i in range(len(values)) if not beaten(i)}


@given(arrays.arrays(np.int64, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(0, 5)),
       st.sampled_from((3, 1024)))
def test_the_front_is_what_the_definition_says(values, part):
    before, pareto.PART = pareto.PART, part
    try:
        found = front(values)
    finally:
        pareto.PART = before
    assert set(found.tolist()) == slow(values)
    assert len(found) == len(set(found.tolist()))
    assert (np.diff(values[found, 0]) >= 0).all()


def test_no_points_have_no_front():
    assert len(front(np.zeros((0, 3)))) == 0
