"""Stages and settings of LUTBoost."""

import copy

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lutdla.errors import CompileError, InputError
from lutdla.nn import LUTBoost, Stage, accuracy, train_dense
from lutdla.nn.boost import Averaging, Classification, Regression
from lutdla.nn.lut_layer import lut_layers
from lutdla.spec.config import METRICS
from tests.nn.small import boosted, dense, examples, replaced, untrained

PARAMETERS = ("weight", "bias", "codebooks", "correction")
JOINT = Stage("joint", 1, 0.2, 1e-3, 1e-3)


def parameters(network):
    return {f"{name}.{p}": getattr(layer, p).detach().clone() for name, layer in lut_layers(network).items()
            for p in PARAMETERS}


def part(count):
    return tuple(tensor[:count] for tensor in examples()[:2])


def trained(stage, data, **settings):
    """A copy of the replaced network after one stage, not frozen."""
    return LUTBoost(copy.deepcopy(replaced()), stages=[stage], **settings).fit(data, freeze_at_end=False)


@pytest.mark.parametrize(
    ("stage", "learns"),
    [(Stage("centroids", 1, 0.5), {"codebooks"}), (JOINT, set(PARAMETERS)),
     (Stage("tables", 1, 0, 0, 1e-3), {"correction"})],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_a_stage_moves_what_it_says_and_nothing_else(stage, learns):
    before = parameters(replaced())
    moved = {name for name, value in parameters(trained(stage, part(1000))).items()
             if not torch.equal(value, before[name])}
    assert moved == {f"{layer}.{p}" for layer in ("2", "4", "6") for p in learns}


def test_what_is_outside_of_lookup_layers_learns_by_its_own_rate():
    for rate, learns in ((0.0, False), (1e-2, True)):
        mixed = nn.Sequential(copy.deepcopy(replaced()), nn.LayerNorm(10))
        network = LUTBoost(mixed, stages=[Stage("joint", 1, 0.2, dense_rate=rate)]).fit(part(512), freeze_at_end=False)
        assert network is mixed
        assert torch.equal(network[1].weight, torch.ones(10)) is not learns


def test_stages_improve_the_network():
    images, labels, *test = examples()
    reached = [accuracy(replaced(), *test)]
    boost = LUTBoost(dense(), stages=(Stage("centroids", 1, 0.5), Stage("joint", 3, 0.2, 1e-3, 1e-3)), batch=128,
                     calibration=1000, convert_options={"iterations": 4})
    network = boost.fit((images, labels), validation=test)
    rows = boost.history.rows
    reached += [rows[0]["validation"], rows[-1]["validation"]]
    assert reached[0] < reached[1] < reached[2]
    assert reached[2] > accuracy(dense(), *test) - 0.05
    assert accuracy(network, *test) == pytest.approx(reached[2])
    assert network is boost.network
    assert all(layer.frozen for layer in lut_layers(network).values())


def test_the_model_is_not_changed():
    model = copy.deepcopy(dense()).train()
    LUTBoost(model, stages=[JOINT], convert_options={"iterations": 0}).fit(part(512))
    assert all(torch.equal(value, dense().state_dict()[name]) for name, value in model.state_dict().items())
    assert model.training


def test_progress_is_told_every_batch():
    told = []
    LUTBoost(copy.deepcopy(replaced()), stages=[Stage("centroids", 2, 0.1)], batch=100).fit(
        part(350), progress=lambda *news: told.append(news))
    assert [(stage, done, total) for stage, done, total, _ in told] == [("centroids", i, 6) for i in range(1, 7)]
    assert all(loss > 0 for *_, loss in told)


def test_a_seed_decides_everything():
    def codebooks(seed):
        return trained(JOINT, part(1000), seed=seed).get_submodule("2").codebooks

    assert torch.equal(codebooks(1), codebooks(1))
    assert not torch.equal(codebooks(1), codebooks(2))


def test_training_leaves_the_global_random_state_alone():
    torch.manual_seed(5)
    want = torch.rand(1)
    torch.manual_seed(5)
    trained(JOINT, part(512))
    assert torch.equal(torch.rand(1), want)


def test_a_loader_in_order_trains_as_tensors_in_that_order_do():
    images, labels = part(1024)
    order = torch.randperm(1024, generator=torch.Generator().manual_seed(0))
    loader = DataLoader(TensorDataset(images[order], labels[order]), batch_size=256)
    by_tensors, by_loader = (parameters(trained(JOINT, data)) for data in ((images, labels), loader))
    assert all(torch.equal(by_tensors[name], value) for name, value in by_loader.items())


def test_a_stage_may_have_its_own_batch():
    told = []
    stages = [Stage("a", 1, 0.1, batch=100), Stage("b", 1, 0.1)]
    LUTBoost(copy.deepcopy(replaced()), stages=stages, batch=50).fit(part(300), progress=lambda *n: told.append(n[:3]))
    assert told[2] == ("a", 3, 3)
    assert told[-1] == ("b", 6, 6)


@pytest.mark.parametrize("metric", METRICS)
def test_all_metrics_train(metric):
    network, test = boosted(metric=metric), examples()[2:]
    assert all(layer.frozen and layer.metric.name == metric for layer in lut_layers(network).values())
    assert accuracy(network, *test) > accuracy(dense(), *test) - 0.1


class Small(nn.Module):
    """A stem, a block with a residual, one with a shortcut; average pooling and a head."""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b = (nn.Conv2d(*sizes, padding=1) for sizes in ((1, 8, 3, 4), (8, 8, 3), (8, 12, 3, 2)))
        self.short, self.norm, self.head = nn.Conv2d(8, 12, 1, 2), nn.BatchNorm2d(12), nn.Linear(12, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(x + self.a(x))
        return self.head(torch.relu(self.norm(self.b(x)) + self.short(x)).mean((2, 3)))


def test_convolutional_networks_train_through_the_same_stages():
    torch.manual_seed(0)
    images, labels, test_images, test_labels = examples()
    images, labels, test = images[:2000, None].float() / 255, labels[:2000], (test_images[:, None] / 255, test_labels)
    model = Small()
    train_dense(model, images, labels, epochs=4)
    boost = LUTBoost(model, stages=[Stage("joint", 3, 0.2, 1e-3, 1e-3)], batch=100, calibration=200,
                     convert_options={"iterations": 3})
    start = boost.replace((images, labels))
    network = boost.fit((images, labels), freeze_at_end=False)
    moved = {name for name, value in parameters(network).items() if not torch.equal(value, parameters(start)[name])}
    assert moved == set(parameters(network))
    block = network.get_submodule("b")
    assert block.codebooks is block.shortcut.codebooks
    assert block.shortcut.weight.grad.abs().sum() > 0
    reached = accuracy(network, *test)
    assert reached > accuracy(start, *test)
    assert reached > accuracy(model, *test) - 0.1


def test_networks_without_classes_train_too():
    torch.manual_seed(0)
    images = examples()[0][:1000].flatten(1).float() / 255
    model = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 784))
    train = LUTBoost(model, stages=[Stage("joint", 2, 0.2, 1e-3, 1e-3)], task=Regression(), batch=100,
                     convert_options={"iterations": 1})
    train.fit((images, images), validation=(images[:100], images[:100]))
    first, last = train.history.rows
    assert last["loss"] < first["loss"]
    assert first["validation"] < last["validation"] < 0
    assert train.history.score == "negative squared error"


def test_an_unsupported_model_is_refused_before_training():
    def never(*news):
        raise AssertionError("training has begun")

    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.Softmax(1), nn.Linear(8, 10))
    with pytest.raises(CompileError, match=r"layer 2 \(Softmax\)"):
        LUTBoost(model).fit(examples()[:2], progress=never)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: LUTBoost(dense(), batch=0), "batch is 0: it must be at least 1"),
        (lambda: LUTBoost(boosted()), "layer 2 is frozen: train before freeze"),
        (lambda: LUTBoost(copy.deepcopy(replaced())).replace(part(9)), "holds lookup layers already"),
        (lambda: Averaging(1), "averaging keeps 1: it must be 0 or more and less than 1"),
        (lambda: Classification(1.5), "label_smoothing is 1.5: it is a share"),
        (lambda: Stage("x", -1, 0.1), "stage x: epochs is -1: it must not be negative"),
        (lambda: Stage("x", 1, -0.1), "stage x: centroid_rate is -0.1: it must not be negative"),
        (lambda: Stage("x", 1, 0.1, batch=0), "stage x: batch is 0: it must be at least 1"),
        (lambda: trained(Stage("x", 1, 0), part(9)), "stage x: all rates are 0: there is nothing to train"),
        (lambda: train_dense(dense(), examples()[0], examples()[1][:5]), "6000 images and 5 labels: there must be as"),
        (lambda: train_dense(dense(), *part(0)), "0 examples: give at least one"),
        (lambda: LUTBoost(dense()).fit(part(9), resume=True), "resume=True without a checkpoint"),
        (lambda: train_dense(untrained(), *part(512), rate=1e38), "stage dense: the loss of epoch 1 is nan: use lower"),
    ],
)
def test_unusable_settings_are_refused(work, message):
    with pytest.raises(InputError, match=message):
        work()
