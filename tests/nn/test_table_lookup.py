import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lutdla.nn.geometry import Geometry
from lutdla.nn.table_lookup import lookup, soft_choice

small = st.integers(1, 3)
pad = st.integers(0, 2)
geometries = st.builds(
    lambda *axes: Geometry(*((axes[0][i], axes[1][i]) for i in range(5))),
    *(st.tuples(small, small, pad, pad, st.integers(1, 2)) for _ in range(2)),
)


def naive(tables, index, geometry):
    """Entry by entry, as `lutdla.compiler.network.Operand` says: (B, Ho, Wo, N)."""
    s, batch, height, width = index.shape
    rows, columns = geometry.output(height, width)
    ah, aw = geometry.average
    total = np.zeros((batch, rows, columns, tables.shape[3]), np.int64)
    for b, y, x in np.ndindex(batch, rows, columns):
        for i, j in np.ndindex(geometry.kernel[0] * ah, geometry.kernel[1] * aw):
            py = (y * geometry.stride[0] - geometry.padding[0]) * ah + i
            px = (x * geometry.stride[1] - geometry.padding[1]) * aw + j
            if 0 <= py < height and 0 <= px < width:
                tap = i // ah * geometry.kernel[1] + j // aw
                total[b, y, x] += sum(tables[tap, k, index[k, b, py, px]] for k in range(s))
    return total


def case(geometry, seed, s=2, c=4, n=3, batch=2):
    """Tables, indices of a map that the kernel fits."""
    generator = torch.Generator().manual_seed(seed)
    size = [(geometry.kernel[axis] + 2) * geometry.average[axis] for axis in (0, 1)]
    tables = torch.randint(-127, 128, (geometry.taps, s, c, n), generator=generator).float()
    return tables, torch.randint(0, c, (s, batch, *size), generator=generator)


@given(geometry=geometries, seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_sums_are_the_entries_that_the_kernel_meets(geometry, seed):
    tables, index = case(geometry, seed)
    want = naive(tables.numpy().astype(np.int64), index.numpy(), geometry)
    np.testing.assert_array_equal(lookup(tables, index, geometry).numpy(), want)


@given(geometry=geometries, seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_gradients_are_those_of_a_convolution_of_choices(geometry, seed):
    """Chosen entries are a convolution of one-hot maps: torch differentiates that one by itself."""
    tables, index = case(geometry, seed)
    _, s, c, n = tables.shape
    _, batch, height, width = index.shape
    tables.requires_grad_()
    choice = torch.rand(s, c, batch, height, width, requires_grad=True)
    got = lookup(tables, index, geometry, choice)
    weight = torch.randn(got.shape)
    (got * weight).sum().backward()
    got_tables, got_choice = tables.grad.clone(), choice.grad.clone()
    tables.grad = choice.grad = None

    def convolved(maps):  # (S, c, B, H, W) -> (B, Ho, Wo, N)
        x = maps.permute(2, 0, 1, 3, 4).flatten(1, 2)
        x = F.pad(F.avg_pool2d(x, geometry.average) * geometry.area, geometry.edges)
        kernel = tables.permute(3, 1, 2, 0).reshape(n, s * c, *geometry.kernel)
        return F.conv2d(x, kernel, stride=geometry.stride).permute(0, 2, 3, 1)

    hard = F.one_hot(index, c).permute(0, 4, 1, 2, 3).float()
    (convolved(hard) * weight).sum().backward()
    torch.testing.assert_close(got_tables, tables.grad, rtol=1e-4, atol=1e-4)
    (convolved(choice) * weight).sum().backward()
    torch.testing.assert_close(got_choice, choice.grad, rtol=1e-4, atol=1e-2)


def test_a_soft_choice_prefers_the_near():
    distance = torch.tensor([[[0.0, 100.0], [100.0, 0.0], [400.0, 400.0]]])  # (1, 3, 2)
    choice = soft_choice(distance, 0.7)
    torch.testing.assert_close(choice.sum(dim=1), torch.ones(1, 2))
    assert choice.argmax(dim=1).tolist() == [[0, 1]]
    assert (choice[0, 2] < choice[0, :2]).all()
    near = soft_choice(distance + 50, 0.7)  # temperature is in distances to the nearest: farther away, softer
    assert near[0, 0, 0] < choice[0, 0, 0]
