import pytest
import torch

from benchmarks import train_ratio
from benchmarks.record import check_flat
from lutdla.nn.boost.batches import Examples
from lutdla.spec.config import METRICS


@pytest.fixture(scope="module")
def found():
    return train_ratio.measure(batch=4, steps=2, profiled=1, count=8)


def test_every_metric_is_compared_with_the_dense_network(found):
    check_flat(found)
    for metric in METRICS:
        assert found[f"ratio_{metric}"] == pytest.approx(found[f"ms_{metric}"] / found["ms_dense"], rel=0.02)
        assert found[f"ratio_{metric}"] > 0.5
    assert found["ratio_l2_contiguous"] == pytest.approx(found["ms_l2"] / found["ms_dense_contiguous"], rel=0.02)
    assert (found["batch"], found["steps"]) == (4, 2)


def test_the_profile_knows_every_part_and_they_make_up_the_step(found):
    parts = [found[f"share_{part}"] for part in (*train_ratio.PARTS, "rest")]
    assert sum(parts) == pytest.approx(1, abs=1e-3)
    assert all(0 < part < 1 for part in parts)


def test_steps_take_turns_and_the_first_is_not_timed():
    called = []
    times = train_ratio.medians({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 2)
    assert called == ["a", "b"] * 3
    assert set(times) == {"a", "b"}


def test_batches_begin_again_and_know_their_places():
    draw = train_ratio.endless(Examples(torch.arange(7), torch.arange(7)), 3)
    batches = [draw() for _ in range(3)]
    assert [batch.positions.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5], [0, 1, 2]]
    assert batches[1].inputs.tolist() == [3, 4, 5]


def test_threads_are_as_they_were(found):
    before = torch.get_num_threads()
    with pytest.raises(AttributeError):
        train_ratio.measure("no recipe")
    assert torch.get_num_threads() == before
