import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.nn import table_lookup
from lutdla.nn.geometry import Geometry
from lutdla.nn.lookups import convolve
from lutdla.nn.native.build import library
from lutdla.nn.table_lookup import lookup

small = st.integers(1, 3)
pad = st.integers(0, 2)
geometries = st.builds(
    lambda *axes: Geometry(*((axes[0][i], axes[1][i]) for i in range(5))),
    *(st.tuples(small, small, pad, pad, st.integers(1, 2)) for _ in range(2)),
)
workers = st.sampled_from(["compiled", "torch"])


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    assert library("sums.cpp") is not None, "no C++ compiler: install g++"


def naive(tables, index, geometry):
    """Entry by entry, as `lutdla.compiler.network.Operand` says: (B, Ho, Wo, N)."""
    batch, height, width, s = index.shape
    rows, columns = geometry.output(height, width)
    ah, aw = geometry.average
    total = np.zeros((batch, rows, columns, tables.shape[3]), np.int64)
    for b, y, x in np.ndindex(batch, rows, columns):
        for i, j in np.ndindex(geometry.kernel[0] * ah, geometry.kernel[1] * aw):
            py = (y * geometry.stride[0] - geometry.padding[0]) * ah + i
            px = (x * geometry.stride[1] - geometry.padding[1]) * aw + j
            if 0 <= py < height and 0 <= px < width:
                tap = i // ah * geometry.kernel[1] + j // aw
                total[b, y, x] += sum(tables[tap, k, index[b, py, px, k]] for k in range(s))
    return total


def case(geometry, seed, s=2, c=4, n=3, batch=2):
    """Tables, indices of a map that the kernel fits."""
    generator = torch.Generator().manual_seed(seed)
    size = [(geometry.kernel[axis] + 2) * geometry.average[axis] for axis in (0, 1)]
    tables = torch.randint(-127, 128, (geometry.taps, s, c, n), generator=generator).float()
    return tables, torch.randint(0, c, (batch, *size, s), generator=generator).to(torch.uint8)


@given(geometry=geometries, seed=st.integers(0, 1000), n=st.sampled_from([3, 16, 40]), worker=workers)
@settings(max_examples=40, deadline=None)
def test_sums_are_the_entries_that_the_kernel_meets(geometry, seed, n, worker):
    tables, index = case(geometry, seed, n=n)
    want = naive(tables.numpy().astype(np.int64), index.numpy(), geometry)
    with pytest.MonkeyPatch.context() as patch:
        choose(patch, worker)
        np.testing.assert_array_equal(lookup(tables, index, geometry).numpy(), want)


@given(geometry=geometries, seed=st.integers(0, 1000), worker=workers)
@settings(max_examples=40, deadline=None)
def test_gradients_are_those_of_convolutions(geometry, seed, worker):
    """Of the tables: a convolution of one-hot maps. Of what was encoded: one with the weights. torch differentiates
    both by itself."""
    tables, index = case(geometry, seed)
    _, s, c, n = tables.shape
    tables.requires_grad_()
    decoded = torch.randn(*index.shape[:3], 5, requires_grad=True)
    weight = torch.randn(n, 5, *geometry.kernel)
    with pytest.MonkeyPatch.context() as patch:
        choose(patch, worker)
        got = lookup(tables, index, geometry, decoded, weight / geometry.area)
        loss = torch.randn(got.shape)
        (got * loss).sum().backward()
    got_tables, got_decoded = tables.grad.clone(), decoded.grad.clone()
    tables.grad = decoded.grad = None

    hot = torch.nn.functional.one_hot(index.long(), c).flatten(3).permute(0, 3, 1, 2).float() * geometry.area
    kernel = tables.permute(3, 1, 2, 0).reshape(n, s * c, *geometry.kernel)
    (convolve(hot, kernel, geometry).permute(0, 2, 3, 1) * loss).sum().backward()
    torch.testing.assert_close(got_tables, tables.grad, rtol=1e-4, atol=1e-4)
    (convolve(decoded.permute(0, 3, 1, 2), weight, geometry).permute(0, 2, 3, 1) * loss).sum().backward()
    torch.testing.assert_close(got_decoded, decoded.grad, rtol=1e-4, atol=1e-4)


def choose(patch, worker):
    """Compute by compiled kernels, or by torch operations."""
    if worker == "torch":
        patch.setattr(table_lookup, "library", lambda source: None)


def test_threads_do_not_change_sums_or_gradients():
    geometry = Geometry((3, 3), (1, 1), (1, 1), (1, 1))
    tables, index = case(geometry, 0, s=3, n=16, batch=5)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            table = tables.clone().requires_grad_()
            sums = lookup(table, index, geometry)
            (sums * torch.arange(16.0)).sum().backward()
            found.append((sums.detach(), table.grad))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])
