import pytest

from lutdla.errors import InputError
from lutdla.nn.boost import SCHEDULES, Constant, Cosine, Linear


def test_a_cosine_falls_to_zero():
    rates = [Cosine().factor(step, 8) for step in range(8)]
    assert (rates[0], rates[4]) == (1, pytest.approx(0.5))
    assert rates[-1] < 0.05
    assert rates == sorted(rates, reverse=True)


def test_a_line_falls_by_the_same_step_and_a_constant_stays():
    assert [Linear().factor(step, 4) for step in range(4)] == [1, 0.75, 0.5, 0.25]
    assert {Constant().factor(step, 4) for step in range(4)} == {1}


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_rises_to_where_the_schedule_begins(name):
    rates = [SCHEDULES[name](warmup=0.3).factor(step, 10) for step in range(10)]
    assert rates[:3] == [0.25, 0.5, 0.75]
    assert rates[3] == 1
    assert max(rates) == 1


def test_a_warm_up_that_never_ends_is_refused():
    with pytest.raises(InputError, match="warmup is 1: it is a share of the stage"):
        Cosine(1)
