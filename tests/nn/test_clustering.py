import numpy as np
import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import kmeans
from lutdla.nn.metrics import METRICS
from lutdla.spec.config import METRICS as NAMES


def blobs(seed, subspaces=3, centers=8, each=40, v=4):
    """Vectors around well separated centers, the same number around each: (S, M, v), and the centers."""
    rng = np.random.default_rng(seed)
    middle = np.array([[rng.permutation(centers) * 30 - 105 for _ in range(v)] for _ in range(subspaces)])
    middle = middle.transpose(0, 2, 1)  # (S, centers, v)
    x = np.repeat(middle, each, axis=1) + rng.integers(-3, 4, (subspaces, centers * each, v))
    return torch.from_numpy(x).float(), middle


def naive(x, c, name, seed, iterations=30):
    """Lloyd's algorithm from random vectors, one subspace at a time, best of five: inertia."""
    rng, best = np.random.default_rng(seed), np.inf
    metric = METRICS[name]
    middle = {"l2": lambda a: a.mean(0), "l1": lambda a: np.median(a, axis=0), "chebyshev": lambda a: (
        a.max(0) + a.min(0)) / 2}[name]  # fmt: skip
    for _ in range(5):
        codebook = x[rng.choice(len(x), c, replace=False)]
        for _ in range(iterations):
            index = metric.nearest(x[None], codebook[None])[0]
            used = [np.rint(middle(x[index == j])) if (index == j).any() else codebook[j] for j in range(c)]
            codebook = np.array(used).astype(np.int64)
        best = min(best, metric.distance(x[None], codebook[None]).min(axis=1).sum())
    return best


@pytest.mark.parametrize("name", NAMES)
def test_separated_clusters_are_found(name):
    x, middle = blobs(0)
    codebooks, inertia = kmeans(x, 8, name)
    for found, want in zip(codebooks.numpy(), middle):
        nearest = np.abs(found[:, None] - want[None]).max(axis=-1)  # (c, centers)
        assert sorted(nearest.argmin(axis=1)) == list(range(8))
        assert nearest.min(axis=1).max() <= 3
    index = METRICS[name].nearest_torch(x, codebooks)
    distance = METRICS[name].distance_torch(x, codebooks).gather(1, index[:, None]).sum(dim=(1, 2))
    torch.testing.assert_close(inertia, distance.double())


@pytest.mark.parametrize("name", NAMES)
def test_not_worse_than_naive_lloyd(name):
    rng = np.random.default_rng(1)
    x = np.clip(rng.normal(0, 40, (2, 400, 4)).round(), -128, 127).astype(np.int64)
    _, inertia = kmeans(torch.from_numpy(x).float(), 16, name, iterations=30)
    for s in range(2):
        assert inertia[s] <= 1.1 * naive(x[s], 16, name, seed=s)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_everything(name):
    x, _ = blobs(2)
    first, again, other = (kmeans(x, 16, name, iterations=3, seed=seed)[0] for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_fewer_distinct_vectors_than_centroids_cost_nothing(name):
    """The corner of an image: only a few values ever occur."""
    x = torch.tensor([[-128.0] * 4, [-128, -128, -128, 5]]).repeat(50, 1)[None]
    codebooks, inertia = kmeans(x, 16, name)
    assert inertia.item() == 0
    assert codebooks.shape == (1, 16, 4)
    assert codebooks.abs().max() <= 128


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_centroid_moves_to_the_farthest_vectors(name):
    """More clusters than k-means++ hits at once: an empty centroid must find one of them, not stay where it is."""
    x, _ = blobs(3, centers=8)
    _, inertia = kmeans(x, 32, name, iterations=30)
    _, fewer = kmeans(x, 8, name, iterations=30)
    assert (inertia < fewer).all()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 0, 4), r"vectors of shape \(2, 0, 4\): it needs \(subspaces, vectors, v\), vectors >= 1"),
        (torch.zeros(5, 4), r"vectors of shape \(5, 4\)"),
        (torch.full((1, 3, 4), 0.5), r"values 0.5..0.5: quantize them to integers -128..127 first"),
        (torch.full((1, 3, 4), 128.0), r"values 128..128"),
        (torch.full((1, 3, 4), float("nan")), r"values nan..nan"),
    ],
)
def test_unusable_vectors_are_refused(x, message):
    with pytest.raises(InputError, match=message):
        kmeans(x, 4)


# -- weights ---------------------------------------------------------------------------------------------------------
def weighted_center(values, weights, name):
    """What one centroid for all should be, by trying every value of the grid in each coordinate."""
    if name == "chebyshev":
        used = [column[weight > 0] for column, weight in zip(values.T, weights.T)]
        return np.array([np.rint((column.min() + column.max()) / 2) for column in used])
    power = {"l2": 2, "l1": 1}[name]
    grid = np.arange(-128, 128)
    cost = (weights[:, :, None] * np.abs(values[:, :, None] - grid) ** power).sum(axis=0)  # (v, 256)
    return grid[cost.argmin(axis=1)]


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_centroid_is_the_weighted_center_of_its_vectors(name, each):
    """Two far clusters: what is in which is certain, so each centroid can be found by trying all values."""
    rng = np.random.default_rng(3)
    x = rng.integers(-15, 16, (2, 60, 3)) + np.where(np.arange(60) % 2, 80, -80)[:, None]
    weights = rng.integers(0, 6, (2, 60, 3) if each else (2, 60)).astype(np.float32)  # integers: sums are exact
    codebooks, _ = kmeans(torch.tensor(x).float(), 2, name, weights=torch.tensor(weights))
    for s in range(2):
        for part in (slice(0, None, 2), slice(1, None, 2)):
            of = weights[s, part] if each else np.repeat(weights[s, part, None], 3, axis=1)
            want = weighted_center(x[s, part], of, name)
            assert np.abs(codebooks[s].numpy() - want).max(axis=1).min() == 0


@pytest.mark.parametrize("name", NAMES)
def test_only_ratios_of_weights_matter(name):
    x, _ = blobs(4)
    weights = torch.rand(x.shape[:2], generator=torch.Generator().manual_seed(0))
    first, inertia = kmeans(x, 8, name, weights=weights, iterations=5)
    for factor in (3.0, 1e-20):
        again, scaled = kmeans(x, 8, name, weights=weights * factor, iterations=5)
        assert torch.equal(first, again)
        torch.testing.assert_close(scaled, inertia * factor, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_weights_lower_the_weighted_error(name):
    rng = np.random.default_rng(5)
    x = torch.tensor(np.clip(rng.normal(0, 40, (3, 500, 4)).round(), -128, 127)).float()
    weights = torch.tensor(rng.uniform(0, 1, (3, 500)) ** 8).float()  # a few matter
    plain, _ = kmeans(x, 16, name, iterations=30)
    weighed, inertia = kmeans(x, 16, name, weights=weights, iterations=30)
    distance = {books: METRICS[name].distance_torch(x, books).amin(dim=1) for books in (plain, weighed)}
    errors = [(distance[books] * weights).double().sum(dim=1) for books in (plain, weighed)]
    torch.testing.assert_close(errors[1], inertia)
    assert (errors[1] < 0.95 * errors[0]).all()


def test_what_weighs_nothing_decides_nothing():
    """A far group of weight 0 gets no centroid of its own while others still have an error."""
    near = torch.arange(16.0).view(1, 16, 1) * 4
    x = torch.cat([near, torch.full((1, 16, 1), 127.0) - torch.arange(16.0).view(1, 16, 1) % 3], dim=1)
    weights = (torch.arange(32) < 16).float()[None]
    codebooks, inertia = kmeans(x, 16, weights=weights, iterations=0)
    assert sorted(codebooks.flatten().tolist()) == near.flatten().tolist()
    assert inertia.item() == 0
    assert torch.equal(kmeans(x, 4, weights=weights * 0)[0], kmeans(x, 4, weights=weights * 0 + 7)[0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.ones(2, 4), r"weights of shape \(2, 4\) for vectors of shape \(2, 3, 4\): they must be \(2, 3\), or"),
        (torch.full((2, 3), -1.0), r"weights -1..-1: they must be finite and 0 or more"),
        (torch.full((2, 3, 4), float("inf")), r"weights inf..inf: they must be finite"),
    ],
)
def test_unusable_weights_are_refused(weights, message):
    with pytest.raises(InputError, match=message):
        kmeans(torch.zeros(2, 3, 4), 4, weights=weights)
