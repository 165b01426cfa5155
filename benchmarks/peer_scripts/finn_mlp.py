"""finn-plus: a quantised network as FINN's graph, streamlined, executed in Python.

package = "finn-plus"
# the newest: left to itself pip takes 1.3.0, which does not bring what it imports
pip = ["finn-plus==1.6.1", "torch"]
override = ["setuptools>=77.0.3,<81"]
network = "784-64-64-10, dense, 4-bit weights and activations"
verified = "100 images, every output, within 0.001 of the graph before streamlining"
steps = ["pip install finn-plus", "write the network as QONNX", "clean the graph up", "convert to FINN", "streamline",
         "run", "compare with the QONNX graph"]
note = '''its usual front end, brevitas 0.13, does not run with this torch, so the graph is written as QONNX; Python
execution of the graph, not of FINN's hardware layers, whose simulation needs Vivado'''
"""

import numpy as np
import torch
from finn.core.onnx_exec import execute_onnx
from finn.transformation.qonnx.convert_qonnx_to_finn import ConvertQONNXtoFINN
from finn.transformation.streamline import Streamline
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.util.basic import qonnx_make_model
from qonnx.util.cleanup import cleanup_model

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(784, 64, bias=False), torch.nn.ReLU(), torch.nn.Linear(64, 64, bias=False), torch.nn.ReLU(),
    torch.nn.Linear(64, 10, bias=False)
).eval()  # fmt: skip
images = np.random.default_rng(0).integers(0, 256, (100, 784)).astype(np.float32)
nodes, constants = [], {}


def quantize(source, scale, bits, signed):  # noqa: ANN001, ANN201
    """Add a Quant node; returns the name of what it gives."""
    name = f"{source}_quant"
    values = {f"{name}_scale": scale, f"{name}_zero": 0, f"{name}_bits": bits}
    constants.update({key: np.float32(value) for key, value in values.items()})
    nodes.append(helper.make_node("Quant", [source, *values], [name], domain="qonnx.custom_op.general", signed=signed,
                                  narrow=0, rounding_mode="ROUND"))  # fmt: skip
    return name


at = quantize("x", 1, 8, 0)
for i in (0, 2, 4):
    weights = model[i].weight.detach().numpy().T
    constants[f"w{i}"] = weights
    nodes.append(helper.make_node("MatMul", [at, quantize(f"w{i}", np.abs(weights).max() / 7, 4, 1)], [f"sum{i}"]))
    at = f"sum{i}"
    if i < 4:
        nodes.append(helper.make_node("Relu", [at], [f"relu{i}"]))
        at = quantize(f"relu{i}", 12, 4, 0)
graph = helper.make_graph(
    nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, images.shape)],
    [helper.make_tensor_value_info(at, TensorProto.FLOAT, (len(images), 10))],
    [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
)  # fmt: skip
qonnx = cleanup_model(ModelWrapper(qonnx_make_model(graph)))
finn = qonnx.transform(ConvertQONNXtoFINN()).transform(Streamline())
output, expected = (execute_onnx(g, {g.graph.input[0].name: images})[g.graph.output[0].name] for g in (finn, qonnx))
if np.abs(output - expected).max() > 0.001:
    raise SystemExit("the streamlined graph is more than 0.001 away from the QONNX graph")


# -- for the benchmark: what is timed ----------------------------------------------------------------------------------
def simulate() -> int:
    """Run the images; returns how many."""
    execute_onnx(finn, {finn.graph.input[0].name: images})
    return len(images)
