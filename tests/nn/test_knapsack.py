"""The exact choice, against trying all of them."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.errors import InputError
from lutdla.nn.knapsack import Option, least_loss


def brute(items, limits):
    """Least loss of all choices within the limits; None: there is none."""
    best = None
    for choice in product(*items):
        costs = [sum(option.costs[k] for option in choice) for k in range(len(limits))]
        if all(cost <= limit for cost, limit in zip(costs, limits)):
            total = sum(option.loss for option in choice)
            best = total if best is None else min(best, total)
    return best


def options(limits):
    return st.builds(Option, st.integers(0, 50).map(float), st.tuples(*[st.integers(0, 30)] * limits))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(0, 2))
def test_no_choice_is_better(data, count):
    items = data.draw(st.lists(st.lists(options(count), min_size=1, max_size=4), min_size=1, max_size=5))
    limits = data.draw(st.tuples(*[st.integers(0, 120)] * count))
    want = brute(items, limits)
    if want is None:
        with pytest.raises(InputError, match="no choice is within the limits: the least that is needed"):
            least_loss(items, limits)
        return
    chosen = [options[at] for options, at in zip(items, least_loss(items, limits))]
    assert sum(option.loss for option in chosen) == want
    for k, limit in enumerate(limits):
        assert sum(option.costs[k] for option in chosen) <= limit


def test_of_equal_losses_the_cheaper_is_taken():
    assert least_loss([[Option(1, (9,)), Option(1, (3,)), Option(1, (5,))]], [10]) == [1]


def test_twenty_layers_take_no_time():
    items = [[Option(100 / (1 + j) * (1 + i % 3), (7 * (j + 1) + i,)) for j in range(12)] for i in range(20)]
    chosen = least_loss(items, [900])
    assert sum(row[at].costs[0] for row, at in zip(items, chosen)) <= 900


@pytest.mark.parametrize("items", [[[]], [[Option(1, (1, 2))]]])
def test_items_without_options_or_costs_are_refused(items):
    with pytest.raises(InputError, match=r"item 0 has \d options: it needs one or more, each with 1 costs"):
        least_loss(items, [3])


def test_three_limits_are_refused():
    with pytest.raises(InputError, match="there are 3 limits: 2 are the most"):
        least_loss([[Option(1, (1, 2, 3))]], [3, 3, 3])
