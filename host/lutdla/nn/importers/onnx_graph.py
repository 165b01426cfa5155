"""Pass: ONNX model -> `GraphModule` of nn layers and functions.

The `onnx` package reads, checks and infers; the operations that the core runs are few, so they are mapped here: a
general converter would bring its own module for each operation, to be mapped once more, and torchvision with it.
What does not depend on the input is computed by onnx's own reference evaluator.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import fx

from lutdla.errors import CompileError, InputError, ToolError
from lutdla.nn.importers.builder import Builder
from lutdla.nn.importers.onnx_ops import HANDLERS, Node, instead_of_onnx

if TYPE_CHECKING:
    import onnx

DTYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 10: torch.float16, 11: torch.float64}
"""`onnx.TensorProto.DataType` of inputs -> torch."""


def read_onnx(path: Path) -> onnx.ModelProto:
    """An .onnx file.

    Raises:
        InputError: it holds no valid model.
        ToolError: onnx is not installed.
    """
    onnx = _onnx()
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:
        raise InputError(f"{path}: it holds no valid ONNX model ({error}): export it again") from error
    return model


def from_onnx(model: onnx.ModelProto) -> fx.GraphModule:
    """The model that a graph is.

    Raises:
        CompileError: names the node, the operation and the fix.
    """
    onnx = _onnx()
    graph, builder = model.graph, Builder()
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    values: dict[str, Any] = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    uses: dict[str, int] = {}
    for name in [*(name for node in graph.node for name in node.input), *(one.name for one in graph.output)]:
        uses[name] = uses.get(name, 0) + 1
    for given in graph.input:
        if given.name not in values:
            values[given.name] = _input(builder, given)
    for proto in graph.node:
        builder.origin = _origin(proto)
        _take(builder, proto, values, uses, opset)
    results = [values.get(one.name) for one in graph.output]
    if len(results) != 1 or not isinstance(results[0], fx.Node):
        raise CompileError(f"the model gives {len(results)} results: the core sends one tensor that depends on its "
                           "input: keep one output")
    return builder.finish(results[0])


def layer_name(proto: onnx.NodeProto) -> str:
    """A layer's name: of its weight as torch exports it ("stem.0.weight"), else of the node ("/stem/stem.0/Conv")."""
    if len(proto.input) > 1 and proto.input[1].endswith(".weight"):
        return proto.input[1].removesuffix(".weight")
    name = ""
    for part in [part for part in proto.name.split("/") if part][:-1]:
        name = part if part == name or part.startswith(f"{name}.") else f"{name}.{part}" if name else part
    return name or proto.name or proto.output[0]


def _onnx() -> Any:
    try:
        import onnx
        import onnx.reference
    except ImportError as error:
        raise ToolError(f"ONNX models need the onnx package ({error}): pip install 'lutdla[onnx]'") from error
    return onnx


def _origin(proto: onnx.NodeProto) -> str:
    return f"node {proto.name or proto.output[0]} ({proto.op_type})"


def _input(builder: Builder, given: onnx.ValueInfoProto) -> fx.Node:
    tensor = given.type.tensor_type
    sizes = [size.dim_value for size in tensor.shape.dim]
    builder.origin = f"input {given.name}"
    if len(sizes) < 2 or not all(sizes[1:]):
        names = [size.dim_value or size.dim_param or "?" for size in tensor.shape.dim]
        builder.refuse(f"it has shape ({', '.join(map(str, names))}): all sizes but the batch must be fixed: export it "
                       "for one size")
    if tensor.elem_type not in DTYPES:
        builder.refuse("it is not of numbers that the core takes: give float or uint8 inputs")
    return builder.input(given.name, tuple(sizes[1:]), DTYPES[tensor.elem_type])


def _take(builder: Builder, proto: onnx.NodeProto, values: dict[str, Any], uses: dict[str, int], opset: int) -> None:
    onnx = _onnx()
    inputs = [values[name] if name else None for name in proto.input]
    if any(uses.get(name) for name in proto.output[1:]):
        builder.refuse("it gives several results that are used: only the first can be had")
    if not any(isinstance(value, fx.Node) for value in inputs):
        made = onnx.reference.ReferenceEvaluator(_alone(proto, inputs, opset)).run(None, {})
        values.update(zip(proto.output, map(np.asarray, made)))
        return
    handler = HANDLERS.get(proto.op_type) if proto.domain in ("", "ai.onnx") else None
    if handler is None:
        builder.refuse(f"the core does not run it: {instead_of_onnx(proto.op_type)}")
    settings = {one.name: onnx.helper.get_attribute_value(one) for one in proto.attribute}
    alone = all(uses.get(name) == 1 for name, value in zip(proto.input, inputs) if isinstance(value, fx.Node))
    name = re.sub(r"[^\w.]", "_", layer_name(proto))
    values[proto.output[0]] = handler(Node(builder, name, inputs, settings, alone))


def _alone(proto: onnx.NodeProto, inputs: list[Any], opset: int) -> onnx.ModelProto:
    """A model of one node whose inputs are constants."""
    onnx = _onnx()
    constants = [onnx.numpy_helper.from_array(np.asarray(value), name)
                 for name, value in zip(proto.input, inputs) if value is not None]
    outputs = [onnx.helper.make_empty_tensor_value_info(name) for name in proto.output]
    graph = onnx.helper.make_graph([proto], "constant", [], outputs, initializer=constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
