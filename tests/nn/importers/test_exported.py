"""Programs of torch.export: what becomes what, and refusals by node."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from lutdla.errors import CompileError
from lutdla.nn import load_model
from lutdla.nn.graph import read_network


class Net(nn.Module):
    """Two convolutions, a head, and a body given as a function."""

    def __init__(self, body):
        super().__init__()
        self.a, self.b, self.head, self.body = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Linear(8, 4), body
        self.norm, self.up = nn.LayerNorm([8, 8, 8]), nn.ConvTranspose2d(8, 8, 2)
        self.offset = nn.Parameter(torch.randn(8, 1, 1))

    def forward(self, x):
        return self.head(self.body(self, x).mean((2, 3)))


def imported(model, shape=(3, 10, 10), dtype=torch.float32):
    model.eval()
    x = (torch.rand(3, *shape, generator=torch.Generator().manual_seed(0)) * 200).to(dtype)
    made = load_model(torch.export.export(model, (x,)))
    torch.testing.assert_close(made(x), model(x))
    return made


def body(function):
    return imported(Net(function))


@pytest.mark.parametrize("module", [
    nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Tanh(), nn.Sigmoid(), nn.Hardswish(), nn.Hardsigmoid(),
    nn.Softplus(), nn.SELU(), nn.LeakyReLU(0.1), nn.PReLU(), nn.ELU(0.5), nn.CELU(2), nn.ReLU6(), nn.Hardtanh(-1, 3),
    nn.ReLU(inplace=True),
], ids=lambda module: type(module).__name__)  # fmt: skip
def test_elementwise_functions_stay_what_they_are(module):
    model = nn.Sequential(nn.Linear(6, 5), module, nn.Linear(5, 3)).eval()
    made = imported(model, (6,))
    found, want = (read_network(one, (6,)).steps[0] for one in (made, model))
    assert (found.activation, found.low, found.high) == (want.activation, want.low, want.high)


def test_views_with_sizes_are_flattening_for_any_batch():
    made = imported(nn.Sequential(nn.Conv2d(3, 4, 3), Viewed(), nn.Linear(256, 4)))
    assert made(torch.zeros(7, 3, 10, 10)).shape == (7, 4)
    assert len(read_network(made, (3, 10, 10)).steps) == 2


class Viewed(nn.Module):
    def forward(self, x):
        return x.view(x.size(0), -1)


def test_arithmetic_on_the_input_is_a_normalize():
    made = imported(nn.Sequential(Scaled(), nn.Flatten(), nn.Linear(12, 3)), (3, 4), torch.uint8)
    normalize = read_network(made, (3, 4)).normalize
    assert (normalize.mean, normalize.std) == pytest.approx((10, 127.5 / 2))


class Scaled(nn.Module):
    def forward(self, x):
        return (x.float() - 10) / 127.5 * 2


def test_constants_behind_a_layer_are_its_bias():
    made = body(lambda net, x: net.b(F.relu(net.a(x) + net.offset + 1)))
    assert [step.name for step in read_network(made, (3, 10, 10)).steps] == ["a", "b", "head"]


def test_weights_that_are_computed_become_weights():
    made = imported(nn.Sequential(weight_norm(nn.Conv2d(3, 8, 10)), nn.ReLU(), nn.Flatten(), Product()))
    assert [type(step.main.module).__name__ for step in read_network(made, (3, 10, 10)).steps] == ["Conv2d", "Linear"]


class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(8, 5))

    def forward(self, x):
        return x @ self.matrix + 2


def test_a_value_changed_in_place_is_the_changed_one():
    def change(net, x):
        y = net.a(x)
        F.relu_(y)
        return net.b(y)

    assert read_network(body(change), (3, 10, 10)).steps[0].low == 0


def test_what_fx_cannot_trace_is_exported():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(12, 6), nn.Linear(6, 3)

        def forward(self, x):
            for layer in ([self.a] if x.flatten(1).shape[1] == 12 else []):
                x = F.relu(layer(x.flatten(1)))
            return self.b(x)

    assert [step.name for step in read_network(Branches(), (3, 4)).steps] == ["a", "b"]


def two(net, x):
    y = net.b(F.relu(net.a(x)))
    return net.b(y)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda net, x: F.softmax(net.a(x), 1), r"node softmax \(aten.softmax\).*the core does not run it: leave it o"),
        (lambda net, x: net.norm(net.a(x)), r"node layer_norm \(aten.layer_norm\), in layer norm \(LayerNorm\): .*Bat"),
        (lambda net, x: net.up(net.a(x)), r"node conv_transpose2d .*in layer up \(ConvTranspose2d\): .*use nn.Conv2d"),
        (lambda net, x: net.a(x) * net.a(x), r"node mul \(aten.mul\).*no products or differences of activations"),
        (lambda net, x: net.a(x) * net.offset, r"node mul .*a constant of shape \(8, 1, 1\): put it into a layer's we"),
        (lambda net, x: 1 - net.a(x), r"node rsub .*the core does not run it: use nn.Linear, nn.Conv1d"),
        (lambda net, x: torch.cat([net.a(x), net.a(x)], 1)[:, :8], r"node cat \(aten.cat\).*add the maps instead"),
        (lambda net, x: net.a(x).view(-1, 8, 4, 16), r"node view .*it makes \(3, 8, 4, 16\) of \(3, 8, 8, 8\): only"),
        (lambda net, x: torch.add(net.a(x), net.a(x), alpha=2), r"node add .*it adds a multiple: scale the weights"),
        (lambda net, x: net.b(F.relu(net.a(x)) * 3), r"node mul \(aten.mul\), after node relu \(aten.relu\): the core"),
        (two, r"node conv2d_2 \(aten.conv2d\), in layer b \(Conv2d\), after .*: it is used twice"),
    ],
)
def test_what_the_core_does_not_run_is_refused_by_node(function, message):
    with pytest.raises(CompileError, match=message):
        read_network(body(function), (3, 10, 10))


def test_several_inputs_or_results_and_training_are_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y, x

    x = torch.zeros(2, 3)
    with pytest.raises(CompileError, match="the model gives 2 results: the core sends one tensor"):
        load_model(torch.export.export(Two(), (x, x)))
    training = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    with pytest.raises(CompileError, match=r"node batch_norm .*in layer 1 \(BatchNorm2d\): it was exported in trainin"):
        load_model(torch.export.export(training, (torch.zeros(2, 3, 8, 8),)))
