"""From a converted torch model to one artefact file. Only `compile` needs torch, and loads it when it is used."""

from __future__ import annotations

from typing import Any

__all__ = ["compile"]


def __getattr__(name: str) -> Any:
    if name == "compile":
        from lutdla.compiler.export import compile

        return compile
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
