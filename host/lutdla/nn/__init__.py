"""The PyTorch side: lookup layers, conversion, training. `import lutdla.nn` is cheap, torch comes with first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "METRICS": "metrics", "Metric": "metrics", "kmeans": "clustering", "LUTLinear": "lut_linear",
    "LUTConv2d": "lut_conv", "Normalize": "layers", "QuantizeInput": "layers", "convert": "conversion",
    "freeze": "lut_layer", "LUTBoost": "boost", "Stage": "boost",
    "train_dense": "boost", "accuracy": "train", "predict": "train", "Progress": "train",
    "load_model": "importers", "map_sensitivity": "sensitivity", "result_sensitivity": "sensitivity",
    "plan": "budget",
    "convert_parts": "segments", "distil": "segments", "export_pipeline": "segments",
    "train_fashion_mlp": "fashion_mlp",
}  # fmt: skip
"""Public name -> the module it lives in."""

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lutdla.nn.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
