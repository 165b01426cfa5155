import copy

import pytest
import torch
from torch import nn

from lutdla.errors import CompileError, InputError
from lutdla.nn import LUTBoost, Stage, accuracy, predict, train_dense
from lutdla.nn.lut_layer import lut_layers
from lutdla.spec.config import METRICS
from tests.nn.small import boosted, dense, examples

PARAMETERS = ("weight", "bias", "codebooks", "correction")


@pytest.fixture(scope="module")
def replaced():
    return LUTBoost(calibration=1000, convert_options={"iterations": 4}).replace(dense(), examples()[0])


def parameters(network):
    return {f"{name}.{p}": getattr(layer, p).detach().clone() for name, layer in lut_layers(network).items()
            for p in PARAMETERS}


@pytest.mark.parametrize(
    ("stage", "learns"),
    [
        (Stage("centroids", 1, 0.5, reconstruction=0.1), {"codebooks"}),
        (Stage("joint", 1, 0.2, 1e-3, 1e-3), set(PARAMETERS)),
        (Stage("tables", 1, 0, 0, 1e-3), {"correction"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_stage_moves_what_it_says_and_nothing_else(replaced, stage, learns):
    network = copy.deepcopy(replaced)
    before = parameters(network)
    LUTBoost().train(network, stage, *(part[:1000] for part in examples()[:2]))
    moved = {name for name, value in parameters(network).items() if not torch.equal(value, before[name])}
    assert moved == {f"{layer}.{p}" for layer in ("2", "4", "6") for p in learns}


def test_stages_improve_the_network(replaced):
    images, labels, test_images, test_labels = examples()
    network = copy.deepcopy(replaced)
    reached = [accuracy(network, test_images, test_labels)]
    boost = LUTBoost(batch=128)
    for stage in (Stage("centroids", 1, 0.5, reconstruction=0.1), Stage("joint", 3, 0.2, 1e-3, 1e-3)):
        boost.train(network, stage, images, labels)
        reached.append(accuracy(network, test_images, test_labels))
    assert reached[0] < reached[1] < reached[2]
    assert reached[2] > accuracy(dense(), test_images, test_labels) - 0.05


def test_reconstruction_brings_the_product_closer(replaced):
    """Trained for nothing else, centroids must lower the error of the product on images not seen."""
    network = copy.deepcopy(replaced)
    images, labels, test_images, _ = examples()

    def error():
        for layer in lut_layers(network).values():
            layer.reconstruct = True
        network(test_images)
        return sum(float(layer.reconstruction.detach()) for layer in lut_layers(network).values())

    before = error()
    LUTBoost().train(network, Stage("centroids", 1, 0.3, reconstruction=1000.0), images, labels)
    assert error() < before


def test_progress_is_told_every_batch(replaced):
    told = []
    LUTBoost(batch=100).train(copy.deepcopy(replaced), Stage("centroids", 2, 0.1), *(p[:350] for p in examples()[:2]),
                              progress=lambda *news: told.append(news))
    assert [(stage, done, total) for stage, done, total, _ in told] == [("centroids", i, 6) for i in range(1, 7)]
    assert all(loss > 0 for *_, loss in told)


@pytest.mark.parametrize(("averaging", "kept"), [(0.0, (0.0, 0.0)), (0.1, (1 / 11, 0.1)), (0.99, (1 / 11, 2 / 12))])
def test_a_stage_ends_with_the_average_of_what_it_went_through(replaced, averaging, kept):
    network, seen = copy.deepcopy(replaced), []
    layer = network.get_submodule("2")
    want = layer.codebooks.detach().clone()
    LUTBoost(averaging=averaging).train(network, Stage("centroids", 1, 0.5), *(part[:512] for part in examples()[:2]),
                                        progress=lambda *_: seen.append(layer.codebooks.detach().clone()))
    assert len(seen) == 2
    for now, keep in zip(seen, kept):
        want = keep * want + (1 - keep) * now
    torch.testing.assert_close(layer.codebooks.detach(), want)


def test_a_seed_decides_everything(replaced):
    def codebooks(seed):
        network = copy.deepcopy(replaced)
        LUTBoost(seed=seed).train(network, Stage("joint", 1, 0.2, 1e-3, 1e-3), *(p[:1000] for p in examples()[:2]))
        return network.get_submodule("2").codebooks

    assert torch.equal(codebooks(1), codebooks(1))
    assert not torch.equal(codebooks(1), codebooks(2))


def test_distillation_draws_the_answers_to_the_teacher(replaced):
    images, labels = examples()[:2]
    teacher = dense()(images).detach()

    def agreement(distillation):
        network = copy.deepcopy(replaced)
        LUTBoost(distillation=distillation, label_smoothing=0).train(
            network, Stage("joint", 2, 0.2, 1e-3), images, 9 - labels, teacher=teacher)  # labels that contradict it
        return float((predict(network, images) == teacher.argmax(1)).float().mean())

    assert agreement(1.0) > 0.6 > agreement(0.0)


@pytest.mark.parametrize("metric", METRICS)
def test_all_metrics_train(metric):
    _, _, test_images, test_labels = examples()
    network = boosted(metric=metric)
    assert all(layer.frozen and layer.metric.name == metric for layer in lut_layers(network).values())
    assert accuracy(network, test_images, test_labels) > accuracy(dense(), test_images, test_labels) - 0.08


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
    images, test_images = images[:2000, None].float() / 255, test_images[:, None].float() / 255
    labels = labels[:2000]
    model = Small()
    train_dense(model, images, labels, epochs=4)
    boost = LUTBoost(batch=100, calibration=200, convert_options={"iterations": 3})
    network = boost.replace(model, images)
    replaced, before = accuracy(network, test_images, test_labels), parameters(network)
    boost.train(network, Stage("joint", 3, 0.2, 1e-3, 1e-3, reconstruction=0.1), images, labels)
    moved = {name for name, value in parameters(network).items() if not torch.equal(value, before[name])}
    assert moved == set(before)
    block = network.get_submodule("b")
    assert block.codebooks is block.shortcut.codebooks
    assert block.shortcut.weight.grad.abs().sum() > 0
    trained = accuracy(network, test_images, test_labels)
    assert trained > replaced
    assert trained > accuracy(model, test_images, test_labels) - 0.1


def test_an_unsupported_model_is_refused_before_training():
    def never(*news):
        raise AssertionError("training has begun")

    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.Tanh(), nn.Linear(8, 10))
    with pytest.raises(CompileError, match=r"layer 2 \(Tanh\)"):
        LUTBoost().run(model, *examples()[:2], progress=never)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: LUTBoost(distillation=2), "distillation is 2: it is a share, 0..1"),
        (lambda: LUTBoost(averaging=1), "averaging is 1: it must be 0 or more and less than 1"),
        (lambda: LUTBoost(temperature=0), "temperature is 0: it must be positive"),
        (lambda: Stage("x", -1, 0.1), "stage x: epochs is -1: it must not be negative"),
        (lambda: LUTBoost().train(boosted(), Stage("x", 1, 0.1), *examples()[:2]), "layer 2 is frozen: train before"),
        (lambda: train_dense(dense(), examples()[0], examples()[1][:5]), "6000 images and 5 labels: there must be as"),
        (lambda: train_dense(dense(), *(p[:0] for p in examples()[:2])), "dense: 0 examples, batch 128, 15 epochs"),
    ],
)
def test_unusable_settings_are_refused(work, message):
    with pytest.raises(InputError, match=message):
        work()


def test_nothing_to_train_is_refused(replaced):
    with pytest.raises(InputError, match="stage x: all rates are 0: there is nothing to train"):
        LUTBoost().train(copy.deepcopy(replaced), Stage("x", 1, 0), *examples()[:2])
