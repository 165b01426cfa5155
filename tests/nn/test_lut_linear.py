import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lutdla import reference
from lutdla.errors import InputError
from lutdla.nn.arithmetic import fixed_point, requantize, round_to_grid, straight_through
from lutdla.nn.layers import Affine, Normalize, QuantizeInput
from lutdla.nn.lut_linear import LUTLinear
from lutdla.spec.config import METRICS
from lutdla.spec.memory import BIAS_BITS, SHIFT_MAX


def layer(inputs=14, outputs=6, v=4, c=8, metric="l2", seed=0):
    """A layer in the middle of a network, with random contents."""
    torch.manual_seed(seed)
    made = LUTLinear(inputs, outputs, v, c, metric)
    made.input, made.output, made.low = Affine(0.02, -7), Affine(0.05, -100), -100
    with torch.no_grad():
        made.bias.uniform_(-1, 1)
        made.correction.normal_(0, 0.05)
    return made


def accumulators(made, x):
    return made.accumulate(x[:, :, None, None], made.integers())[:, 0, 0]


def grid(*shape, seed=0):
    return torch.randint(-128, 128, shape, generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("inputs", "v", "c"), [(16, 4, 16), (14, 4, 8), (5, 1, 4), (27, 9, 2)])
def test_forward_is_the_integers_of_the_reference(metric, inputs, v, c):
    """Directly, value by value: encode, add table rows, requantize, as lutdla.reference defines them."""
    made, x = layer(inputs, 6, v, c, metric), grid(20, inputs)
    codebooks, tables, _, *constants = (t.detach().numpy().astype(np.int64) for t in made.integers() if t is not None)
    padded = np.pad(x.numpy().astype(np.int64), ((0, 0), (0, made.subspaces * v - inputs)))
    acc = np.array([
        sum(tables[0, s, reference.encode(row[s * v : s * v + v], codebooks[s], metric)] for s in range(made.subspaces))
        for row in padded
    ])  # fmt: skip
    want = reference.requantize(acc, *constants, 0, made.low, made.high)
    with torch.no_grad():
        np.testing.assert_array_equal(accumulators(made, x).numpy(), acc)
        np.testing.assert_array_equal(made(x).numpy(), want)
    np.testing.assert_array_equal(made(x.requires_grad_()).detach().numpy(), want)  # the same while training
    assert len(np.unique(want)) > 10


def test_last_layer_gives_scaled_accumulators():
    made, x = layer(), grid(5, 14)
    made.output = None
    integers = made.integers()
    torch.testing.assert_close(made(x), accumulators(made, x) * integers.scale + made.bias, rtol=0, atol=0)


def test_codebooks_of_every_value_compute_the_real_product():
    """v=1 with all 256 centroids encodes without loss: what is left is the rounding of tables and output."""
    torch.manual_seed(0)
    made = LUTLinear(12, 8, 1, 256)
    made.codebooks.data = torch.arange(-128.0, 128).view(1, 256, 1).repeat(12, 1, 1)
    made.input = Affine(1 / 255, -128)
    x = grid(64, 12).requires_grad_()
    want = (x.detach() + 128) / 255 @ made.weight.t() + made.bias
    torch.testing.assert_close(made(x), want, atol=0.02, rtol=0)
    made(x).square().mean().backward()
    got = made.weight.grad.clone()
    made.weight.grad = None
    want.square().mean().backward()
    torch.testing.assert_close(got, made.weight.grad, atol=float(made.weight.grad.abs().max()) * 0.05, rtol=0)


@pytest.mark.parametrize("metric", METRICS)
def test_gradients_reach_everything_that_learns(metric):
    made, x = layer(metric=metric), grid(40, 14).requires_grad_()
    made.low = -128
    made(x).sum().backward()
    for name in ("weight", "bias", "codebooks", "correction"):
        gradient = getattr(made, name).grad
        assert gradient.isfinite().all(), name
        assert gradient.abs().sum() > 0, name
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0


def test_the_soft_choice_points_downhill():
    """Following the gradient of the input must lower what the integers really give."""
    made = layer(16, 4, seed=3)
    made.output = None
    x = grid(200, 16).requires_grad_()
    before = made(x).sum()
    before.backward()
    moved = (x - x.grad.sign() * 12).detach().clamp(-128, 127).round()
    assert made(moved).sum() < before


def test_relu_and_saturation_stop_the_gradient():
    made, x = layer(), grid(8, 14).requires_grad_()
    with torch.no_grad():
        made.bias.fill_(-1e4)
    made(x).sum().backward()
    assert made.weight.grad.abs().sum() == 0
    assert x.grad.abs().sum() == 0


def test_frozen_integers_do_not_move():
    made, x = layer(), grid(30, 14)
    before = made(x).detach()
    made.freeze()
    with torch.no_grad():
        made.weight.mul_(3)
        made.codebooks.add_(20)
        made.correction.add_(1)
    assert torch.equal(made(x), before)
    assert not any(p.requires_grad for p in made.parameters())


def test_state_carries_integers_and_quantization():
    made, x = layer(), grid(30, 14)
    made.freeze()
    other = LUTLinear(14, 6, 4, 8)
    other.load_state_dict(made.state_dict())
    assert torch.equal(other(x), made(x))
    assert (other.input, other.output, other.low, other.high) == (made.input, made.output, made.low, made.high)
    assert other.frozen


def test_filled_up_inputs_never_count():
    """Codebook entries past the last input are 0, as the core fills them, so they cannot decide between centroids."""
    made = layer(inputs=14)
    codebooks, tables, *_ = made.integers()
    assert codebooks[-1, :, 2:].abs().sum() == 0
    assert codebooks[-1, :, :2].abs().sum() > 0
    assert tables.abs().max() == 127


@given(
    ratio=st.floats(0, 1, allow_subnormal=False), offset=st.floats(-1e6, 1e6),
    acc=st.lists(st.integers(-(1 << 23), (1 << 23) - 1), min_size=1, max_size=8),
)
def test_fixed_point_fits_the_core_and_stays_close(ratio, offset, acc):
    mult, bias, shift = fixed_point(torch.tensor([ratio]), torch.tensor([offset]))
    m, b, s = (int(t) for t in (mult, bias, shift))
    assert 0 <= m < 1 << 15
    assert -(1 << (BIAS_BITS - 1)) <= b < 1 << (BIAS_BITS - 1)
    assert 1 <= s <= SHIFT_MAX
    x = torch.tensor(acc)[:, None]
    got = requantize(x.float(), torch.tensor([ratio]), torch.tensor([offset]), (mult, bias, shift), -128, 127)[:, 0]
    want = reference.requantize(x.numpy()[:, 0], np.int64(m), np.int64(b), np.int64(s), 0, -128, 127)
    np.testing.assert_array_equal(got.numpy(), want)
    exact = (x[:, 0].double() * ratio + offset).clamp(-128, 127)
    error = 0.51 + x[:, 0].abs() * (ratio * 2**-14 + 2.0**-s)
    assert ((got - exact).abs() <= error).all()


def test_straight_through_gives_the_value_and_the_other_gradient():
    carrier = torch.tensor([0.3, 1e9], requires_grad=True)
    value = straight_through(carrier, torch.tensor([7.0, 0.1]))
    value.backward(torch.tensor([2.0, 3.0]))
    assert value.tolist() == [7.0, torch.tensor(0.1).item()]
    assert carrier.grad.tolist() == [2.0, 3.0]
    x = torch.tensor([-200.0, 0.6, 200.0], requires_grad=True)
    round_to_grid(x).sum().backward()
    assert round_to_grid(x).tolist() == [-128, 1, 127]
    assert x.grad.tolist() == [0, 1, 0]


def test_pixels_are_quantized_without_loss():
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16)
    assert torch.equal(QuantizeInput(Affine(1.0, -128), (16, 16))(pixels).flatten(), torch.arange(-128.0, 128))
    with pytest.raises(InputError, match=r"input has shape \(1, 16, 16\), this network was converted for \(batch, 28"):
        QuantizeInput(Affine(1.0, -128), (28, 28))(pixels)


@given(low=st.floats(-1e4, 1e4), high=st.floats(-1e4, 1e4))
def test_a_range_is_covered_and_zero_is_exact(low, high):
    low, high = sorted((low, high))
    affine = Affine.of_range(low, high)
    assert (-128 - affine.zero_point - 0.51) * affine.scale <= min(low, 0)
    assert (127 - affine.zero_point + 0.51) * affine.scale >= max(high, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LUTLinear(0, 4), "LUTLinear has inputs=0: it must be at least 1"),
        (lambda: LUTLinear(4, 4, c=12), "LUTLinear has c=12: it must be a power of two, 2 or more"),
        (lambda: LUTLinear(4, 4, metric="l3"), "metric is 'l3': use one of l2"),
        (lambda: LUTLinear(1 << 20, 1, v=1), "LUTLinear sums 1048576 lookups: 132104 is the most"),
        (lambda: LUTLinear(8, 4)(torch.zeros(2, 9)), r"LUTLinear got shape \(2, 9\): it takes \(batch, 8\)"),
        (lambda: Affine(0.0, 0), "quantization has scale 0.0"),
        (lambda: Affine(1.0, 200), "zero point 200"),
        (lambda: Normalize(std=0), "Normalize has std 0: it must be positive"),
    ],
)
def test_impossible_values_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
