import copy

import pytest

from lutdla.errors import InputError
from lutdla.nn import Stage
from lutdla.nn.boost import Reconstruction
from lutdla.nn.lut_layer import lut_layers
from tests.nn.boost.runs import trained
from tests.nn.small import examples, replaced


def error(network):
    """Of the products of all layers, on images not seen."""
    network = copy.deepcopy(network)
    for layer in lut_layers(network).values():
        layer.reconstruct = True
    network(examples()[2])
    return sum(float(layer.reconstruction.detach()) for layer in lut_layers(network).values())


def test_it_brings_the_product_closer():
    """Trained for nothing else, centroids must lower the error."""
    own = Stage("centroids", 1, 0.3, techniques=(Reconstruction(1000.0),))
    network = trained(stage=own, data=examples()[:2])
    assert error(network) < error(replaced())
    assert not any(layer.reconstruct for layer in lut_layers(network).values())


def test_a_negative_weight_is_refused():
    with pytest.raises(InputError, match="reconstruction has weight -1: it must not be negative"):
        Reconstruction(-1)
