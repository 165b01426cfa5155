import numpy as np
import pytest
import torch

from lutdla import models
from lutdla.compiler import compile
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.export import integer_network
from lutdla.data import load
from lutdla.errors import InputError
from lutdla.nn import convert, freeze
from lutdla.nn.graph import read_network
from lutdla.nn.train import logits
from lutdla.reference import Reference
from lutdla.spec.config import CoreConfig
from tests.compiler.test_export import quantized

CORE = CoreConfig(ports=9, blocks=4, lanes=16, encoders=4, table_rows=4096, index_words=4096, accumulator_rows=64,
                  constant_rows=128, codebook_rows=128, window_rows=64, value_rows=1024)


def inputs(name):
    """Calibration inputs of the right shape: real images where the model takes grey ones of their size."""
    info = models.MODELS[name]
    if info.input_shape[-2:] == (28, 28):
        return torch.tensor(load("fashion-mnist").train_images[:24]).reshape(24, *info.input_shape)
    return torch.randn(24, *info.input_shape, generator=torch.Generator().manual_seed(0))


def frozen(name):
    made = convert(models.build(name), inputs(name), iterations=1)
    freeze(made)
    return made


@pytest.mark.parametrize("name", models.MODELS)
def test_torch_and_the_exported_integers_agree(name):
    torch.set_num_threads(1)
    made, x = frozen(name), inputs(name)[:1]
    network = integer_network(made)
    raw = evaluate(network, quantized(network, x), "l2")
    results = raw.astype(np.float32) * network.output_scale + network.output_bias
    np.testing.assert_array_equal(results, logits(made, x).numpy())
    assert results.shape == (1, models.MODELS[name].outputs)
    assert len(np.unique(results)) > 5


@pytest.mark.parametrize("name", ["mlp", "lenet5", "kws", "autoencoder", "resnet8"])
def test_the_reference_runs_the_artefact_as_torch_does(name):
    made, x = frozen(name), inputs(name)[:1]
    artefact = compile(made, CORE)
    raw = Reference(CORE, artefact.image).run(artefact.frames(artefact.quantize(x.numpy())))[:1]
    np.testing.assert_array_equal(artefact.dequantize(raw), logits(made, x).numpy())


def test_the_topologies_are_those_of_the_benchmarks():
    assert len(integer_network(frozen("autoencoder")).layers) == 10
    network = integer_network(frozen("resnet8"))
    assert len(network.layers) == 8  # stem, two in each of three stages (shortcuts are in them), head
    assert [layer.shortcut is not None for layer in network.layers] == [False] * 4 + [True, False, True, False]
    assert [layer.residual for layer in network.layers] == [None, None, "stem.0", *[None] * 5]
    assert network.layers[-1].operand.average == (8, 8)


def test_a_seed_decides_the_weights():
    first, again, other = (models.build("kws", seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_an_unknown_model_is_refused():
    with pytest.raises(InputError, match="no model is called 'alexnet': known are mlp, lenet5, resnet8"):
        models.build("alexnet")


@pytest.mark.parametrize(
    ("name", "shape", "classes", "widths"),
    [
        ("resnet8", (1, 28, 28), 10, (28, 14, 7)),
        ("resnet20", (1, 28, 28), 7, (28, 14, 7)),
        ("vgg_small", (1, 28, 28), 10, (28, 14, 7, 3)),
        ("lenet5", (3, 32, 32), 5, (32, 16, 12, 6)),
        ("lenet5", (1, 12, 12), 10, (12, 6, 2, 1)),
        ("kws", (1, 61, 13), 35, (6, 3, 1)),
        ("mlp", (8, 8), 4, ()),
    ],
)
def test_networks_take_other_inputs_and_classes(name, shape, classes, widths):
    model = models.build(name, shape=shape, classes=classes)
    network, seen = read_network(model, shape), set()
    for module in model.modules():
        module.register_forward_hook(lambda _, given, result: seen.add(result.shape[-1]) if result.ndim == 4 else None)
    assert model(torch.zeros(2, *shape)).shape == (2, classes)
    assert seen >= set(widths)
    assert network.steps[-1].channels == classes


def test_layers_of_an_mlp_and_a_vgg_are_options():
    sizes = [m.out_features for m in models.build("mlp", hidden=(32, 16)).modules() if isinstance(m, torch.nn.Linear)]
    assert sizes == [32, 16, 10]
    images = torch.full((1, 28, 28), 255, dtype=torch.uint8)
    assert torch.equal(models.build("mlp")(images), models.build("mlp")(images.float()))
    assert models.build("vgg_small", channels=(8,), shape=(1, 6, 6))(torch.zeros(1, 1, 6, 6)).shape == (1, 10)
    assert models.build("shuttle_autoencoder")(torch.zeros(3, 9)).shape == (3, 9)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("vgg_small", {"shape": (1, 7, 28)}, "vgg_small cannot take maps of 7 x 28 pixels: halving 3 times needs 8 x"),
        ("resnet8", {"shape": (3, 2, 2)}, "resnet8 cannot take maps of 2 x 2 pixels: halving twice needs 4 x 4 or"),
        ("lenet5", {"shape": (1, 28, 11)}, "lenet5 cannot take maps of 28 x 11 pixels: two 5 x 5 convolutions with po"),
        ("kws", {"shape": (1, 49, 1)}, "kws cannot take maps of 49 x 1 pixels: the first kernel, 10 x 4 with padd"),
        ("lenet5", {"shape": (28, 28)}, r"of shape \(28, 28\): it takes \(channels, height, width\), as \(1, 28, 28\)"),
        ("mlp", {"shape": (784,)}, r"mlp cannot take inputs of shape \(784,\): it takes \(height, width\), as \(28, 2"),
        ("autoencoder", {"shape": (0,)}, r"autoencoder cannot take inputs of shape \(0,\): it takes \(values,\)"),
        ("autoencoder", {"classes": 3}, r"autoencoder has no classes \(3 were asked for\): it gives as many values"),
        ("mlp", {"classes": 0}, "mlp cannot have 0 classes: it needs 1 or more"),
        ("mlp", {"hidden": (8, 0)}, r"mlp has hidden=\(8, 0\): each must be 1 or more"),
        ("resnet8", {"width": 2}, "resnet8 has no option 'width': known are none"),
        ("vgg_small", {"hidden": (2,)}, "vgg_small has no option 'hidden': known are channels"),
    ],
)
def test_what_a_network_cannot_be_is_refused(name, given, message):
    with pytest.raises(InputError, match=message):
        models.build(name, **given)
