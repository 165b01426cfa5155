import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.data.split import stratified_split
from lutdla.errors import InputError

CONTENTS = [b"%d" % i for i in range(100)]
STRATA = [i % 3 for i in range(100)]


def test_each_stratum_gives_its_share():
    train, test = stratified_split(CONTENTS, STRATA, test_fraction=0.2)
    assert sorted([*train, *test]) == list(range(100))
    assert np.bincount(np.array(STRATA)[test]).tolist() == [7, 7, 7]
    assert list(test) == sorted(test)


def test_the_seed_decides_and_the_order_of_reading_does_not():
    _, test = stratified_split(CONTENTS, STRATA, test_fraction=0.2)
    _, again = stratified_split(CONTENTS[::-1], STRATA[::-1], test_fraction=0.2)
    assert {CONTENTS[i] for i in test} == {CONTENTS[::-1][i] for i in again}
    _, other = stratified_split(CONTENTS, STRATA, test_fraction=0.2, seed=1)
    assert set(test) != set(other)


def test_the_split_of_today_is_that_of_tomorrow():
    assert stratified_split(CONTENTS[:20], [0] * 20, test_fraction=0.25)[1].tolist() == [4, 7, 9, 15, 18]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), max_size=60), st.integers(0, 3))
def test_equal_inputs_are_never_on_both_sides(items, seed):
    contents, strata = [b"%d" % content for content, _ in items], [stratum for _, stratum in items]
    train, test = stratified_split(contents, strata, test_fraction=0.4, seed=seed)
    assert not {contents[i] for i in train} & {contents[i] for i in test}
    assert sorted([*train, *test]) == list(range(len(items)))
    assert len(test) <= 0.4 * len(items) + 1


def test_what_cannot_be_split_is_refused():
    with pytest.raises(InputError, match="2 contents and 1 strata: give one of each for every input"):
        stratified_split([b"a", b"b"], [0], test_fraction=0.5)
    for fraction in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match=r"test_fraction=.+: it must lie between 0 and 1"):
            stratified_split([b"a"], [0], test_fraction=fraction)
