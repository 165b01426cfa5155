"""Models of which some parts become lookup networks and the rest stays torch, and later runs on the host: attention,
layer norms, recurrent layers.

    model = convert_parts(dense, ("up", "down"), calibration, v=4, c=16)     # then train it: its forward is model(x)
    freeze(model)
    export_pipeline(model, example, config).save("model.lut")               # lutdla.open().load("model.lut")(x)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {"LUTPart": "part", "convert_parts": "conversion", "parts_of": "part", "distil": "distillation",
         "export_pipeline": "export"}
"""Public name -> the module it lives in."""

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lutdla.nn.segments.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
