"""An imported model is the model: the same results, the same layers, the same converted integers."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from lutdla import models
from lutdla.nn import convert, freeze
from lutdla.nn.graph import read_network
from lutdla.nn.lut_layer import lut_layers
from tests.compiler.test_export import Drawn
from tests.compiler.test_export import blocks as drawn_blocks
from tests.nn.importers.exports import through_onnx, through_pt2

WAYS = {"pt2": through_pt2, "onnx": through_onnx}


def inputs(shape, count=12):
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)) * 3 - 1


def with_statistics(model, x):
    """Batch norm that has seen something."""
    model.train()
    with torch.no_grad():
        model(x)
    return model.eval()


def check(model, x, imported, *, exact=True):
    """Results and converted integers of both. Where an exporter folded batch norm itself, weights differ in the last
    bit, so that single integers may."""
    torch.testing.assert_close(imported(x), model(x), rtol=0 if exact else 1e-4, atol=0 if exact else 1e-5)
    made, again = (convert(one, x, iterations=1) for one in (model, imported))
    for one in (made, again):
        freeze(one)
    if exact:
        assert torch.equal(made(x), again(x))
        for layer, same in zip(lut_layers(made).values(), lut_layers(again).values()):
            assert torch.equal(layer.frozen_tables, same.frozen_tables)
            assert torch.equal(layer.frozen_codebooks, same.frozen_codebooks)
    names = [list(lut_layers(one)) for one in (made, again)]
    assert len(names[0]) == len(names[1])
    return names


@pytest.mark.parametrize("name", ["mlp", "lenet5", "resnet8", "vgg_small", "kws", "autoencoder"])
@pytest.mark.parametrize("way", WAYS)
def test_networks_of_the_benchmarks(name, way, tmp_path):
    torch.set_num_threads(1)
    shape = models.MODELS[name].input_shape
    x = inputs(shape, 4)
    model = with_statistics(models.build(name), x)
    has_norm = any(isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)) for module in model.modules())
    imported = WAYS[way](model, x, tmp_path)
    names = check(model, x, imported, exact=way == "pt2" or not has_norm)
    assert names[0] == names[1]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=drawn_blocks, head=st.sampled_from(["mean", "flatten"]), channels=st.integers(1, 5))
def test_random_convolutional_networks(way, blocks, head, channels, tmp_path):
    torch.set_num_threads(1)
    shape = (channels, 8, 7)
    x = inputs(shape)
    model = with_statistics(Drawn(shape, blocks, head), x)
    check(model, x, WAYS[way](model, x, tmp_path), exact=way == "pt2")


def test_the_newer_onnx_exporter_with_a_free_batch(tmp_path):
    x = inputs((3, 32, 32), 4)
    model = with_statistics(models.build("resnet8"), x)
    imported = through_onnx(model, x, tmp_path, dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},))
    assert check(model, x, imported, exact=False)[1] == [step.name for step in read_network(model, (3, 32, 32)).steps]
    np.testing.assert_array_equal(imported(x).argmax(1), model(x).argmax(1))


class Written(nn.Module):
    """As people write networks: in place, `same` padding, squeezes."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(6, 8, 3, padding="same"), nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm, self.head = nn.BatchNorm2d(8), nn.Linear(8, 3)

    def forward(self, x):
        x = torch.relu_(self.norm(self.a(x)))
        y = self.b(x)
        y += x
        return self.head(nn.functional.adaptive_avg_pool2d(y.relu(), 1).squeeze(-1).squeeze(-1))


def test_networks_as_people_write_them(tmp_path):
    x = inputs((6, 8, 8))
    model = with_statistics(Written(), x)
    for made in (through_pt2(model, x, tmp_path), through_onnx(model, x, tmp_path),
                 through_onnx(model, x, tmp_path, dynamo=True)):
        torch.testing.assert_close(made(x), model(x), rtol=1e-4, atol=1e-5)
        assert [step.name for step in read_network(made, (6, 8, 8)).steps] == ["a", "b", "head"]


@pytest.mark.parametrize("way", WAYS)
def test_sequences(way, tmp_path):
    x = inputs((6, 20), 40)
    model = with_statistics(nn.Sequential(
        nn.Conv1d(6, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, 1, 1),
        nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 3)), x)
    names = check(model, x, WAYS[way](model, x, tmp_path), exact=way == "pt2")
    assert names[0] == names[1]
