import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla.errors import CompileError
from lutdla.nn.geometry import Geometry
from lutdla.nn.graph import read_network

SHAPE = (3, 12, 12)


def ending(*layers, channels=8):
    """Layers, then what makes a whole network of them."""
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))


class Net(nn.Module):
    """Convolutions a (3 -> 8), b and c (8 -> 8, 3 x 3), d (8 -> 8, 1 x 1), a head, and a body given as a function."""

    def __init__(self, body):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(inputs, 8, 3, padding=1) for inputs in (3, 8, 8))
        self.d, self.norm, self.head, self.body = nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.Linear(8, 4), body

    def forward(self, x):
        return self.head(self.body(self, x).mean((2, 3)))


def steps(model, shape=SHAPE):
    return {step.name: step for step in read_network(model, shape).steps}


def test_what_follows_a_convolution_folds_into_it():
    found = steps(ending(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.Dropout2d(), nn.ReLU6(),
                         nn.MaxPool2d(3, 2), nn.Identity()))
    assert list(found) == ["0", "8"]
    step, head = found.values()
    assert isinstance(step.main.batch_norm, nn.BatchNorm2d)
    assert (step.low, step.high, step.pool, step.pool_stride) == (0, 6, (3, 3), (2, 2))
    assert (step.channels, step.height, step.width) == (8, 5, 5)
    assert head.main.geometry == Geometry(average=(5, 5))
    assert head.main.source is step


def test_a_linear_layer_covers_the_map_behind_average_pooling():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AvgPool2d((5, 2)), nn.Flatten(), nn.Linear(80, 7),
                          nn.ReLU(), nn.Linear(7, 4))
    _, middle, last = steps(model).values()
    assert middle.main.geometry == Geometry(kernel=(2, 5), average=(5, 2))
    assert (middle.rank, last.main.geometry) == (1, Geometry())


def test_pooling_before_the_clamp_is_the_same():
    first, _ = steps(ending(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.ReLU())).values()
    assert (first.low, first.pool) == (0, (2, 2))


def test_clamps_meet():
    first, _ = steps(ending(nn.Conv2d(3, 8, 3), nn.Hardtanh(-1, 4), nn.ReLU6())).values()
    assert (first.low, first.high) == (0, 4)


def test_same_padding_puts_the_odd_pixel_last():
    first, _ = steps(ending(nn.Conv2d(3, 8, (4, 3), padding="same"))).values()
    assert first.main.geometry == Geometry((4, 3), (1, 1), (1, 1), (2, 1))
    assert (first.height, first.width) == (12, 12)


def test_sequences_are_maps_of_height_one():
    model = nn.Sequential(nn.Conv1d(6, 8, 5, 2, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(40, 4))
    first, last = steps(model, (6, 20)).values()
    assert first.main.geometry == Geometry((1, 5), (1, 2), (0, 2), (0, 2))
    assert (first.height, first.width, last.main.geometry.kernel) == (1, 5, (1, 5))


def test_a_flattened_input_is_one_pixel():
    network = read_network(nn.Sequential(nn.Flatten(), nn.Linear(432, 4)), SHAPE)
    assert (network.input.channels, network.input.height, network.input.rank) == (432, 1, 1)


def test_a_map_is_added_as_residual():
    found = steps(Net(_residual))
    assert list(found) == ["a", "b", "head"]
    assert found["b"].residual is found["a"]
    assert found["b"].low == 0


def _residual(net, x):
    x = F.relu(net.a(x))
    return F.relu(x + net.norm(net.b(x)))


@pytest.mark.parametrize("add", [lambda p, q: p + q, torch.add, lambda p, q: p.add_(q), lambda p, q: p.add(q)])
def test_a_one_by_one_convolution_is_added_as_shortcut(add):
    def body(net, x):
        x = F.relu(net.a(x))
        short = net.norm(net.d(x))
        return F.relu(add(net.b(x), short))

    found = steps(Net(body))
    assert list(found) == ["a", "b", "head"]
    assert (found["b"].shortcut.name, found["b"].shortcut.source) == ("d", found["a"])
    assert isinstance(found["b"].shortcut.batch_norm, nn.BatchNorm2d)
    assert found["b"].residual is None


def test_of_two_large_convolutions_one_becomes_a_residual():
    def body(net, x):
        x = F.relu(net.a(x))
        return F.relu(net.b(x) + net.c(x))

    found = steps(Net(body))
    assert list(found) == ["a", "b", "c", "head"]
    assert found["c"].residual is found["b"]


def test_a_step_comes_after_the_residual_it_adds():
    def body(net, x):
        x = F.relu(net.a(x))
        early = net.b(x)
        return F.relu(early + F.relu(net.c(x)))

    found = steps(Net(body))
    assert list(found) == ["a", "c", "b", "head"]
    assert found["b"].residual is found["c"]


def test_shortcut_and_residual_together():
    def body(net, x):
        x = F.relu(net.a(x))
        return F.relu((net.b(x) + net.d(x)) + x)

    step = steps(Net(body))["b"]
    assert step.shortcut.name == "d"
    assert step.residual.name == "a"


def also_raw(net, x):
    x = net.a(x)
    return net.b(F.relu(x)) + x


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ending(nn.Conv2d(3, 6, 3, groups=3), channels=6),
         r"layer 0 \(Conv2d\), after the input: it has groups=3 \(depthwise or grouped\): use groups=1"),
        (ending(nn.Conv2d(3, 8, 3, dilation=2)), r"layer 0 .*it has dilation=\(2, 2\): use dilation=1 and a larger ke"),
        (ending(nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect")), "padding_mode='reflect': use padding_mode='ze"),
        (ending(nn.Conv2d(4, 8, 3)), r"layer 0 .*it takes 4 channels, calibration inputs have 3: they must agree"),
        (ending(nn.Conv2d(3, 8, 13)), "its kernel 13 x 13 does not fit into 12 x 12 pixels: use a smaller kernel"),
        (ending(nn.Conv1d(3, 8, 3)), r"\(Conv1d\).*it takes \(channels, length\), here is 3 x 12 x 12: use nn.Conv2d"),
        (ending(nn.ConvTranspose2d(3, 8, 3)), r"\(ConvTranspose2d\).*the core does not run it: use nn.Conv2d: the cor"),
        (ending(nn.Conv2d(3, 8, 3), nn.MaxPool2d(3, padding=1)), r"\(MaxPool2d\).*it has padding=1: use padding=0, wh"),
        (ending(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2, ceil_mode=True)), "it has ceil_mode=True: use ceil_mode=False"),
        (ending(nn.Conv2d(3, 8, 3), nn.MaxPool2d(11)), "its window 11 x 11 does not fit into 10 x 10 pixels"),
        (ending(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2), nn.MaxPool2d(2)), "pool once, with a larger kernel"),
        (ending(nn.MaxPool2d(2), nn.Conv2d(3, 8, 3)), r"layer 0 \(MaxPool2d\).*folds into the layer before it, here i"),
        (ending(nn.Conv2d(3, 8, 3), nn.AvgPool2d(3)), "squares of 3 x 3 do not divide 10 x 10 pixels"),
        (ending(nn.Conv2d(3, 8, 3), nn.AvgPool2d(2, 1)), r"kernel \(2, 2\) and stride \(1, 1\): squares may not overl"),
        (ending(nn.Conv2d(3, 8, 3), nn.AvgPool2d(2, padding=1)), "it has padding=1: use padding=0, whole squares"),
        (ending(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(5)), r"layer 1 .*output_size=5: use 1 \(global\), or nn.AvgP"),
        (ending(nn.Conv2d(3, 8, 3), nn.AvgPool2d(2), nn.ReLU()), r"\(ReLU\).*here is average pooling: move it before"),
        (ending(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(4)), "it takes 4 channels, layer 0 gives 8: they must agree"),
        (ending(nn.Conv2d(3, 8, 3), nn.Hardtanh(1, 2)), r"clamps to 1.0..2.0, int8 activations hold 0"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(10, 4)), r"it takes vectors, here is a map of 8 x 10 x 10: put n"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 4)), "it takes 8 values, layer 0 gives 800"),
        (nn.Sequential(nn.Conv2d(3, 8, 3)), "layer 0: gives a map of 10 x 10 pixels, the core sends one pixel: end wi"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(10), nn.Flatten()), "layer 0: max-pooling follows the last la"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), "layer 0: average pooling follows"),
        (Net(lambda net, x: net.a(x) + net.b(net.a(x))), r"layer a \(Conv2d\), after the input: it is used twice"),
        (Net(lambda net, x: net.norm(F.relu(net.a(x)))), r"layer norm \(BatchNorm2d\), after operation relu.*move it"),
        (Net(lambda net, x: net.a(x) * 2), r"operation mul \(mul\), after layer a \(Conv2d\): the core does not run i"),
        (Net(lambda net, x: net.a(x) + 1), r"operation add .*it adds a number, or a multiple: put it into a layer's b"),
        (Net(also_raw), r"operation relu .*whose result operation add \(add\) also takes: let"),
        (Net(lambda net, x: net.a(x).view(-1, 8, 1, 1)), r"operation view \(view\), .*: use nn.Flatten"),
        (Net(lambda net, x: net.b(net.a(x).mean(2, keepdim=True))), r"it averages dimensions 2: average all pixels, d"),
    ],
)  # fmt: skip
def test_what_the_core_does_not_run_is_refused_by_name(model, message):
    with pytest.raises(CompileError, match=message):
        read_network(model, SHAPE)


class Sums(nn.Module):
    """Sums that the core cannot do."""

    def __init__(self, kind):
        super().__init__()
        self.a, self.b, self.head, self.kind = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Linear(8, 4), kind

    def forward(self, x):
        y = F.relu(self.a(x))
        if self.kind == "activated":
            y = y + F.relu(self.b(y))
        elif self.kind == "itself":
            y = y + y
        elif self.kind == "sizes":
            y = self.b(y) + F.max_pool2d(y, 2)
        elif self.kind == "input":
            y = torch.cat([x, y], 1)
        elif self.kind == "multiple":
            y = torch.add(self.b(y), y, alpha=2)
        return self.head(y.mean((2, 3)))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("activated", r"operation add .*neither summand is a convolution or nn.Linear .*: add before the activation"),
        ("itself", "it adds a map to itself: scale the weights before it instead"),
        ("sizes", "max-pooling folds into the layer before it, whose result layer b"),
        ("input", r"operation cat .*: the core does not run it: add the maps instead"),
        ("multiple", "it adds a number, or a multiple"),
    ],
)
def test_sums_that_the_core_cannot_do_are_refused(kind, message):
    with pytest.raises(CompileError, match=message):
        read_network(Sums(kind), SHAPE)


def test_the_input_is_no_residual():
    class Input(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 4)

        def forward(self, x):
            return self.head((self.a(x) + x).mean((2, 3)))

    with pytest.raises(CompileError, match="it adds the input, which the core keeps only as indices: put a layer befo"):
        read_network(Input(), SHAPE)


def test_pooling_single_pixels_does_nothing():
    assert len(read_network(nn.Sequential(nn.Conv2d(3, 8, 12), nn.MaxPool2d(1)), SHAPE).steps) == 1


def test_an_image_without_channels_is_refused():
    with pytest.raises(CompileError, match=r"it takes \(channels, height, width\), here is 28 x 28: give inputs with"):
        read_network(ending(nn.Conv2d(1, 8, 3)), (28, 28))
