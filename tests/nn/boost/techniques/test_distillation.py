import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from lutdla.errors import InputError
from lutdla.nn import LUTBoost, Stage, predict
from lutdla.nn.boost import Distillation, Examples
from tests.nn.boost.runs import part, trained
from tests.nn.small import dense, examples

STAGE = Stage("joint", 2, 0.2, 1e-3)


def test_it_draws_the_answers_to_the_teacher():
    images, labels = examples()[:2]
    wanted = predict(dense(), images)

    def agreement(share):
        network = trained(Distillation(share, teacher=dense()), stage=STAGE, data=(images, 9 - labels))  # labels lie
        return float((predict(network, images) == wanted).float().mean())

    assert agreement(1.0) > 0.6 > agreement(0.0)


def test_answers_computed_once_and_batch_by_batch_teach_the_same():
    images, labels = part(512)
    order = torch.randperm(512, generator=torch.Generator().manual_seed(0))
    found = []
    for data in ((images, labels), Examples(images, labels, augment=lambda batch: batch.clone()),
                 DataLoader(TensorDataset(images[order], labels[order]), batch_size=256)):
        network = trained(Distillation(teacher=dense()), data=data)
        found.append(network.get_submodule("2").weight.detach())
    untaught = trained(data=(images, labels)).get_submodule("2").weight.detach()
    for weight in found[1:]:  # the teacher's answers differ in their last bits, which may move a rounding here or there
        assert (weight - found[0]).abs().mean() < 0.01 * (untaught - found[0]).abs().mean()


def test_the_dense_network_is_the_teacher_by_default():
    boost = LUTBoost(dense(), stages=[STAGE], techniques=[Distillation(1.0)], convert_options={"iterations": 1})
    network = boost.fit((part(1000)[0], 9 - part(1000)[1]))
    assert (predict(network, examples()[2]) == predict(dense(), examples()[2])).float().mean() > 0.6


def test_training_further_needs_a_teacher():
    with pytest.raises(InputError, match="distillation has no teacher: this network was not made of a dense one here"):
        trained(Distillation())


@pytest.mark.parametrize(("settings", "message"), [
    ({"share": 2}, "distillation is 2: it is a share, 0..1"),
    ({"temperature": 0}, "distillation's temperature is 0: it must be positive"),
])  # fmt: skip
def test_unusable_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Distillation(**settings)
