"""Host operations compute what torch's functions do."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla.runtime.host_ops import OPS

X = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(0))
Y = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))


def draw(*shape, seed=2):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


CASES = [
    ("add", (X, Y), {}, X + Y), ("sub", (X, Y), {}, X - Y), ("mul", (X, Y), {}, X * Y), ("div", (X, Y), {}, X / Y),
    ("neg", (X,), {}, -X), ("sqrt", (X.abs(),), {}, X.abs().sqrt()), ("square", (X,), {}, X.square()),
    ("exp", (X,), {}, X.exp()), ("abs", (X,), {}, X.abs()), ("tanh", (X,), {}, X.tanh()), ("relu", (X,), {}, X.relu()),
    ("clamp", (X,), {"low": -0.5, "high": 0.3}, X.clamp(-0.5, 0.3)), ("clamp", (X,), {"low": 0.1}, X.clamp(min=0.1)),
    ("sigmoid", (40 * X,), {}, (40 * X).sigmoid()), ("silu", (X,), {}, F.silu(X)),
    ("gelu", (3 * X,), {}, F.gelu(3 * X)),
    ("gelu", (3 * X,), {"approximate": "tanh"}, F.gelu(3 * X, approximate="tanh")),
    ("cast", (X,), {"dtype": "int64"}, X.long()), ("cast", (X > 0,), {"dtype": "float32"}, (X > 0).float()),
    ("equal", (X, X), {}, X == X), ("not_equal", (X, Y), {}, X != Y),
    ("where", (X > 0, X, Y), {}, torch.where(X > 0, X, Y)),
    ("constant", (), {"value": X}, X),
    ("reshape", (X,), {"shape": [3, -1]}, X.reshape(3, -1)), ("flatten", (X,), {"start": 1}, X.flatten(1)),
    ("flatten", (X,), {"start": 0, "end": 1}, X.flatten(0, 1)),
    ("unflatten", (X,), {"axis": -1, "sizes": [2, -1]}, X.unflatten(-1, (2, -1))),
    ("permute", (X,), {"axes": [2, 0, 1]}, X.permute(2, 0, 1)),
    ("transpose", (X,), {"first": 1, "second": -1}, X.transpose(1, -1)),
    ("unsqueeze", (X,), {"axis": -1}, X.unsqueeze(-1)), ("squeeze", (X[:, :1],), {"axis": 1}, X[:, 0]),
    ("squeeze", (X,), {"axis": 1}, X.squeeze(1)), ("select", (X,), {"axis": 1, "index": 2}, X[:, 2]),
    ("getitem", (X,), {"index": ["...", [1, -1, 2], None]}, X[..., 1:-1:2, None]),
    ("getitem", (X,), {"index": [[None, None, None], 0]}, X[:, 0]),
    ("concatenate", (X, Y), {"axis": 1}, torch.cat([X, Y], 1)),
    ("pad", (X,), {"widths": [1, 2, 0, 1], "value": 3.0}, F.pad(X, (1, 2, 0, 1), value=3.0)),
    ("pad", (X,), {"widths": [0, 3], "mode": "reflect"}, F.pad(X, (0, 3), mode="reflect")),
    ("pad", (X,), {"widths": [2, 1], "mode": "replicate"}, F.pad(X, (2, 1), mode="replicate")),
    ("unfold", (X,), {"axis": 2, "size": 3, "step": 2}, X.unfold(2, 3, 2)),
    ("sum", (X,), {"axes": [1]}, X.sum(1)),
    ("mean", (X,), {"axes": [-1, 1], "keep": True}, X.mean((-1, 1), keepdim=True)),
    ("amax", (X,), {"axes": [2]}, X.amax(2)), ("amin", (X,), {"axes": [1], "keep": True}, X.amin(1, keepdim=True)),
    ("softmax", (9 * X,), {"axis": -1}, (9 * X).softmax(-1)),
    ("layer_norm", (X,), {"shape": [6], "weight": draw(6), "bias": draw(6, seed=3), "eps": 1e-6},
     F.layer_norm(X, (6,), draw(6), draw(6, seed=3), 1e-6)),
    ("layer_norm", (X,), {"shape": [4, 6]}, F.layer_norm(X, (4, 6))),
    ("normalize", (X,), {"axis": -1}, F.normalize(X, dim=-1)),
    ("linear", (X,), {"weight": draw(5, 6), "bias": draw(5)}, F.linear(X, draw(5, 6), draw(5))),
    ("linear", (X,), {"weight": draw(5, 6)}, F.linear(X, draw(5, 6))),
    ("embedding", (torch.tensor([[0, 6], [3, 3]]),), {"weight": draw(7, 2)},
     F.embedding(torch.tensor([[0, 6], [3, 3]]), draw(7, 2))),
    ("conv1d", (X,), {"weight": draw(5, 4, 3), "bias": draw(5), "stride": 2, "padding": 1},
     F.conv1d(X, draw(5, 4, 3), draw(5), 2, 1)),
    ("matmul", (X, Y.transpose(1, 2)), {}, X @ Y.transpose(1, 2)),
    ("attention", (X, Y, draw(3, 4, 6)), {}, F.scaled_dot_product_attention(X, Y, draw(3, 4, 6))),
    ("attention", (X, Y, Y, torch.tensor([True, False, True, True])), {},
     F.scaled_dot_product_attention(X, Y, Y, attn_mask=torch.tensor([True, False, True, True]).expand(4, 4))),
    ("attention", (X, Y, Y, torch.zeros(4, dtype=torch.bool)), {},
     F.scaled_dot_product_attention(X, Y, Y, attn_mask=torch.zeros(4, 4, dtype=torch.bool))),
    ("attention", (X, Y, Y, draw(4, 4)), {"scale": 0.3},
     F.scaled_dot_product_attention(X, Y, Y, attn_mask=draw(4, 4), scale=0.3)),
    ("scalar", (), {"value": 2.5}, torch.tensor(2.5)),
]  # fmt: skip


def array(value):
    return value.numpy() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize(("op", "inputs", "named", "want"), CASES, ids=[case[0] for case in CASES])
def test_it_computes_what_torch_does(op, inputs, named, want):
    have = OPS[op](*map(array, inputs), **{name: array(value) for name, value in named.items()})
    np.testing.assert_allclose(have, want.numpy(), rtol=2e-6, atol=1e-6)
    if op != "scalar":
        assert have.dtype == want.numpy().dtype


def test_every_operation_is_compared():
    elsewhere = {"lstm", "conv_windows"}
    assert {case[0] for case in CASES} | elsewhere == set(OPS)


def test_lstm():
    layer = nn.LSTM(6, 5, batch_first=True)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    with torch.no_grad():
        want, _ = layer(X)
        have = OPS["lstm"](X.numpy(), **{name: getattr(layer, f"{name}_l0").numpy() for name in names})
    np.testing.assert_allclose(have, want, rtol=0, atol=1e-6)
    assert have.dtype == np.float32


def test_windows_of_a_convolution():
    windows = OPS["conv_windows"](X.numpy(), kernel=3, stride=2, padding=1)  # (3, 3, 4, 3)
    want = F.conv1d(X, draw(5, 4, 3), None, 2, 1).numpy()
    np.testing.assert_allclose(np.einsum("blck,nck->bnl", windows, draw(5, 4, 3).numpy()), want, atol=1e-5)
    assert OPS["conv_windows"](X.numpy(), kernel=3).base is not None  # nothing was copied


def test_the_error_function_is_as_exact_as_its_source_says():
    x = np.linspace(-6, 6, 20001)
    np.testing.assert_allclose(OPS["gelu"](x), F.gelu(torch.tensor(x)).numpy(), rtol=0, atol=6 * 0.5 * 1.5e-7)


@pytest.mark.parametrize(
    ("op", "inputs", "named", "message"),
    [
        ("gelu", (X,), {"approximate": "sine"}, "approximate is 'sine': use 'none' or 'tanh'"),
        ("cast", (X,), {"dtype": "float16"}, "dtype is 'float16'"),
        ("pad", (X,), {"widths": [1, 1], "mode": "circular"}, "mode is 'circular'"),
        ("layer_norm", (X,), {"shape": [5]}, r"it normalises axes of \(5,\), the value has shape \(3, 4, 6\)"),
        ("embedding", (torch.tensor([7]),), {"weight": draw(7, 2)}, r"indices are 7\.\.7, the table has rows 0\.\.6"),
    ],
)
def test_what_it_cannot_do_is_named(op, inputs, named, message):
    with pytest.raises(ValueError, match=message):
        OPS[op](*map(array, inputs), **{name: array(value) for name, value in named.items()})
