"""Compiled kernels of training: built with the machine's C++ compiler when first needed, kept in the user's cache.

Without a compiler, and on a GPU, torch operations compute the same (`lutdla.nn.encoding`, `lutdla.nn.table_lookup`).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lutdla.native.threads import in_threads as in_so_many_threads
from lutdla.native.variants import SWITCH

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-std=c++17", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math",
         "-ffinite-math-only", "-fno-math-errno", "-shared", "-fPIC")
"""Sums are exact integers in any order, no value is infinite. Not -ffast-math: in a library, it makes the whole process
flush small numbers to 0."""
BUILD_TIMEOUT_S = 120.0


def cache_folder() -> Path:
    """Where built kernels are kept: LUTDLA_CACHE, or the user's cache folder."""
    base = os.environ.get("LUTDLA_CACHE")
    if base:
        return Path(base) / "kernels"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lutdla" / "kernels"


def _processor() -> bytes:
    """What decides the code of -march=native: a cache may be shared by machines."""
    try:
        return next(line for line in Path("/proc/cpuinfo").read_bytes().splitlines() if line.startswith(b"flags"))
    except (OSError, StopIteration):
        return b""


@cache
def library(source: str, **defines: int) -> ctypes.CDLL | None:
    """A source file of this folder as a loaded library; None where it cannot be compiled, told once as a warning.

    Args:
        source: file name.
        defines: macros.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        _tell("there is no C++ compiler (sudo apt-get install g++)")
        return None
    macros = [f"-D{name}={value}" for name, value in defines.items()]
    digest = hashlib.sha256(repr((FLAGS, macros)).encode() + (FOLDER / source).read_bytes() + _processor())
    target = cache_folder() / f"{Path(source).stem}-{digest.hexdigest()[:24]}.so"
    try:
        if not target.exists():
            _compile(compiler, FOLDER / source, macros, target)
        return ctypes.CDLL(str(target))
    except (OSError, subprocess.SubprocessError) as error:
        _tell(f"{source} could not be compiled: {getattr(error, 'stderr', None) or error}")
        return None


def _compile(compiler: str, source: Path, macros: list[str], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        subprocess.run([compiler, *FLAGS, *macros, str(source), "-o", str(made)], check=True, capture_output=True,
                       text=True, timeout=BUILD_TIMEOUT_S)
        made.replace(target)  # at once: another process may be building the same


@cache
def _tell(reason: str) -> None:
    warnings.warn(f"training runs on slower torch operations: {reason}", RuntimeWarning, stacklevel=4)


def pointer(values: Tensor | None) -> ctypes.c_void_p:
    """Address of a contiguous tensor, null for None."""
    assert values is None or values.is_contiguous()
    return ctypes.c_void_p(None if values is None else values.data_ptr())


def in_threads(count: int, work: Callable[[int, int, int], Any]) -> None:
    """Call work(thread, begin, end) for ranges that cover 0..count, on as many threads as torch uses."""
    in_so_many_threads(torch.get_num_threads(), count, work)
