import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lutdla import reference
from lutdla.errors import InputError
from lutdla.nn import LUTConv2d
from lutdla.nn.geometry import Geometry
from lutdla.nn.layers import Affine
from lutdla.nn.lookups import Lookups
from lutdla.spec.config import METRICS


def layer(*shape, seed=0, **options):
    """A layer in the middle of a network, with random contents."""
    torch.manual_seed(seed)
    made = LUTConv2d(*shape, **options)
    made.input, made.output, made.low = Affine(0.02, -7), Affine(0.08, -100), -100
    with torch.no_grad():
        made.bias.uniform_(-1, 1)
        made.correction.normal_(0, 0.05)
    return made


def grid(*shape, seed=0):
    return torch.randint(-128, 128, shape, generator=torch.Generator().manual_seed(seed)).float()


def every_value(made):
    """Codebooks of every value, so that encoding loses nothing (slice=1)."""
    made.codebooks.data = torch.arange(-128.0, 128).view(1, 256, 1).repeat(made.subspaces, 1, 1)
    return made


@pytest.mark.parametrize("metric", METRICS)
def test_forward_is_the_integers_of_the_reference(metric):
    """One output pixel at a time: encode, add the entries of each kernel position, requantize, add, clamp, pool."""
    made = layer(6, 5, 3, 2, 1, c=8, metric=metric)
    made.residual, made.pool, made.pool_stride = True, (2, 1), (2, 1)
    x, residual = grid(2, 6, 7, 5), grid(2, 5, 4, 3, seed=1)
    books, tables, _, *constants = (t.detach().numpy().astype(np.int64) for t in made.integers() if t is not None)
    padded = np.pad(x.numpy().astype(np.int64), ((0, 0), (0, 2), (0, 0), (0, 0)))
    want = np.zeros((2, 4, 3, 5), np.int64)
    for b, y, column in np.ndindex(2, 4, 3):
        acc = np.zeros(5, np.int64)
        for ky, kx, s in np.ndindex(3, 3, 2):
            py, px = 2 * y + ky - 1, 2 * column + kx - 1
            if 0 <= py < 7 and 0 <= px < 5:
                acc += tables[3 * ky + kx, s, reference.encode(padded[b, 4 * s : 4 * s + 4, py, px], books[s], metric)]
        added = residual[b, :, y, column].numpy().astype(np.int64)
        want[b, y, column] = reference.requantize(acc, *constants, added, made.low, made.high)
    want = want.reshape(2, 2, 2, 3, 5).max(axis=2).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(made(x, residual=residual).detach().numpy(), want)
    np.testing.assert_array_equal(made(x.requires_grad_(), residual=residual).detach().numpy(), want)
    assert len(np.unique(want)) > 10


@pytest.mark.parametrize(
    "options", [{"kernel_size": 3, "padding": 1}, {"kernel_size": (5, 2), "stride": (2, 1)},
                {"kernel_size": 1, "stride": 2}, {"kernel_size": 2, "average": (2, 3), "padding": 1},
                {"kernel_size": 2, "end_padding": (1, 0)}],
    ids=str,
)  # fmt: skip
def test_without_loss_it_is_the_real_convolution(options):
    """Every value its own centroid: only the rounding of tables is left, and padding is real 0, also with a mean."""
    made = every_value(LUTConv2d(3, 4, **options, v=4, c=256, slice=1))
    made.input, made.mean = Affine(1 / 255, -128), 0.4
    x = grid(2, 3, 12, 12)
    geometry = made.geometry
    real = F.pad(F.avg_pool2d((x + 128) / 255 - 0.4, geometry.average), geometry.edges)
    want = F.conv2d(real, made.weight, made.bias, geometry.stride)
    got = made(x)
    scale = made.integers().scale.max()
    assert (got - want).abs().max() <= scale * 3 * geometry.taps * geometry.area
    assert (got - want).abs().max() < 0.05 * want.abs().max()


def test_a_shortcut_is_added_to_the_same_sums():
    made = every_value(LUTConv2d(4, 6, 3, padding=1, v=4, c=256, slice=1))
    made.shortcut = every_value(Lookups(3, 6, Geometry(stride=(2, 2)), v=4, c=256, slice=1))
    made.input, made.shortcut.input = Affine(1 / 255, -128), Affine(1 / 64, 3)
    x, other = grid(2, 4, 5, 5), grid(2, 3, 9, 9, seed=1)
    want = F.conv2d((x + 128) / 255, made.weight, padding=1)
    want = want + F.conv2d((other - 3) / 64, made.shortcut.weight, stride=2)
    torch.testing.assert_close(made(x, other), want, atol=0.1, rtol=0)
    made(x, other).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in made.parameters())
    made.freeze()
    assert made.shortcut.frozen
    before = made(x, other)
    with torch.no_grad():
        made.shortcut.weight.mul_(2)
    assert torch.equal(made(x, other), before)


def test_codebooks_of_a_map_are_shared_by_its_readers():
    first, second = layer(8, 4, 3, padding=1), layer(8, 4, 1, stride=2, seed=1)
    second.codebooks = first.codebooks
    x = grid(2, 8, 6, 6).requires_grad_()
    first(x).sum().backward()
    alone = first.codebooks.grad.clone()
    second(x).sum().backward()
    assert not torch.equal(second.codebooks.grad, alone)  # both add to one gradient
    assert second.codebooks.grad is first.codebooks.grad


def test_a_pixel_has_one_codebook_for_all_kernel_positions():
    made = layer(8, 4, 3)
    assert made.codebooks.shape == (2, 16, 4)
    assert made.correction.shape == (9, 2, 16, 4)


@pytest.mark.parametrize("metric", METRICS)
def test_gradients_reach_everything_that_learns(metric):
    made, x = layer(6, 5, 3, padding=1, metric=metric), grid(3, 6, 5, 5).requires_grad_()
    made.low = -128
    made(x).sum().backward()
    for name in ("weight", "bias", "codebooks", "correction"):
        gradient = getattr(made, name).grad
        assert gradient.isfinite().all(), name
        assert gradient.abs().sum() > 0, name
    assert x.grad.abs().sum() > 0


def test_state_carries_integers_and_quantization():
    made, x = layer(6, 5, 3), grid(3, 6, 5, 5)
    made.mean = 0.25
    made.freeze()
    other = LUTConv2d(6, 5, 3)
    other.load_state_dict(made.state_dict())
    assert torch.equal(other(x), made(x))
    assert (other.input, other.mean, other.output, other.low) == (made.input, 0.25, made.output, made.low)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LUTConv2d(0, 4, 3), "LUTConv2d has inputs=0: it must be at least 1"),
        (lambda: LUTConv2d(4, 4, 3, slice=8), "LUTConv2d has slice=8: a subspace holds v=4 values, use slice=4 or les"),
        (lambda: LUTConv2d(1 << 16, 4, 3), "LUTConv2d sums 147456 lookups: 132104 is the most that is exact"),
        (lambda: LUTConv2d(4, 4, 3)(torch.zeros(1, 5, 8, 8)), r"LUTConv2d got shape \(1, 5, 8, 8\): it takes \(batch,"),
        (lambda: LUTConv2d(4, 4, 3)(torch.zeros(1, 4, 2, 8)), r"the kernel \(3, 3\) must fit"),
        (lambda: LUTConv2d(4, 4, 3)(*[torch.zeros(1, 4, 8, 8)] * 2), "got a shortcut map: this layer was made without"),
        (lambda: layer_with_residual()(torch.zeros(1, 4, 8, 8)), "got no residual map: this layer was made with one"),
    ],
)
def test_impossible_values_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def layer_with_residual():
    made = layer(4, 4, 1)
    made.residual = True
    return made
