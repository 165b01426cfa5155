"""The network that a user names on the command line."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from lutdla.compiler.network import IntegerNetwork
from lutdla.compiler.topologies import topology
from lutdla.errors import CompileError
from lutdla.spec.config import CoreConfig


def read_network(model: str, core: CoreConfig) -> IntegerNetwork:
    """The network that `model` names.

    Raises:
        CompileError: no such topology, file or function.
    """
    if ".py" not in model:
        return topology(model, core)
    name, _, function = model.rpartition(":")
    path = Path(name)
    if not function or not path.is_file():
        raise CompileError(f"{model}: no such file: name a topology, or FILE.py:FUNCTION")
    from lutdla.compiler.export import integer_network

    found: dict[str, Any] = runpy.run_path(str(path))
    if not callable(found.get(function)):
        raise CompileError(f"{path} has no function {function!r}: it returns a converted and frozen model")
    return integer_network(found[function]())
