"""Names of activations, and what `read_network` records of them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla.errors import CompileError, InputError
from lutdla.nn.activations import ACTIVATIONS, activation_named, canonical, is_monotone
from lutdla.nn.graph import read_network

X = torch.linspace(-8, 8, 2001)
MODULES = [
    (nn.GELU(), "gelu"), (nn.GELU(approximate="tanh"), "gelu_tanh"), (nn.SiLU(), "silu"), (nn.Mish(), "mish"),
    (nn.Tanh(), "tanh"), (nn.Sigmoid(), "sigmoid"), (nn.Hardswish(), "hardswish"), (nn.Hardsigmoid(), "hardsigmoid"),
    (nn.Softplus(), "softplus"), (nn.Softsign(), "softsign"), (nn.SELU(), "selu"),
    (nn.LeakyReLU(), "leaky_relu:0.01"), (nn.LeakyReLU(0.2), "leaky_relu:0.2"), (nn.PReLU(), "leaky_relu:0.25"),
    (nn.ELU(0.5), "elu:0.5"), (nn.CELU(2), "celu:2.0"),
]  # fmt: skip
FUNCTIONS = [
    (F.gelu, "gelu"), (lambda x: F.gelu(x, approximate="tanh"), "gelu_tanh"), (F.silu, "silu"), (F.mish, "mish"),
    (torch.tanh, "tanh"), (lambda x: x.tanh(), "tanh"), (torch.sigmoid, "sigmoid"), (F.hardswish, "hardswish"),
    (lambda x: F.leaky_relu(x, 0.1), "leaky_relu:0.1"), (F.leaky_relu, "leaky_relu:0.01"), (F.elu, "elu:1.0"),
    (lambda x: F.elu(x, alpha=2.0), "elu:2.0"), (F.softplus, "softplus"), (F.selu, "selu"), (F.celu, "celu:1.0"),
    (F.hardsigmoid, "hardsigmoid"), (F.softsign, "softsign"),
]  # fmt: skip


class Net(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 4)
        self.norm, self.body = nn.BatchNorm2d(8), body

    def forward(self, x):
        return self.head(self.body(self, x).mean((2, 3)))


def first(model):
    return read_network(model, (3, 12, 12)).steps[0]


@pytest.mark.parametrize(("module", "name"), MODULES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_is_recorded_by_the_name_of_its_function(module, name):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), module, nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1),
                          nn.Flatten(), nn.Linear(8, 4))
    step = first(model)
    assert step.activation == name
    assert isinstance(step.main.batch_norm, nn.BatchNorm2d)
    assert torch.equal(activation_named(step.activation)(X), module(X))


@pytest.mark.parametrize(("function", "name"), FUNCTIONS)
def test_a_function_is_recorded_by_name(function, name):
    step = first(Net(lambda net, x: net.b(function(net.a(x)))))
    assert step.activation == name
    assert torch.equal(activation_named(name)(X), function(X))


def test_every_family_is_tested_and_names_are_stable():
    assert {name.partition(":")[0] for _, name in MODULES} == set(ACTIVATIONS)
    for _, name in MODULES + FUNCTIONS:
        family, _, parameter = name.partition(":")
        assert canonical(family, float(parameter) if parameter else None) == name


@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu:-0.5", "elu:-1"])
def test_monotone_ones_never_fall(name):
    falls = bool((activation_named(name)(X).diff() < -1e-6).any())
    assert is_monotone(name) == (not falls)


def test_clamp_pooling_and_averages_go_with_an_activation():
    step = first(Net(lambda net, x: net.b(F.avg_pool2d(F.tanh(F.max_pool2d(F.relu6(net.a(x)), 2)), 5))))
    assert (step.activation, step.low, step.high, step.pool) == ("tanh", 0, 6, (2, 2))
    assert first(Net(lambda net, x: net.b(F.max_pool2d(torch.sigmoid(net.a(x)), 2)))).pool == (2, 2)


def residual(net, x):
    y = F.silu(net.a(x))
    return net.b(y) + y


def raw(net, x):
    y = net.a(x)
    return net.b(F.silu(y)) + y


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Net(residual), "operation add .*it adds the silu of layer a, which is in the tables of the layers that read"),
        (Net(raw), r"operation silu .*an activation folds into the layer before it, whose result operation add"),
        (Net(lambda net, x: net.b(F.max_pool2d(F.silu(net.a(x)), 2))), "follows silu, which falls in places, .*: pool"),
        (Net(lambda net, x: net.b(F.relu(F.gelu(net.a(x))))), r"layer a already has an activation \(gelu\), clamps co"),
        (Net(lambda net, x: net.b(F.gelu(F.tanh(net.a(x))))), r"layer a already has an activation \(tanh\): use one o"),
        (Net(lambda net, x: net.b(net.norm(F.gelu(net.a(x))))), r"layer norm .*folds into the nn.Conv2d or nn.Linear"),
        (Net(lambda net, x: net.b(net.a(torch.tanh(x)))), "an activation folds into the layer before it, here is"),
        (Net(lambda net, x: net.b(F.gelu(F.avg_pool2d(net.a(x), 2)))), "here is average pooling: move it before"),
        (nn.Sequential(Net(residual).a, nn.PReLU(8), nn.Conv2d(8, 4, 10)), "a slope for each of 8 channels, tables ar"),
        (nn.Sequential(nn.Conv2d(3, 4, 12), nn.Softplus(2), nn.Conv2d(4, 4, 1)), "it has beta=2.* and threshold=20.*:"),
        (nn.Sequential(nn.Conv2d(3, 4, 12), nn.GELU()), r"layer 0: an activation \(gelu\) follows the last layer"),
        (nn.Sequential(nn.Conv2d(3, 4, 12), nn.ELU(float("inf")), nn.Conv2d(4, 4, 1)), "elu has alpha=inf: it must be"),
    ],
)  # fmt: skip
def test_what_tables_cannot_hold_is_refused(model, message):
    with pytest.raises(CompileError, match=message):
        read_network(model, (3, 12, 12))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("swoosh", "no activation is called 'swoosh': known are gelu, gelu_tanh"),
        ("tanh:2", "activation tanh has no parameter, 2.0 was given: leave it out"),
        ("elu:much", "activation 'elu:much' has parameter 'much': it must be a number"),
        ("leaky_relu:nan", "activation leaky_relu has negative_slope=nan: it must be finite"),
        ("celu:0", "activation celu has alpha=0.0: it must be positive"),
    ],
)
def test_impossible_names_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        activation_named(name)
