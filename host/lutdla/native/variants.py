"""Finds the compiled kernels that this processor can run."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
VARIANTS = ("avx512", "avx2", "baseline")
"""Libraries, the fastest first: the same kernels, compiled for different processors."""

SWITCH = "LUTDLA_NATIVE"
"""Environment variable: 0 computes everything with numpy, the name of a variant with that one."""


def library() -> ctypes.CDLL | None:
    """The kernels to use; None where there are none, or SWITCH forbids them."""
    return _chosen(os.environ.get(SWITCH, ""), FOLDER)


@cache
def _chosen(wanted: str, folder: Path) -> ctypes.CDLL | None:
    if wanted == "0":
        return None
    return next((found for name in VARIANTS if wanted in ("", "1", name) and (found := load(name, folder))), None)


def variant() -> str:
    """Name of the kernels that are used: one of VARIANTS, or numpy."""
    found = library()
    return next((name for name in VARIANTS if found is not None and load(name, FOLDER) is found), "numpy")


@cache
def load(name: str, folder: Path = FOLDER) -> ctypes.CDLL | None:
    """A library; None where it was not built or the processor lacks its instructions."""
    for path in sorted(folder.glob(f"{name}.*so")):
        try:
            found = ctypes.CDLL(str(path))
        except OSError:  # built for another machine
            continue
        if found.supported():
            return found
    return None
