import copy

import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import LUTBoost, Stage, accuracy, train_dense
from lutdla.nn.boost import BatchNormReestimation
from lutdla.nn.boost.captured import looking
from lutdla.nn.lut_layer import lut_layers
from tests.nn.boost.test_lutboost import Small
from tests.nn.small import dense, examples

NO_TRAINING = Stage("none", 0, 0.1)
OPTIONS = {"v": 4, "c": 16, "iterations": 4}


def moments(network, bypass):
    """Mean and deviation of each layer's sums with bias, in the dense network or of lookups."""
    network, found = copy.deepcopy(network), {}
    for layer in lut_layers(network).values():
        layer.bypass = bypass

    def look(name, layer, x, shortcut):
        integers = layer.integers()
        sums = layer.exact(x) if bypass else layer.accumulate(x, integers) * integers.scale
        flat = (sums + layer.bias).flatten(0, -2)
        found[name] = (flat.mean(dim=0), flat.std(dim=0, correction=0))

    with looking(lut_layers(network), look):
        network(examples()[0][:1000])
    return found


@pytest.fixture(scope="module")
def networks():
    """The same conversion without and with."""
    return [LUTBoost(dense(), stages=[NO_TRAINING], techniques=techniques, calibration=1000,
                     convert_options=OPTIONS).fit(examples()[:2], freeze_at_end=False)
            for techniques in ((), (BatchNormReestimation(1000),))]


def test_sums_get_the_moments_of_the_dense_network(networks):
    plain, mended = networks
    wanted = moments(plain, bypass=True)
    for name, (mean, deviation) in moments(mended, bypass=False).items():
        torch.testing.assert_close(mean, wanted[name][0], rtol=0.05, atol=0.1)
        torch.testing.assert_close(deviation, wanted[name][1], rtol=0.1, atol=0.05)
    shrunk = moments(plain, bypass=False)["4"][1] / wanted["4"][1]
    assert shrunk.mean() < 0.95


def test_accuracy_of_a_convolutional_network_rises_without_training():
    torch.manual_seed(0)
    images, labels, *test = examples()
    images, test[0] = images[:2000, None].float() / 255, test[0][:, None].float() / 255
    model = Small()
    train_dense(model, images, labels[:2000], epochs=4)
    reached = [accuracy(LUTBoost(model, stages=[NO_TRAINING], techniques=techniques, calibration=500,
                                 convert_options=OPTIONS).fit((images, labels[:2000])), *test)
               for techniques in ((), (BatchNormReestimation(),))]
    assert reached[1] > reached[0] + 0.01


@pytest.mark.parametrize(("settings", "message"), [
    ({"images": 1}, "batch norm re-estimation looks at 1 images: it must be at least 2"),
    ({"limit": 0.5}, "batch norm re-estimation has limit 0.5: it must be at least 1"),
])  # fmt: skip
def test_unusable_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        BatchNormReestimation(**settings)
