import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn.boost.auc import auc


def test_it_is_the_chance_to_be_ordered_rightly():
    scores, positive = torch.tensor([3.0, 1.0, 2.0, 2.0, 0.0]), torch.tensor([True, False, True, False, False])
    pairs = [(a, b) for a in scores[positive] for b in scores[~positive]]
    wanted = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
    assert auc(scores, positive) == pytest.approx(wanted)
    assert auc(-scores, positive) == pytest.approx(1 - wanted)


def test_scores_that_are_all_equal_say_nothing():
    assert auc(torch.zeros(9), torch.arange(9) < 4) == 0.5


@pytest.mark.parametrize(("scores", "positive", "message"), [
    (torch.zeros(3), torch.ones(3, dtype=torch.bool), "3 of 3 examples are in the group"),
    (torch.zeros(3), torch.ones(4, dtype=torch.bool), r"scores have shape \(3,\) and groups \(4,\)"),
])
def test_what_has_no_area_is_refused(scores, positive, message):
    with pytest.raises(InputError, match=message):
        auc(scores, positive)
