import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import Stage, accuracy
from lutdla.nn.boost import GradualReplacement, Technique
from lutdla.nn.lut_layer import lut_layers
from tests.nn.boost.runs import part, trained
from tests.nn.small import dense, examples, replaced

STAGE = Stage("joint", 2, 0.2, 1e-3, 1e-3)
seen = []


class Watching(Technique):
    """Keeps which layers encode in each step."""

    NAME, ORDER = "watching", 99

    def before_step(self, run):
        seen.append([not layer.bypass for layer in run.layers.values()])


@pytest.mark.parametrize("over", [0.0, 0.5, 1.0])
def test_layers_start_to_encode_one_after_the_other(over):
    seen.clear()
    network = trained(GradualReplacement(over), Watching(), stage=STAGE, data=part(1024), batch=128)
    counts = [sum(step) for step in seen]
    assert len(counts) == 16
    assert counts == sorted(counts)
    assert all(step == sorted(step, reverse=True) for step in seen)  # from the input on
    assert (counts[0], counts[-1]) == ((3, 3) if over == 0 else (1, 3) if over < 1 else (1, 2))
    assert over != 0.5 or (counts[7], counts[8]) == (2, 3)
    assert not any(layer.bypass for layer in lut_layers(network).values())


def test_a_layer_not_replaced_computes_the_dense_one():
    network, (images, labels) = replaced(), examples()[2:]
    try:
        for layer in lut_layers(network).values():
            layer.bypass = True
        assert accuracy(network, images, labels) == pytest.approx(accuracy(dense(), images, labels), abs=0.005)
        torch.testing.assert_close(network(images), dense()(images), rtol=0.05, atol=0.3)
    finally:
        for layer in lut_layers(network).values():
            layer.bypass = False


def test_codebooks_are_found_again_when_a_layer_is_replaced():
    frozen = Stage("tables", 1, 0, 0, 1e-6)
    again, kept = (trained(GradualReplacement(0.0, recluster=choice), stage=frozen) for choice in (True, False))
    assert torch.equal(kept.get_submodule("4").codebooks, replaced().get_submodule("4").codebooks)
    assert not torch.equal(again.get_submodule("4").codebooks, replaced().get_submodule("4").codebooks)
    assert accuracy(again, *examples()[2:]) > accuracy(replaced(), *examples()[2:]) - 0.05


@pytest.mark.parametrize(("settings", "message"), [
    ({"over": 1.5}, "gradual replacement goes over 1.5 of a stage: it is a share, 0..1"),
    ({"iterations": -1}, "gradual replacement has iterations -1: it must not be negative"),
])  # fmt: skip
def test_unusable_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        GradualReplacement(**settings)
