"""Models through other formats and back."""

import logging
import warnings

import onnx
import torch

from lutdla.nn.importers import load_model


def through_pt2(model, x, path):
    """Exported, saved, loaded, imported."""
    torch.export.save(torch.export.export(model.eval(), (x,)), path / "model.pt2")
    return load_model(path / "model.pt2")


def as_onnx(model, x, path, *, dynamo=False, **options):
    """Exported by torch: the path of the file. Both exporters warn of themselves and of each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            torch.onnx.export(model.eval(), (x,), path / "model.onnx", dynamo=dynamo, verbose=False, **options)
        finally:
            logging.disable(logging.NOTSET)
    return path / "model.onnx"


def through_onnx(model, x, path, **options):
    """Exported, saved, loaded, imported."""
    return load_model(as_onnx(model, x, path, **options))


def onnx_of(nodes, constants=(), shape=("batch", 3, 8, 8), outputs=("y",), opset=20):
    """A model of nodes that read "x": nodes as (operation, inputs, output, settings)."""
    made = [onnx.helper.make_node(kind, list(inputs), [output], name=f"/{output}/{kind}", **settings)
            for kind, inputs, output, settings in nodes]
    graph = onnx.helper.make_graph(
        made, "graph", [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        initializer=[onnx.numpy_helper.from_array(value.numpy(), name) for name, value in dict(constants).items()])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
