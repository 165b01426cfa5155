import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lutdla import reference
from lutdla.errors import InputError
from lutdla.nn.metrics import EXACT, METRICS, metric_named
from lutdla.spec.config import METRICS as NAMES


def test_every_metric_of_the_contract_is_there():
    assert tuple(METRICS) == NAMES
    with pytest.raises(InputError, match="metric is 'cosine': use one of l2, l1, chebyshev"):
        metric_named("cosine")


@pytest.mark.parametrize("name", NAMES)
@given(
    v=st.sampled_from([1, 2, 3, 4, 9, 16]), c=st.sampled_from([2, 8, 16, 64, 256]), spread=st.sampled_from([1, 3, 128]),
    seed=st.integers(0, 1 << 30),
)
def test_torch_and_numpy_agree_with_the_reference_also_on_ties(name, v, c, spread, seed):
    """A small spread makes many equal distances, 128 the largest ones."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-spread, spread, (3, 20, v))
    codebooks = rng.integers(-spread, spread, (3, c, v))
    metric = METRICS[name]
    want_distance = np.array([[reference.distance(a, book, name) for a in xs] for xs, book in zip(x, codebooks)])
    want = np.array([[reference.encode(a, book, name) for a in xs] for xs, book in zip(x, codebooks)])
    tx, tc = torch.from_numpy(x).float(), torch.from_numpy(codebooks).float()
    np.testing.assert_array_equal(metric.distance(x, codebooks), want_distance.transpose(0, 2, 1))
    np.testing.assert_array_equal(metric.distance_torch(tx, tc).numpy(), want_distance.transpose(0, 2, 1))
    np.testing.assert_array_equal(metric.nearest(x, codebooks), want)
    np.testing.assert_array_equal(metric.nearest_torch(tx, tc).numpy(), want)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("v", "c"), [(4, 16), (16, 256), (16, 16)])
def test_extreme_vectors_stay_exact(name, v, c):
    """All coordinates -128 or 127: the largest scores, through the packed key and past it."""
    rng = np.random.default_rng(0)
    x = rng.choice([-128, 127], (2, 50, v))
    codebooks = rng.choice([-128, 127], (2, c, v))
    metric = METRICS[name]
    scores = metric.score_torch(torch.from_numpy(x).float(), torch.from_numpy(codebooks).float())
    assert scores.abs().max() <= metric.score_limit(v) < EXACT
    got = metric.nearest_torch(torch.from_numpy(x).float(), torch.from_numpy(codebooks).float())
    np.testing.assert_array_equal(got.numpy(), metric.nearest(x, codebooks))


def test_centers_are_mean_median_and_midrange():
    values = torch.tensor([-128, -10, -10, 0, 100])
    counts = torch.bincount(values + 128, minlength=256).float()
    assert METRICS["l2"].center(counts) == round(-48 / 5)
    assert METRICS["l1"].center(counts) == -10
    assert METRICS["chebyshev"].center(counts) == -14


@pytest.mark.parametrize("name", NAMES)
@given(values=st.lists(st.integers(-128, 127), min_size=1, max_size=30))
def test_no_grid_value_represents_a_set_better_than_its_center(name, values):
    counts = torch.bincount(torch.tensor(values) + 128, minlength=256).float()
    cost = {
        "l2": lambda m: np.square(np.array(values) - m).sum(), "l1": lambda m: np.abs(np.array(values) - m).sum(),
        "chebyshev": lambda m: np.abs(np.array(values) - m).max(),
    }[name]  # fmt: skip
    center = int(METRICS[name].center(counts))
    assert cost(center) == min(cost(m) for m in range(-128, 128))
