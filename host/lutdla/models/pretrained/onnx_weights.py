"""Weights of an ONNX file."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from lutdla.errors import ToolError


def read_initializers(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """All constant tensors of an ONNX model by name.

    Raises:
        ToolError: the package onnx is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ToolError("the weights of this network are in an ONNX file, and the package onnx is not installed: "
                        "pip install 'lutdla[pretrained]'") from error
    graph = onnx.load_model_from_string(content).graph
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
