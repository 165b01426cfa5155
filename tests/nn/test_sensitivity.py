"""Squared gradients of the loss with respect to activations: against autograd of the model itself."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lutdla import models
from lutdla.errors import InputError
from lutdla.nn import Normalize, kmeans
from lutdla.nn.dense import folded_weights, run_dense
from lutdla.nn.first_layer import input_layout
from lutdla.nn.graph import read_network
from lutdla.nn.layers import Affine, QuantizeInput
from lutdla.nn.sensitivity import map_sensitivity, result_sensitivity
from lutdla.spec.frame_layout import FrameLayout


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trained_like(model, shape):
    """Batch norm with statistics, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 2)
                nn.init.normal_(module.bias, 0, 0.3)
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(random(16, *shape))
    return model.eval()


@pytest.mark.parametrize("name", ["resnet8", "vgg_small", "lenet5", "kws"])
def test_the_steps_compute_what_the_model_does(name):
    shape = models.MODELS[name].input_shape
    model, x = trained_like(models.build(name), shape), random(5, *shape, seed=1)
    network = read_network(model, shape)
    dense = run_dense(network, x, folded_weights(network))
    torch.testing.assert_close(dense.results[network.steps[-1]].flatten(1), model(x), rtol=1e-4, atol=1e-5)


def test_a_map_holds_what_comes_before_its_activation():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.GELU(), nn.AvgPool2d(2), nn.Conv2d(8, 6, 3, padding=1),
                          nn.MaxPool2d(2), nn.LeakyReLU(0.1), nn.Flatten(), nn.Linear(24, 4))
    x = random(3, 3, 10, 10)
    network = read_network(model, (3, 10, 10))
    dense = run_dense(network, x, folded_weights(network))
    torch.testing.assert_close(dense.results[network.steps[-1]].flatten(1), model(x))
    torch.testing.assert_close(dense.maps[network.steps[0]], model[0](x))
    torch.testing.assert_close(dense.maps[network.steps[1]], model[:5](x))


def test_gradients_are_those_of_each_image_alone():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5))
    x, labels = random(3, 1, 8, 8), torch.tensor([4, 0, 2])
    found = map_sensitivity(read_network(model, (1, 8, 8)), x, labels, average="none", damping=0)
    assert list(found) == ["input", "0"]
    for i in range(3):
        image = x[i : i + 1].clone().requires_grad_()
        middle = model[:3](image)
        middle.retain_grad()
        F.cross_entropy(model[3:](middle), labels[i : i + 1]).backward()
        torch.testing.assert_close(found["input"][i], image.grad[0].square())
        torch.testing.assert_close(found["0"][i], middle.grad[0].square())


def test_an_average_is_of_images():
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 6))
    network, x, labels = read_network(model, (2, 8, 8)), random(200, 2, 8, 8), torch.arange(200) % 5
    whole, images = (map_sensitivity(network, x, labels, average=over, damping=0)["0"] for over in ("none", "images"))
    assert whole.shape == images.shape == (200, 4, 6, 6)
    torch.testing.assert_close(images[7], whole.mean(dim=0))


def test_damping_adds_a_part_of_the_mean():
    model, x = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 6)), random(9, 2, 8, 8)
    network = read_network(model, (2, 8, 8))
    plain, damped = (map_sensitivity(network, x, average="none", damping=share)["0"] for share in (0, 2))
    torch.testing.assert_close(damped, plain + 2 * plain.mean())


def test_results_of_the_last_step_are_the_logits():
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 3))
    x, labels = random(10, 12), torch.arange(10) % 3
    found = result_sensitivity(read_network(model, (12,)), x, labels)
    error = model(x).softmax(1) - F.one_hot(labels, 3)
    torch.testing.assert_close(found["3"].flatten(1), error.square())
    assert found["1"].shape == (10, 6, 1, 1)


def test_without_labels_the_weights_are_the_fisher_information():
    """Of one linear layer it is known: the diagonal of W' (diag p - p p') W."""
    layer = nn.Linear(4, 3)
    x = random(1, 4).repeat(20000, 1)
    found = map_sensitivity(read_network(nn.Sequential(layer), (4,)), x, damping=0)["input"][0].flatten()
    p, w = layer(x[:1]).softmax(1)[0].detach(), layer.weight.detach()
    want = (w.T @ (p.diag() - p[:, None] * p) @ w).diagonal()
    torch.testing.assert_close(found, want, rtol=0.05, atol=0)
    again = map_sensitivity(read_network(nn.Sequential(layer), (4,)), x[:50])["input"]
    assert torch.equal(again, map_sensitivity(read_network(nn.Sequential(layer), (4,)), x[:50])["input"])
    assert not torch.equal(again, map_sensitivity(read_network(nn.Sequential(layer), (4,)), x[:50], seed=1)["input"])


def test_an_autoencoder_has_squared_errors():
    model, x = nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 5)).eval(), random(6, 5)
    network = read_network(model, (5,))
    found = result_sensitivity(network, x, x, loss="squared_error")["2"].flatten(1)
    torch.testing.assert_close(found, (model(x) - x).square())
    drawn = result_sensitivity(network, random(4000, 5), loss="squared_error")["2"].mean(dim=0).flatten()
    torch.testing.assert_close(drawn, torch.ones(5), rtol=0.1, atol=0)


def test_weights_fit_the_map_behind_normalize_and_space_to_depth():
    model = nn.Sequential(Normalize(10, 50), nn.Conv2d(1, 4, 4, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 4))
    network, x = read_network(model, (1, 8, 8)), torch.arange(2 * 64).view(2, 1, 8, 8)

    layout = input_layout(network, 4, "space_to_depth")
    quantizer = QuantizeInput(Affine(1.0, -128), (1, 8, 8), layout)
    assert isinstance(layout, FrameLayout)
    dense = run_dense(network, x, folded_weights(network), quantizer=quantizer)
    torch.testing.assert_close(dense.results[network.steps[-1]].flatten(1), model(x).flatten(1))
    found = map_sensitivity(network, x, torch.tensor([0, 1]), quantizer=quantizer)
    assert found["input"].shape == quantizer(x).shape == (2, 4, 4, 4)


def test_weighted_codebooks_spend_centroids_where_the_loss_looks():
    """Where tanh saturates, an error hardly matters: a codebook that knows it keeps the other vectors better."""
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 3))
    with torch.no_grad():
        model[0].weight.fill_(1 / 20)
    x = (random(3000, 1) * 40).round().clamp(-128, 127)
    network = read_network(model, (1,))
    errors = []
    for damping in (None, 0.0, 0.1):
        weights = None
        if damping is not None:
            weights = map_sensitivity(network, x, average="none", damping=damping)["input"].flatten(1)[None]
        books, _ = kmeans(x[None], 16, weights=weights)
        nearest = torch.cdist(x, books[0]).argmin(dim=1)
        errors.append((model(x) - model(books[0][nearest])).square().mean().item())
    assert errors[1] < 0.8 * errors[0]
    assert errors[2] < 0.8 * errors[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": torch.zeros(2, 5)}, r"images have shape \(2, 5\): the model was read for"),
        ({"labels": torch.zeros(3)}, r"labels have shape \(3,\) and type torch.float32: they must be integers \(2,\)"),
        ({"labels": torch.tensor([0, 3])}, r"labels are 0..3: the model has 3 classes, 0..2"),
        ({"labels": torch.zeros(2, 4), "loss": "squared_error"}, r"for squared_error they are results \(2, 3\)"),
        ({"loss": "hinge"}, "loss is 'hinge': use one of cross_entropy, squared_error"),
        ({"damping": -1}, "damping is -1: it must be 0 or more"),
        ({"average": "all"}, "average is 'all': use one of none, images"),
        ({"images": torch.full((2, 4), float("nan"))}, "the model gives NaN or infinity: clean its inputs"),
    ],
)
def test_unusable_arguments_are_refused(arguments, message):
    network = read_network(nn.Sequential(nn.Linear(4, 3)), (4,))
    with pytest.raises(InputError, match=message):
        map_sensitivity(network, **({"images": torch.zeros(2, 4)} | arguments))


def test_a_layer_with_the_name_of_the_input_is_refused():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.input = nn.Linear(4, 3)

        def forward(self, x):
            return self.input(x)

    with pytest.raises(InputError, match="a layer is called 'input', as the input map is: rename the layer"):
        map_sensitivity(read_network(Named(), (4,)), torch.zeros(2, 4))
