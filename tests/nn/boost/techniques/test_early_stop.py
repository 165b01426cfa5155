import copy

import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import LUTBoost, Stage, accuracy
from lutdla.nn.boost import Averaging, Constant, EarlyStop, GradualReplacement
from tests.nn.boost.runs import part, trained
from tests.nn.small import examples, replaced


def test_a_stage_stops_with_the_best_state():
    """Rates far too high: the first epochs are the best ones."""
    wild = Stage("joint", 12, 20.0, 0.3, 0.3, schedule=Constant())
    boost = LUTBoost(copy.deepcopy(replaced()), stages=[wild], techniques=[EarlyStop(2), Averaging(0.0)])
    network = boost.fit(part(1000), validation=examples()[2:], freeze_at_end=False)
    scores = [row["validation"] for row in boost.history.rows]
    assert len(scores) < 12
    assert max(scores[:-2]) >= max(scores[-2:])
    assert accuracy(network, *examples()[2:]) == pytest.approx(max(scores))


def test_only_the_best_is_kept_without_patience():
    wild = Stage("joint", 3, 20.0, 0.3, 0.3, schedule=Constant())
    boost = LUTBoost(copy.deepcopy(replaced()), stages=[wild], techniques=[EarlyStop(None)])
    network = boost.fit(part(500), validation=examples()[2:], freeze_at_end=False)
    assert len(boost.history.rows) == 3
    best = max(row["validation"] for row in boost.history.rows)
    assert accuracy(network, *examples()[2:]) == pytest.approx(best)


def test_scores_of_networks_half_replaced_do_not_count():
    stage = Stage("joint", 2, 0.2, 1e-3, 1e-3)
    boost = LUTBoost(copy.deepcopy(replaced()), stages=[stage], techniques=[EarlyStop(), GradualReplacement(1.0)])
    network = boost.fit(part(512), validation=examples()[2:], freeze_at_end=False)
    assert torch.isfinite(network(examples()[2][:5])).all()
    assert not any(layer.bypass for layer in network.modules() if hasattr(layer, "bypass"))


@pytest.mark.parametrize(("work", "message"), [
    (lambda: EarlyStop(0), "early stop has patience 0: it must be at least 1 epoch, or None"),
    (lambda: EarlyStop(least=-1), "early stop has least -1: it must not be negative"),
    (lambda: trained(EarlyStop()), r"early stop needs validation: give fit\(\.\.\., validation="),
])  # fmt: skip
def test_unusable_settings_are_refused(work, message):
    with pytest.raises(InputError, match=message):
        work()
