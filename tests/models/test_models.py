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
from lutdla.nn.train import logits
from lutdla.reference import Reference
from lutdla.spec.config import CoreConfig
from tests.compiler.test_export import quantized

CORE = CoreConfig(ports=9, blocks=4, lanes=16, encoders=4, table_rows=4096, index_words=4096, accumulator_rows=64,
                  constant_rows=128, codebook_rows=128, window_rows=64, value_rows=1024)


def inputs(name):
    """Calibration inputs of the right shape: real images where the model takes grey ones of their size."""
    info = models.MODELS[name]
    if info.input_shape == (1, 28, 28):
        return torch.tensor(load("fashion-mnist").train_images[:24])[:, None]
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


@pytest.mark.parametrize("name", ["lenet5", "kws", "autoencoder", "resnet8"])
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
    with pytest.raises(InputError, match="no model is called 'alexnet': known are lenet5, resnet8"):
        models.build("alexnet")
