import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla.errors import CompileError, InputError
from lutdla.nn import LUTLinear, Normalize, accuracy, convert
from lutdla.nn.lut_layer import lut_layers
from tests.nn.small import dense, examples, untrained

IMAGES = torch.randint(0, 256, (200, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def chain(*layers):
    return nn.Sequential(nn.Flatten(), *layers)


def test_linear_becomes_lookup_and_the_rest_is_folded():
    model = untrained()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    network = convert(model, IMAGES, iterations=2)
    layers = lut_layers(network)
    assert list(layers) == ["2", "4", "6"]
    kinds = [type(m).__name__ for name, m in network.named_modules() if name]
    assert kinds == ["QuantizeInput", "LUTLinear", "LUTLinear", "LUTLinear"]
    first, second, last = layers.values()
    assert first.input.zero_point == -128
    assert first.input.scale == pytest.approx(1 / 255)
    assert first.output == second.input
    assert (first.low, first.output.zero_point) == (-128, -128)  # ReLU
    assert last.output is None
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_replacement_alone_classifies():
    images, _, test_images, test_labels = examples()
    network = convert(dense(), images[:1000], iterations=5)
    assert accuracy(network, test_images, test_labels) > 0.3  # chance is 0.1


def fine(network):
    """Codebooks of every value, so that encoding loses nothing (v=1)."""
    for layer in lut_layers(network).values():
        layer.codebooks.data = torch.arange(-128.0, 128).view(1, 256, 1).repeat(layer.subspaces, 1, 1)
    return network


@pytest.mark.parametrize("act", [nn.GELU(), nn.SiLU(), nn.Tanh(), nn.LeakyReLU(0.1)])
def test_activations_fold_into_the_tables_of_the_readers(act):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 12), act, nn.Linear(12, 6), act, nn.Linear(6, 5))
    x = torch.randn(500, 8, generator=torch.Generator().manual_seed(1))
    network = fine(convert(model, x, v=1, c=256, iterations=0))
    want = model(x)
    assert (network(x) - want).abs().max() < 0.05 * (want.max() - want.min())
    names = [layer.activation for layer in lut_layers(network).values()]
    assert names[0] is None
    assert names[1] == names[2] is not None
    copy = convert(model, x, v=1, c=256, iterations=0)
    for layer in lut_layers(copy).values():
        layer.activation = None
    copy.load_state_dict(network.state_dict())
    assert torch.equal(copy(x), network(x))  # the state carries the activation


def test_sensitivity_weighs_what_is_clustered():
    images, labels, *_ = examples()
    plain = convert(dense(), images[:500], iterations=4)
    weighed = convert(dense(), images[:500], iterations=4, sensitivity=labels[:500])
    own = convert(dense(), images[:500], iterations=4, sensitivity=True)
    books = [[layer.codebooks for layer in lut_layers(network).values()] for network in (plain, weighed, own)]
    assert not any(torch.equal(*pair) for pair in zip(books[0], books[1]))
    assert not any(torch.equal(*pair) for pair in zip(books[1], books[2]))


def test_folding_keeps_the_function():
    """Batch norm, Normalize with a mean, dropout, missing bias, linear without ReLU, float input."""
    torch.manual_seed(0)
    model = nn.Sequential(
        Normalize(mean=0.4, std=0.3), nn.Linear(8, 12, bias=False), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(12, 6), nn.Linear(6, 5),
    )
    x = torch.rand(500, 8, generator=torch.Generator().manual_seed(1)) * 2 - 0.5
    model(x)  # statistics for batch norm
    model.eval()
    network = fine(convert(model, x, v=1, c=256, iterations=0))
    want = model(x)
    assert (network(x) - want).abs().max() < 0.05 * (want.max() - want.min())
    assert network(x).argmax(1).eq(want.argmax(1)).float().mean() > 0.97


class Functional(nn.Module):
    """The same layers called as functions, one nested."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict({"first": nn.Linear(784, 8)})
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = torch.flatten(x, start_dim=1)
        return self.head(F.dropout(F.relu(self.body["first"](x)), training=self.training))


def test_functions_and_nested_layers_convert():
    network = convert(Functional(), IMAGES, iterations=1)
    assert list(lut_layers(network)) == ["body.first", "head"]
    assert network(IMAGES[:3]).shape == (3, 4)


def test_layers_may_differ():
    network = convert(untrained(), IMAGES, v=4, c=16, per_layer={"4": {"v": 2, "c": 8, "metric": "l1"}}, iterations=1)
    first, second, _ = lut_layers(network).values()
    assert (first.v, first.c, first.metric.name) == (4, 16, "l2")
    assert (second.v, second.c, second.metric.name) == (2, 8, "l1")
    assert network(IMAGES[:2]).shape == (2, 10)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(784, 8), nn.Linear(8, 8)

    def forward(self, x):
        x = self.a(x.flatten(1))
        return x + self.b(x)


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(784, 8)

    def forward(self, x):
        return self.a(x) if x.sum() > 0 else x


class Divided(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(784, 8)

    def forward(self, x):
        return self.a((x / 255).flatten(1))


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(784, 8), nn.Linear(8, 8)

    def forward(self, x):
        return self.b(self.b(self.a(x.flatten(1))))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (chain(nn.Linear(784, 8), nn.GroupNorm(2, 8), nn.Linear(8, 4)),
         r"layer 2 \(GroupNorm\), after layer 1 \(Linear\): the core does not run it: use nn.BatchNorm2d"),
        (chain(nn.Linear(784, 8), nn.Softmax(dim=1)), r"layer 2 \(Softmax\), after layer 1 \(Linear\): .*leave it out"),
        (chain(nn.Linear(784, 8), nn.Threshold(1, 2), nn.Linear(8, 4)), r"layer 2 \(Threshold\).*use one of Linear, C"),
        (chain(nn.Linear(784, 8), nn.ReLU()), "layer 1: a ReLU or clamp follows the last layer"),
        (chain(nn.Linear(784, 8), nn.Linear(9, 4)), r"layer 2 \(Linear\), .*takes 9 values, layer 1 gives 8"),
        (chain(nn.Linear(784, 8), Normalize(), nn.Linear(8, 4)), r"layer 2 \(Normalize\).*it can stand once, before"),
        (chain(nn.Linear(784, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 4)), r"layer 3 \(BatchNorm1d\).*move it"),
        (chain(nn.Linear(784, 8), nn.BatchNorm1d(8, track_running_stats=False)), "use track_running_stats=True"),
        (nn.Sequential(nn.ReLU(), nn.Linear(784, 8)), r"layer 0 \(ReLU\), after the input: a ReLU or clamp folds into"),
        (nn.Sequential(nn.Flatten(0), nn.Linear(784, 8)), r"it flattens dimensions 0..-1: keep the batch"),
        (nn.Sequential(nn.Flatten()), "the model has no nn.Conv2d or nn.Linear: there is nothing to convert"),
        (chain(nn.Linear(700, 8)), r"layer 1 .*takes 700 values, calibration inputs have 784: they must agree"),
        (Residual(), r"layer b: a residual is added to the last layer, whose raw sums the core sends: add an nn.Linea"),
        (Branching(), r"model Branching cannot be traced \(.*\): its forward must be a plain sequence"),
        (Divided(), r"operation truediv \(truediv\), after the input: .*lutdla.nn.Normalize"),
        (Twice(), r"layer b \(Linear\), after layer b \(Linear\): it is used twice"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_what_the_core_does_not_run_is_refused_by_name(model, message):
    with pytest.raises(CompileError, match=message):
        convert(model, IMAGES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_layer": {"7": {"v": 2}}}, "per_layer names layer '7': the model has 2, 4, 6"),
        ({"per_layer": {"2": {"w": 2}}}, "per_layer sets 'w' of layer 2: it may set v, c, metric"),
        ({"calibration": IMAGES[:0]}, r"calibration has shape \(0, 28, 28\): it must be \(images, ...\), images >= 1"),
        ({"calibration": torch.full((3, 28, 28), torch.nan)}, "calibration holds NaN or infinity"),
        ({"c": 12}, "c=12: it must be a power of two"),
    ],
)
def test_unusable_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        convert(untrained(), **({"calibration": IMAGES} | arguments))


def test_lutlinear_of_a_converted_model_is_the_public_one():
    assert type(next(iter(lut_layers(convert(untrained(), IMAGES, iterations=0)).values()))) is LUTLinear
