"""Mixed v and c under a budget."""

from itertools import product

import pytest
import torch
from rich.console import Console

from lutdla import models
from lutdla.compiler.export import integer_network
from lutdla.errors import InputError
from lutdla.nn import convert, freeze
from lutdla.nn.budget import plan
from lutdla.nn.lut_layer import lut_layers
from tests.nn.small import dense, examples

PAIRS = [(4, 16), (2, 16), (4, 64), (8, 16)]


def images(count=40):
    return examples()[0][:count]


def planned(**options):
    """A plan for the small MLP on real images."""
    return plan(dense(), images(), **({"pairs": PAIRS, "iterations": 4} | options))


def test_the_choice_is_the_best_of_all():
    free = planned()
    for limit in (0.3, 0.5):
        most = int(free.table_bytes * limit)
        found = planned(max_table_bytes=most, max_lookups=free.lookups)
        want = min(sum(pair.loss for pair in choice) for choice in product(*(one.options for one in found.maps))
                   if sum(pair.table_bytes for pair in choice) <= most
                   and sum(pair.lookups for pair in choice) <= free.lookups)
        assert found.loss == pytest.approx(want)
        assert found.table_bytes <= most
        assert found.loss > free.loss


def test_costs_are_those_of_the_converted_network():
    found = planned(max_table_bytes=60000)
    made = convert(dense(), images(), per_layer=found.per_layer, iterations=1)
    layers = lut_layers(made)
    assert {name: (layer.v, layer.c) for name, layer in layers.items()} == {
        name: (pair["v"], pair["c"]) for name, pair in found.per_layer.items()}
    assert found.table_bytes == sum(layer.correction.numel() for layer in layers.values())
    assert found.lookups == sum(layer.subspaces * layer.outputs for layer in layers.values())


def test_maps_of_several_readers_have_one_pair():
    """The shortcut and the first convolution of a block read one map; pixels of the input are cut one by one."""
    shape = (1, 12, 12)
    model, x = models.build("resnet8", shape=shape), torch.randint(0, 256, (16, *shape)).float()
    found = plan(model, x, pairs=[(4, 16), (4, 8), (8, 16)], max_lookups=10**7, iterations=2)
    readers = {one.source: one.readers for one in found.maps}
    assert readers["stages.0.conv2"] == ("stages.1.conv1", "stages.1.shortcut.0")
    made = convert(model, x, per_layer=found.per_layer, iterations=1)
    freeze(made)
    layers = lut_layers(made).values()
    parts = [part for layer in layers for part in (layer, layer.shortcut) if part is not None]
    assert found.table_bytes == sum(part.correction.numel() for part in parts)
    first = found.maps[0].options
    assert (first[0].loss, first[0].table_bytes) == (first[2].loss, first[2].table_bytes)  # v does not matter there
    assert integer_network(made) is not None


def test_finer_codebooks_and_heavier_losses_are_seen():
    found = planned(pairs=[(8, 16), (4, 16), (2, 16), (1, 16)])
    for one in found.maps:
        losses = [pair.loss for pair in one.options]
        assert losses == sorted(losses, reverse=True)
        assert losses[-1] < 0.1 * losses[0]
    wrong = planned(labels=(examples()[1][:40] + 1) % 10)  # a loss with large gradients
    assert wrong.loss > 3 * planned(labels=examples()[1][:40]).loss


def test_the_estimate_ranks_what_conversion_does():
    """Of one layer at a time: the pair that is said to cost least changes the logits least."""
    x = images(100)
    want = dense()(x)
    found = plan(dense(), x, pairs=PAIRS, iterations=4)
    for one in found.maps[1:]:
        changes = []
        for pair in one.options:
            others = {name: {"v": 1, "c": 16} for name in found.per_layer}
            others |= {reader: {"v": pair.v, "c": pair.c} for reader in one.readers}
            made = convert(dense(), x, per_layer=others, iterations=2)
            changes.append((made(x) - want).square().mean().item())
        losses = [pair.loss for pair in one.options]
        assert changes.index(max(changes)) == losses.index(max(losses))
        assert changes.index(min(changes)) == losses.index(min(losses))


def test_the_table_says_what_was_chosen_and_why():
    found = planned(max_table_bytes=60000)
    console = Console(record=True, width=160)
    with console.capture() as text:
        console.print(found.table())
    shown = text.get()
    for word in ("input", "read by", "if cheapest", "if best", f"{found.table_bytes:,} of 60,000"):
        assert word in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": []}, "pairs is empty: give"),
        ({"pairs": [(4, 12)]}, r"pairs holds \(4, 12\): it must be \(v, c\), v 1 or more, c a power of two"),
        ({"max_table_bytes": 0}, "a budget is 0: it must be 1 or more, or None"),
        ({"max_table_bytes": 1000}, r"no choice is within the limits: .* of 1,000: raise the limits or offer"),
        ({"metric": "cosine"}, "metric is 'cosine'"),
    ],
)
def test_unusable_arguments_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        planned(**options)
