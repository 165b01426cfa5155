import copy
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from lutdla.compiler import compile
from lutdla.compiler.evaluate import evaluate
from lutdla.compiler.export import integer_network
from lutdla.errors import CompileError
from lutdla.models import build
from lutdla.nn import QuantizeInput, convert, freeze, predict
from lutdla.nn.layers import Affine
from lutdla.nn.lut_layer import lut_layers
from lutdla.nn.train import logits
from lutdla.reference import Reference
from lutdla.spec.artefact import Artefact
from lutdla.spec.config import METRICS as NAMES
from lutdla.spec.config import CoreConfig
from tests.nn.small import boosted, dense, examples, untrained

IMAGES = torch.randint(0, 256, (100, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("metric", NAMES)
def test_artefact_predicts_what_training_reported_for_every_image(metric, tmp_path):
    """0 differences between the torch network, a direct evaluation of the exported integers, and the reference."""
    model, config = boosted(metric=metric), CoreConfig(metric=metric)
    images = examples()[2]
    path = compile(model, config, {"seed": 0}).save(tmp_path / "net.lut")
    artefact = Artefact.load(path)
    values = artefact.quantize(images.numpy())
    network = integer_network(model)
    raw = evaluate(network, values, metric)
    results = artefact.dequantize(raw.astype(np.int32))
    np.testing.assert_array_equal(results, logits(model, images).numpy())
    np.testing.assert_array_equal(results.argmax(axis=1), predict(model, images).numpy())
    few = Reference(config, artefact.image).run(artefact.frames(values[:10]))
    np.testing.assert_array_equal(few[:10, :10], raw[:10])
    assert len(np.unique(results.argmax(axis=1))) == 10
    assert artefact.provenance == {"seed": 0}
    assert [name for name in artefact.layers if name in ("2", "4", "6")] == ["2", "4", "6"]
    artefact.check_fits(config)


@pytest.mark.parametrize(
    "config",
    [CoreConfig(v=2, c=8, ports=2, blocks=2, encoders=1, lanes=8, table_rows=8192, index_words=256, codebook_rows=512,
                constant_rows=64),
     CoreConfig(v=8, c=16, ports=9, blocks=4, encoders=2, lanes=16, stream_bits=128)],
    ids=str,
)
def test_other_cores_compute_the_same_as_torch(config):
    model = convert(dense(), examples()[0][:500], v=config.v, c=config.c, iterations=2)
    freeze(model)
    artefact = compile(model, config)
    images = examples()[2][:5]
    raw = Reference(config, artefact.image).run(artefact.frames(artefact.quantize(images.numpy())))[:5]
    np.testing.assert_array_equal(artefact.dequantize(raw), logits(model, images).numpy())


def test_float_inputs_are_quantized_alike():
    model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))
    x = torch.randn(300, 10, generator=torch.Generator().manual_seed(0))
    network = convert(model, x, iterations=2)
    freeze(network)
    artefact = compile(network, CoreConfig())
    raw = Reference(CoreConfig(), artefact.image).run(artefact.frames(artefact.quantize(x.numpy())))[: len(x)]
    np.testing.assert_array_equal(artefact.dequantize(raw), logits(network, x).numpy())
    assert artefact.input_shape == (10,)


def test_state_dict_brings_the_same_artefact():
    model = boosted()
    other = convert(untrained(), IMAGES, iterations=0)
    other.load_state_dict(model.state_dict())
    assert compile(other, CoreConfig()).digest == compile(model, CoreConfig()).digest


def test_options_reach_the_assembler():
    """Streamed tables, two images a pass: the same results."""
    model, config, images = boosted(), CoreConfig(), examples()[2][:4]
    artefact = compile(model, config, dataflow="stationary", batch=2)
    assert artefact.image.program.images == 2
    assert artefact.image.pieces
    raw = Reference(config, artefact.image).run(artefact.frames(artefact.quantize(images.numpy())))
    np.testing.assert_array_equal(artefact.dequantize(raw), logits(model, images).numpy())


@cache
def residual():
    """A frozen ResNet-8."""
    network = convert(build("resnet8"), torch.rand(4, 3, 32, 32), iterations=0)
    freeze(network)
    return network


def other_codebooks():
    network = copy.deepcopy(residual())
    network.get_submodule("stages.1.conv2").shortcut.frozen_codebooks += 1
    return network


def other_scale():
    network = copy.deepcopy(residual())
    for name in ("stages.0.conv2", "stages.1.conv1"):
        layer = network.get_submodule(name)
        layer.output, layer.input = Affine(9.0, 0), Affine(9.0, 0)
    network.get_submodule("stages.0.conv2").input = network.get_submodule("stages.0.conv1").output
    network.get_submodule("stages.1.conv1").output = network.get_submodule("stages.1.conv2").input
    network.get_submodule("stages.1.conv2").shortcut.input = Affine(9.0, 0)
    return network


def frozen(**options):
    network = convert(untrained(), IMAGES, iterations=0, **options)
    freeze(network)
    return network


def unfrozen():
    return convert(untrained(), IMAGES, iterations=0)


def broken_link():
    network = frozen()
    lut_layers(network)["4"].input = QuantizeInput(lut_layers(network)["2"].input, ()).affine
    return network


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = frozen()

    def forward(self, x):
        return self.net(x) + self.net(x)


@pytest.mark.parametrize(
    ("make", "config", "message"),
    [
        (untrained, CoreConfig(), r"layer 0 \(Normalize\), after the input: a converted model holds QuantizeInput an"),
        (lambda: nn.Sequential(nn.Linear(4, 2)), CoreConfig(), r"layer 0 \(Linear\), after the input: it is not conv"),
        (lambda: nn.Sequential(nn.Flatten()), CoreConfig(), r"layer 0 \(Flatten\), after the input: a converted model"),
        (lambda: nn.Sequential(lut_layers(frozen())["6"]), CoreConfig(), "model Sequential has no QuantizeInput"),
        (lambda: nn.Sequential(frozen().quantize_input), CoreConfig(), "model Sequential has no lookup layers"),
        (unfrozen, CoreConfig(), r"layer 2: is not frozen, its integers still move: call lutdla.nn.freeze\(model\)"),
        (lambda: frozen(per_layer={"4": {"v": 8}}), CoreConfig(),
         "layer 4: trained with v=8, c=16, this core has v=4, c=16: it can have less, not more: convert the layer"),
        (lambda: frozen(per_layer={"6": {"c": 32}}), CoreConfig(), "layer 6: trained with v=4, c=32, this core has"),
        (lambda: frozen(per_layer={"4": {"v": 3}}), CoreConfig(),
         "layer 4: trained with v=3, .*: v must divide the core's, at most 8 times: convert the layer with v=4, c=16"),
        (lambda: frozen(metric="chebyshev", per_layer={"4": {"v": 2}}), CoreConfig(metric="chebyshev"),
         "layer 4: trained with v=2, .* and metric chebyshev, which other coordinates of a group would change: con"),
        (lambda: frozen(per_layer={"2": {"metric": "l1"}}), CoreConfig(),
         "layer 2: trained with metric=l1, this core has metric=l2 for all layers: convert the layer with metric='l2'"),
        (frozen, CoreConfig(codebook_rows=64), r"codebook memory needs 98 rows, this core has codebook_rows=64"),
        (frozen, CoreConfig(acc_bits=12), r"layer 2: sums reach \d+, acc_bits=12 holds 2047: use acc_bits=\d+ or more"),
        (broken_link, CoreConfig(), r"layer 2: gives Affine.*, layer 4 takes Affine"),
        (other_codebooks, CoreConfig(), "map stages.0.conv2: the layers that read it have different codebooks, an enc"),
        (other_scale, CoreConfig(), r"layer stages.0.conv2: gives Affine\(scale=9.0.*, but adds Affine.* of layer ste"),
        (Sum, CoreConfig(), r"layer net.quantize_input \(QuantizeInput\), after the input: the input is quantized onc"),
    ],
)
def test_what_cannot_be_compiled_is_named(make, config, message):
    with pytest.raises(CompileError, match=message):
        compile(make(), config)


def test_the_layout_passes_load_no_torch():
    code = ("import sys, lutdla.compiler.assemble, lutdla.compiler.random_network, lutdla.nn, lutdla.data;"
            "assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
