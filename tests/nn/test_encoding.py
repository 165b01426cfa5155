import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lutdla.nn import encoding
from lutdla.nn.encoding import encode
from lutdla.nn.geometry import Geometry
from lutdla.nn.gradients import SoftChoice, StraightThrough, shares
from lutdla.nn.lookups import Lookups
from lutdla.nn.metrics import METRICS

metrics = st.sampled_from(sorted(METRICS))


def case(seed, s, c, v, pixels=37):
    """A map on the grid with many ties, codebooks, what they stand for."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(-6, 7, (1, 1, pixels, s * v), generator=generator).float() * 21
    codebooks = torch.randint(-6, 7, (s, c, v), generator=generator).float() * 21
    return x, codebooks, torch.randn(s, c, v, generator=generator)


def on_torch(patch):
    patch.setattr(encoding, "library", lambda *source, **defines: None)


def gradients(x, codebooks, real, metric, gradient, carrier=True):
    """Of everything that learns, for a fixed random loss."""
    given = [value.clone().requires_grad_() for value in (x, codebooks, real, x)]
    _, decoded = encode(*given[:3], METRICS[metric], gradient, given[3] if carrier else None)
    weight = torch.randn(decoded.shape, generator=torch.Generator().manual_seed(9))
    (decoded * weight).sum().backward()
    return [value.grad for value in given]


@given(seed=st.integers(0, 1000), metric=metrics, s=st.integers(1, 3), c=st.sampled_from([2, 4, 16, 64, 128]),
       v=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_indices_are_the_nearest_and_decoded_what_they_stand_for(seed, metric, s, c, v):
    x, codebooks, real = case(seed, s, c, v)
    slices = x.view(-1, s, v).transpose(0, 1).long().numpy()
    want = METRICS[metric].nearest(slices, codebooks.long().numpy()).T  # (M, S)
    for patched in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if patched:
                on_torch(patch)
            index, decoded = encode(x, codebooks, real, METRICS[metric], StraightThrough())
        np.testing.assert_array_equal(index.view(-1, s).numpy(), want)
        for k in range(s):
            assert torch.equal(decoded.view(-1, s, v)[:, k], real[k, want[:, k]])


@given(seed=st.integers(0, 1000), metric=metrics, c=st.sampled_from([2, 8, 16]), v=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_compiled_and_torch_gradients_agree(seed, metric, c, v):
    x, codebooks, real = case(seed, 2, c, v)
    for gradient in (SoftChoice(), SoftChoice(2.0, straight=0.5), StraightThrough()):
        compiled = gradients(x, codebooks, real, metric, gradient)
        with pytest.MonkeyPatch.context() as patch:
            on_torch(patch)
            plain = gradients(x, codebooks, real, metric, gradient)
        for one, other in zip(compiled, plain):
            assert (one is None) == (other is None)
            if one is not None:
                torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_the_soft_choice_is_the_gradient_of_softly_chosen_values(metric):
    """Of the shares as they are, with the slopes of an exponential."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, 1, 20, 6, generator=generator).double() * 40
    codebooks = torch.randn(2, 8, 3, generator=generator).double() * 40
    real = torch.randn(2, 8, 3, generator=generator).double()
    gradient = SoftChoice(temperature=3.0)
    slices = x.view(-1, 2, 3).transpose(0, 1)
    distance = {
        "l2": lambda a, b: (a[:, None] - b[:, :, None]).square().sum(-1),
        "l1": lambda a, b: (a[:, None] - b[:, :, None]).abs().sum(-1),
        "chebyshev": lambda a, b: (a[:, None] - b[:, :, None]).abs().amax(-1),
    }[metric]
    rates = gradient.rates(distance(slices, codebooks).amin(1).mean(1))
    weight = torch.randn(2, 20, 3, generator=torch.Generator().manual_seed(9)).double()

    def loss(part, books):
        apart = distance(part, books)
        share = torch.softmax(shares(apart.detach(), rates).log() - (apart - apart.detach()) * rates[:, None, None], 1)
        return ((share.transpose(1, 2) @ real) * weight).sum()

    part, books = slices.clone().requires_grad_(), codebooks.clone().requires_grad_()
    loss(part, books).backward()
    single = [value.float() for value in (x, codebooks, real)]
    given_x, given_books = single[0].requires_grad_(), single[1].requires_grad_()
    _, decoded = encode(given_x, given_books, single[2], METRICS[metric], gradient)
    (decoded.view(20, 2, 3).transpose(0, 1) * weight).sum().backward()
    torch.testing.assert_close(given_x.grad.view(20, 2, 3).transpose(0, 1).double(), part.grad, rtol=1e-2, atol=1e-4)
    torch.testing.assert_close(given_books.grad.double(), books.grad, rtol=1e-2, atol=1e-4)


def test_shares_prefer_the_near():
    distance = torch.tensor([[[0.0, 100.0], [100.0, 0.0], [400.0, 400.0]]])  # (1, 3, 2)
    share = shares(distance, torch.tensor([0.01]))
    torch.testing.assert_close(share.sum(dim=1), torch.ones(1, 2))
    assert share.argmax(dim=1).tolist() == [[0, 1]]
    assert (share[0, 2] < share[0, :2]).all()
    softer = shares(distance, SoftChoice(4.0).rates(torch.tensor([100.0])))
    assert softer[0, 0, 0] < share[0, 0, 0]


def test_straight_through_is_the_identity_and_moves_codebooks_by_their_values_only():
    x, codebooks, real = case(0, 2, 8, 3)
    of_x, of_books, of_real, of_carrier = gradients(x, codebooks, real, "l2", StraightThrough())
    assert of_x is None
    assert of_books is None
    weight = torch.randn(x.shape, generator=torch.Generator().manual_seed(9))
    assert torch.equal(of_carrier, weight)
    torch.testing.assert_close(of_real.sum(1), weight.view(-1, 2, 3).sum(0))


@pytest.mark.parametrize(("metric", "temperature"), [("l2", 2.0), ("l1", 1.0), ("chebyshev", 1.0)])
def test_lookups_train_at_the_temperature_of_their_metric(metric, temperature):
    assert Lookups(8, 4, Geometry(), metric=metric).gradient == SoftChoice(temperature)
