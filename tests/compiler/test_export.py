"""The integer network of a converted model computes what torch computes, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.export import integer_network
from lutdla.nn import Normalize, convert, freeze
from lutdla.nn.train import logits
from lutdla.spec.config import METRICS


def quantized(network, x):
    """Real inputs as `Artefact.quantize` makes them int8."""
    values = np.rint(x.float().numpy().reshape(len(x), -1) / np.float32(network.input_scale)) + network.input_zero_point
    return np.clip(values, -128, 127).astype(np.int8)


def check(model, x, images=2, metric="l2", **options):
    """Convert, freeze, export; the results of both must be equal. Returns the integer network."""
    made = convert(model, x, metric=metric, iterations=1, **options)
    freeze(made)
    network = integer_network(made)
    raw = evaluate(network, quantized(network, x[:images]), metric)
    results = raw.astype(np.float32) * network.output_scale + network.output_bias
    np.testing.assert_array_equal(results, logits(made, x[:images]).numpy())
    assert len(np.unique(results)) > 3
    return network


class Drawn(nn.Module):
    """What hypothesis drew: a stem, blocks (kind, kernel, stride, padding), a head behind `head`."""

    def __init__(self, shape, blocks, head, channels=5):
        super().__init__()
        self.blocks, self.head = blocks, head
        self.stem = nn.Sequential(nn.Conv2d(shape[0], channels, 3, padding=1), nn.ReLU())
        self.main = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, channels, *sizes, bias=False),
                                                nn.BatchNorm2d(channels)) for _, *sizes in blocks)
        self.side = nn.ModuleList(nn.Conv2d(channels, channels, 1, stride) for _, _, stride, _ in blocks)
        self.act = nn.ModuleList((nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-1, 2))[i] for i in range(len(blocks)))
        self.eval()  # batch norm would want more than one value
        with torch.no_grad():
            features = self.features(torch.rand(1, *shape)).shape[1]
        self.classify = nn.Sequential(nn.Linear(features, 6), nn.ReLU(), nn.Linear(6, 4))

    def features(self, x):
        x = self.stem(x)
        for (kind, *_), main, side, act in zip(self.blocks, self.main, self.side, self.act):
            y = main(x)
            if kind == "shortcut":
                y = y + side(x)
            elif kind == "residual":
                y = y + x
            elif kind == "pool":
                y = nn.functional.max_pool2d(y, 2, 1)
            x = act(y)
        return x.mean((2, 3)) if self.head == "mean" else x.flatten(1)

    def forward(self, x):
        return self.classify(self.features(x))


blocks = st.lists(st.one_of(
    st.tuples(st.just("residual"), st.just(3), st.just(1), st.just(1)),
    st.tuples(st.just("shortcut"), st.just(3), st.sampled_from([1, 2]), st.just(1)),
    st.tuples(st.just("plain"), st.sampled_from([1, 2, (1, 3)]), st.sampled_from([1, 2]), st.sampled_from([0, 1])),
    st.tuples(st.just("pool"), st.just(3), st.just(1), st.just(1)),
), min_size=1, max_size=3)


@given(blocks=blocks, head=st.sampled_from(["mean", "flatten"]), channels=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_drawn_networks_are_exact(blocks, head, channels, seed):
    torch.manual_seed(seed)
    shape = (channels, 8, 7)
    x = torch.rand(24, *shape) * 3 - 1
    model = Drawn(shape, blocks, head)
    model.train()(x)  # statistics of batch norm
    check(model.eval(), x)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("first", ["scalar", "slices", "space_to_depth"])
def test_every_cut_of_pixels_is_exact(first, metric):
    torch.manual_seed(0)
    model = nn.Sequential(Normalize(mean=100, std=60), nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AvgPool2d(2),
                          nn.Conv2d(6, 7, 2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(84, 4)).eval()
    x = torch.randint(0, 256, (30, 3, 12, 8), dtype=torch.uint8)
    network = check(model, x, metric=metric, first=first, c=8)
    assert network.input_zero_point == -128
    assert network.layers[1].operand.average == (2, 2)
    assert network.layout.space_to_depth == (2 if first == "space_to_depth" else 1)


def test_sequences_are_exact():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv1d(6, 8, 5, 2, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, padding="same"),
                          nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 3)).eval()
    network = check(model, torch.randn(40, 6, 20))
    assert network.input_shape == (6, 20)
    assert (network.input.height, network.input.width) == (1, 20)


class Vectors(nn.Module):
    """A residual and a shortcut between vectors."""

    def __init__(self):
        super().__init__()
        sizes = ((9, 8), (8, 8), (8, 6), (8, 6), (6, 3))
        self.a, self.b, self.c, self.d, self.e = (nn.Linear(*pair) for pair in sizes)

    def forward(self, x):
        x = torch.relu(self.a(x))
        x = torch.relu(x + self.b(x))
        return self.e(torch.relu(self.c(x) + self.d(x)))


def test_activations_are_in_the_tables():
    model = nn.Sequential(nn.Conv2d(2, 6, 3), nn.GELU(), nn.AvgPool2d(2), nn.Conv2d(6, 8, 1), nn.SiLU(), nn.Flatten(),
                          nn.Linear(72, 5), nn.Tanh(), nn.Linear(5, 4))
    check(model, torch.rand(30, 2, 8, 8, generator=torch.Generator().manual_seed(0)))


def test_each_map_may_have_a_v_and_c_of_its_own():
    torch.manual_seed(0)
    network = check(Vectors(), torch.randn(60, 9), per_layer={"a": {"v": 2}, "b": {"v": 2, "c": 8}, "c": {"v": 1},
                                                              "d": {"v": 1}, "e": {"c": 4}})  # fmt: skip
    assert [m.codebooks.shape for m in network.maps().values()] == [(5, 16, 2), (4, 8, 2), (8, 16, 1), (2, 4, 4)]


def test_vectors_may_be_added_too():
    torch.manual_seed(0)
    network = check(Vectors(), torch.randn(60, 9))
    assert [layer.residual for layer in network.layers] == [None, "a", None, None]
    assert network.layers[2].shortcut.source == "b"


class TwoLarge(nn.Module):
    """One of two 3 x 3 convolutions becomes a map that nothing looks up."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(inputs, 5, 3, padding=1) for inputs in (3, 5, 5))
        self.head = nn.Linear(5, 4)

    def forward(self, x):
        x = torch.relu(self.a(x))
        return self.head(torch.relu(self.b(x) + self.c(x)).mean((2, 3)))


def test_a_map_that_is_only_added_has_empty_codebooks():
    torch.manual_seed(0)
    network = check(TwoLarge(), torch.rand(30, 3, 6, 6))
    assert network.layers[2].residual == "b"
    assert not network.maps()["b"].codebooks.any()
    assert network.maps()["a"].codebooks.any()


def test_maps_that_are_added_have_one_scale():
    """ResNet's stages: identity shortcuts tie the maps together, and the sum of int8 values is exact."""
    from lutdla.models import build

    made = convert(build("resnet20"), torch.rand(10, 3, 32, 32), iterations=0)
    stage = [made.get_submodule(f"stages.{i}.conv2").output for i in range(3)]
    assert stage[0] == stage[1] == stage[2] == made.get_submodule("stem.0").output
    assert made.get_submodule("stages.3.conv2").output == made.get_submodule("stages.4.conv2").output != stage[0]
    block = made.get_submodule("stages.3")
    assert block.conv1.codebooks is block.conv2.shortcut.codebooks  # both read the map of stage 1
