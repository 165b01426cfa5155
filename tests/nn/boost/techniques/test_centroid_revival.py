import copy

import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import Stage, convert
from lutdla.nn.boost import Averaging, CentroidRevival
from lutdla.nn.boost.captured import looking, readings
from lutdla.nn.lut_layer import lut_layers
from tests.nn.boost.runs import part, trained
from tests.nn.boost.test_lutboost import Small
from tests.nn.small import examples, replaced

STILL = Stage("tables", 1, 0, 0, 1e-9, table_decay=0.0)
"""Two steps of 500 that change next to nothing."""


@pytest.fixture
def network():
    """Two centroids of each codebook of layer 4 lie where nothing is; its table corrections are 1."""
    made = copy.deepcopy(replaced())
    layer = made.get_submodule("4")
    with torch.no_grad():
        layer.codebooks[:, 3] = 127.0
        layer.codebooks[:, 9] = torch.tensor([127.0, -128.0, 127.0, -128.0])
        layer.correction.fill_(1.0)
    return made


def used(network):
    """Centroids of layer 4 that test images choose: (S, c)."""
    layer, found = network.get_submodule("4"), []

    def look(name, layer, x, shortcut):
        for reader, source in readings(layer, x, shortcut):
            found.append(reader.metric.nearest_torch(reader.slices(source), reader.grid_codebooks()))

    with looking({"4": layer}, look):
        network(examples()[0][:1000])
    return torch.stack([(found[0] == j).any(dim=1) for j in range(layer.c)], dim=1)


@pytest.mark.parametrize("place", ["error", "most_used"])
@pytest.mark.parametrize("averaging", [(), (Averaging(),)])
def test_what_nothing_chooses_moves_to_where_it_is_chosen(network, place, averaging):
    before = used(network)
    after = trained(CentroidRevival(2, 2, place), *averaging, stage=STILL, network=network, batch=500)
    assert used(after).sum() > before.sum()
    dead = ~before
    old, new = (net.get_submodule("4") for net in (network, after))
    assert dead[:, 3].any()
    assert not torch.equal(old.codebooks[:, 3], new.codebooks[:, 3])
    assert torch.equal(old.codebooks[before], new.codebooks[before])
    moved = (old.codebooks != new.codebooks).any(dim=2)
    want = torch.where(moved[None, :, :, None], 0.0, 1.0) if place == "error" else torch.ones(1)
    torch.testing.assert_close(new.correction, want.expand_as(new.correction), rtol=0, atol=1e-6)


def test_a_split_centroid_leaves_the_answers_nearly_as_they_were():
    """The twin of centroid 0 is never chosen. Beside the most used centroid, with its table entries, it takes slices
    over, but to entries nearly the same."""
    network = copy.deepcopy(replaced())
    with torch.no_grad():
        network.get_submodule("4").codebooks[:, 15] = network.get_submodule("4").codebooks[:, 0]
    assert not used(network)[:, 15].any()
    after = trained(CentroidRevival(2, 2, "most_used"), stage=STILL, network=network, batch=500)
    assert used(after)[:, 15].all()
    images = examples()[2]
    assert (after(images).argmax(1) == network(images).argmax(1)).float().mean() > 0.95


def test_nothing_moves_where_all_are_chosen_or_before_the_time():
    early = trained(CentroidRevival(3, 3), stage=STILL, batch=500)
    for name, layer in lut_layers(early).items():
        assert torch.equal(layer.codebooks, replaced().get_submodule(name).codebooks)


def test_maps_that_two_layers_read_are_counted_once():
    torch.manual_seed(0)
    images, labels = part(200)
    network = convert(Small(), images[:, None].float() / 255, iterations=0)
    with torch.no_grad():
        network.get_submodule("b").codebooks[:, 5] = 127.0
    after = trained(CentroidRevival(1, 1), stage=STILL, network=network, data=(images[:, None].float() / 255, labels),
                    batch=100)
    block = after.get_submodule("b")
    assert block.codebooks is block.shortcut.codebooks
    assert not torch.equal(block.codebooks, network.get_submodule("b").codebooks)


@pytest.mark.parametrize(("settings", "message"), [
    ({"steps": 5, "looks": 6}, "looks 6 times in 5 steps: it must be at least once and at most at every step"),
    ({"place": "here"}, "centroid revival has place 'here': use one of error, most_used"),
])  # fmt: skip
def test_unusable_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        CentroidRevival(**settings)
