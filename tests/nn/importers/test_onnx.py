"""ONNX graphs: operations that torch's exporters do not write, and refusals by node."""

import numpy as np
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from lutdla.errors import CompileError
from lutdla.nn import load_model
from lutdla.nn.graph import read_network
from lutdla.nn.importers.onnx_graph import layer_name
from tests.nn.importers.exports import onnx_of, through_onnx

GENERATOR = torch.Generator().manual_seed(0)
W, B = torch.randn(4, 3, 3, 3, generator=GENERATOR), torch.randn(4, generator=GENERATOR)
DENSE = torch.randn(144, 5, generator=GENERATOR)
SLOPES = torch.rand(4, 1, 1, generator=GENERATOR)


def conv(**settings):
    return ("Conv", ["x", "w", "b"], "c", {"kernel_shape": [3, 3]} | settings)


def imported(nodes, constants=(), shape=("batch", 3, 8, 8), **options):
    """Imported, and compared with onnx's own evaluator."""
    made = onnx_of(nodes, {"w": W, "b": B, **dict(constants)}, shape, **options)
    model = load_model(made)
    x = torch.rand(2, *shape[1:], generator=torch.Generator().manual_seed(1)) * 4 - 2
    (want,) = ReferenceEvaluator(made).run(None, {"x": x.numpy()})
    np.testing.assert_allclose(model(x).detach().numpy(), want, rtol=1e-4, atol=1e-5)
    return model


def activation(kind, inputs=("c",), constants=(), **settings):
    end = {"shape": torch.tensor([0, -1]), "dense": DENSE, **dict(constants)}
    return imported([conv(), (kind, list(inputs), "a", settings), ("Reshape", ["a", "shape"], "f", {}),
                     ("MatMul", ["f", "dense"], "y", {})], end)


@pytest.mark.parametrize(
    ("kind", "settings", "name"),
    [
        ("LeakyRelu", {"alpha": 0.2}, "leaky_relu:0.2"), ("LeakyRelu", {}, "leaky_relu:0.01"), ("Elu", {}, "elu:1.0"),
        ("Tanh", {}, "tanh"), ("Sigmoid", {}, "sigmoid"), ("Softplus", {}, "softplus"), ("Softsign", {}, "softsign"),
        ("HardSwish", {}, "hardswish"), ("Selu", {}, "selu"), ("Mish", {}, "mish"), ("Gelu", {}, "gelu"),
        ("Gelu", {"approximate": "tanh"}, "gelu_tanh"), ("HardSigmoid", {"alpha": 1 / 6}, "hardsigmoid"),
        ("Celu", {"alpha": 2.0}, "celu:2.0"),
    ],
)
def test_elementwise_functions_have_the_names_of_torch(kind, settings, name):
    first, last = read_network(activation(kind, **settings), (3, 8, 8)).steps
    assert (first.activation, last.main.geometry.kernel) == (name, (6, 6))


def test_functions_in_parts_are_put_together(tmp_path):
    for module, name in ((nn.SiLU(), "silu"), (nn.PReLU(), "leaky_relu:0.25"), (nn.Hardswish(), "hardswish")):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), module, nn.Flatten(), nn.Linear(144, 2))
        made = through_onnx(model, torch.rand(2, 3, 8, 8), tmp_path)
        assert read_network(made, (3, 8, 8)).steps[0].activation == name


def test_clips_are_clamps():
    six = {"low": torch.tensor(0.0), "high": torch.tensor(6.0)}
    assert read_network(activation("Clip", ["c", "low", "high"], six), (3, 8, 8)).steps[0].high == 6
    assert read_network(activation("Clip", ["c", "low"], six), (3, 8, 8)).steps[0].high == float("inf")


@pytest.mark.parametrize("settings", [{"auto_pad": "SAME_UPPER"}, {"pads": [1, 0, 1, 0]},
                                      {"pads": [0, 1, 0, 1], "strides": [2, 1]}])
def test_padding_in_all_its_forms(settings):
    imported([conv(**settings), ("GlobalMaxPool", ["c"], "p", {}), ("Squeeze", ["p", "axes"], "y", {})],
             {"axes": torch.tensor([2, 3])})


def test_valid_padding_is_none():
    """Against explicit pads: the evaluator of onnx 1.22 pads here."""
    found, want = (load_model(onnx_of([conv(**given), ("Flatten", ["c"], "y", {})], {"w": W, "b": B}))
                   for given in ({"auto_pad": "VALID"}, {"pads": [0, 0, 0, 0]}))
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(found(x), want(x))


def test_sums_with_constants_are_biases_and_normalize():
    ten = {"ten": torch.tensor(10.0), "row": torch.randn(1, 5, generator=GENERATOR), "dense": DENSE[:8]}
    model = imported([("Sub", ["x", "ten"], "s", {}),
                      ("Div", ["s", "ten"], "d", {}), ("MatMul", ["d", "dense"], "m", {}),
                      ("Add", ["row", "m"], "y", {})], ten, shape=("batch", 8))
    network = read_network(model, (8,))
    assert (network.normalize.mean, network.normalize.std) == (10, 10)
    assert network.steps[0].main.module.bias is not None


def test_factors_of_gemm_and_constants_in_parts_are_computed():
    given = {"dense": DENSE[:8], "half": torch.full((5,), 0.5)}
    imported([("Transpose", ["dense"], "t", {}), ("Identity", ["half"], "h", {}),
              ("Gemm", ["x", "t", "h"], "y", {"transB": 1, "alpha": 2.0, "beta": 3.0})], given, shape=("batch", 8))


def test_means_and_averages():
    axes = {"axes": torch.tensor([2, 3])}
    imported([conv(), ("ReduceMean", ["c", "axes"], "y", {"keepdims": 0})], axes)
    imported([conv(), ("AveragePool", ["c"], "p", {"kernel_shape": [2, 2], "strides": [2, 2]}),
              ("GlobalAveragePool", ["p"], "g", {}), ("Flatten", ["g"], "y", {})])


def test_layers_have_the_names_of_their_weights():
    from onnx.helper import make_node

    for node, name in ((make_node("Conv", ["x", "stem.0.weight"], ["y"], name="node_1"), "stem.0"),
                       (make_node("Conv", ["x", "onnx::Conv_3"], ["y"], name="/stages/stages.0/conv1/Conv"),
                        "stages.0.conv1"),
                       (make_node("MatMul", ["x", "w"], ["y"]), "y")):
        assert layer_name(node) == name


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([conv(), ("Softmax", ["c"], "y", {})], r"node /y/Softmax \(Softmax\): the core does not run it: leave it out"),
        ([conv(), ("Erf", ["c"], "y", {})], r"node /y/Erf \(Erf\): the core does not run it: use Conv, Gemm or MatMul"),
        ([conv(), ("Concat", ["c", "c"], "y", {"axis": 1})], r"node /y/Concat .*add the maps instead"),
        ([("Conv", ["x", "x"], "y", {})], r"node /y/Conv \(Conv\): its weight depends on the input: the core runs no"),
        ([conv(pads=[0, 0, 1, 1], strides=[2, 2]), ("Relu", ["c"], "y", {})], r"node /c/Conv .*pads=\[0, 0, 1, 1\], w"),
        ([conv(auto_pad="SAME_LOWER"), ("Relu", ["c"], "y", {})], "it has auto_pad=SAME_LOWER"),
        ([conv(), ("Mul", ["c", "x"], "y", {})], r"node /y/Mul .*no products of activations"),
        ([conv(), ("Div", ["b", "c"], "y", {})], r"node /y/Div .*divides, a constant: rewrite it as layers"),
        ([conv(), ("PRelu", ["c", "slopes"], "y", {})], "a slope for each channel"),
        ([conv(), ("HardSigmoid", ["c"], "y", {})], "it has alpha=0.2 and beta=0.5: use 1/6 and 0.5"),
        ([conv(), ("Flatten", ["c"], "y", {"axis": 2})], "it has axis=2: keep the batch, use axis=1"),
        ([conv(), ("Gemm", ["c", "dense"], "y", {"transA": 1})], "it transposes its input: use nn.Linear"),
        ([conv(), ("MatMul", ["c", "dense"], "y", {})], r"node /y/MatMul .*does not fit what comes before it \("),
        ([conv(), ("MaxPool", ["c"], "y", {"kernel_shape": [2, 2], "pads": [0, 0, 1, 1]})], "differ at both ends: use"),
        ([("Identity", ["w"], "y", {})], "the model gives 1 results: the core sends one tensor that depends on its in"),
    ],
)  # fmt: skip
def test_what_the_core_does_not_run_is_refused_by_node(nodes, message):
    with pytest.raises(CompileError, match=message):
        load_model(onnx_of(nodes, {"w": W, "b": B, "dense": DENSE, "slopes": SLOPES}))


@pytest.mark.parametrize("shape", [("batch", 3, "height", 8), ("batch",)])
def test_inputs_of_unknown_size_are_refused(shape):
    with pytest.raises(CompileError, match=r"input x: it has shape \(batch.*all sizes but the batch must be fixed"):
        load_model(onnx_of([("Relu", ["x"], "y", {})], shape=shape))
