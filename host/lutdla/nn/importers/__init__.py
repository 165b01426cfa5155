"""Models from other places: what torch.export makes (objects and .pt2 files), ONNX, and whole models of torch.save.

Each becomes a `GraphModule` of nn layers and functions, which is trained, converted and read like any other model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from lutdla.errors import InputError

SUFFIXES = (".pt2", ".onnx", ".pt")


def load_model(source: Any) -> nn.Module:
    """A model that `convert` and `train_dense` take.

    Args:
        source: a path to a .pt2 file (`torch.export.save`), an .onnx file or a .pt file (`torch.save` of a model that
            consists of layers of torch and lutdla), an `ExportedProgram`, an
            `onnx.ModelProto`, or an nn.Module, which is given back as it is.

    Returns:
        a module in eval mode, with the parameters of the source under their old names where it has them.

    Raises:
        InputError: there is no such file, or it holds no model.
        CompileError: the model holds something the core does not run: names the node, the operation and the fix.
        ToolError: onnx is not installed.
    """
    if isinstance(source, nn.Module):
        return source
    if isinstance(source, (str, Path)):
        return _from_file(Path(source))
    if isinstance(source, torch.export.ExportedProgram):
        from lutdla.nn.importers.exported import from_exported

        return from_exported(source)
    if type(source).__name__ == "ModelProto":
        from lutdla.nn.importers.onnx_graph import from_onnx

        return from_onnx(source)
    raise InputError(f"cannot load a model from {type(source).__name__}: give a path to {', '.join(SUFFIXES)}, an "
                     "ExportedProgram, an onnx.ModelProto or an nn.Module")


def _from_file(path: Path) -> nn.Module:
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: models are {', '.join(SUFFIXES)} files: write one with torch.export.save, "
                         "torch.onnx.export or torch.save")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.suffix == ".onnx":
        from lutdla.nn.importers.onnx_graph import from_onnx, read_onnx

        return from_onnx(read_onnx(path))
    if path.suffix == ".pt":
        from lutdla.nn.importers.saved import read_saved

        return read_saved(path)
    from lutdla.nn.importers.exported import from_exported, read_exported

    return from_exported(read_exported(path))


__all__ = ["SUFFIXES", "load_model"]
