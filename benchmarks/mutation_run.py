"""One mutant, tested: a copy of the sources, the change, a conversion, and the tests that should notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.mutation_list import SOURCES, Mutant
from benchmarks.record import ROOT
from lutdla.errors import LutdlaError

LIMIT_S = 1200
"""Seconds for all tests of a mutant. Tests have deadlines of their own: this one is for what hangs beside them."""

CRASHES = ("NameError", "TypeError", "AttributeError", "SyntaxError", "myhdl.")
"""How the message of a failure begins where a block could not be built: that is no test that noticed a fault."""


class Verdict(Enum):
    """What became of a mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    BROKEN = "broken"
    """It cannot be built, or the tests did not run: nothing is known of them."""


@dataclass(frozen=True)
class Outcome:
    """Of one mutant. `by`: the test that failed, or why it is broken."""

    mutant: Mutant
    verdict: Verdict
    by: str
    seconds: float


class Sandbox:
    """A copy of the project in a folder: hardware sources of its own, links to all else, nothing kept outside."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.root = folder
        for path in root.iterdir():
            if not path.name.startswith(".") and path.name != SOURCES.parts[0]:
                (folder / path.name).symlink_to(path)
        shutil.copytree(root / SOURCES, folder / SOURCES, ignore=shutil.ignore_patterns("__pycache__"))
        before = [path] if (path := os.environ.get("PYTHONPATH")) else []
        self._environment = os.environ | {
            # before the sources that are installed; and links lead tests back to the project's own
            "PYTHONPATH": os.pathsep.join([str(folder / SOURCES.parts[0]), str(folder), *before]),
            "LUTDLA_CACHE": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
            "PYTEST_ADDOPTS": "",
        }  # fmt: skip

    def python(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output of `python -m ARGUMENTS`; 124 where it takes longer than `LIMIT_S`."""
        command = [sys.executable, "-m", *arguments]
        try:
            done = subprocess.run(command, cwd=self.root, env=self._environment, timeout=LIMIT_S, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        except subprocess.TimeoutExpired:
            return 124, f"{' '.join(arguments[:2])} took longer than {LIMIT_S} s"
        return done.returncode, done.stdout

    def test(self, tests: Iterable[str]) -> tuple[Verdict, str]:
        """Run test files until the first failure: what that says, and the test that failed or the reason."""
        report = self.root / "report.xml"
        # a thread would end pytest without a report when a test's deadline is over
        status, output = self.python(
            "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "benchmarks.mutation_plugin",
            "-o", "timeout_method=signal", f"--junitxml={report}", *tests,
        )  # fmt: skip
        if status == 0:
            return Verdict.SURVIVED, "no test"
        failed = failures(report) if status == 1 and report.is_file() else []
        if not failed:  # an error of collection, a fixture, a command line
            return Verdict.BROKEN, last_line(output)
        name, message = failed[0]
        return (Verdict.BROKEN, f"{name}: {message}") if message.startswith(CRASHES) else (Verdict.CAUGHT, name)


def failures(report: Path) -> list[tuple[str, str]]:
    """Tests that failed and why, of a JUnit report. Tests whose fixtures failed are not among them."""
    found = []
    for case in ET.parse(report).iter("testcase"):
        for failure in case.findall("failure"):
            place = case.get("classname", "").rpartition(".")[2]
            found.append((f"{place}::{case.get('name')}", failure.get("message", "")))
    return found


def last_line(output: str) -> str:
    """Of what a command said."""
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no output")


def check_unchanged(tests: Iterable[str], root: Path = ROOT) -> None:
    """Test the sources as they are: what fails here would be no news of a mutant.

    Raises:
        LutdlaError: a test fails, or the sources cannot be converted.
    """
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder), root)
        status, output = sandbox.python("benchmarks.mutation_convert")
        if status:
            raise LutdlaError(f"the unchanged sources cannot be converted: {last_line(output)}")
        verdict, by = sandbox.test(tests)
    if verdict is not Verdict.SURVIVED:
        raise LutdlaError(f"the unchanged sources do not pass their tests ({by}): mend them before you look at mutants")


def try_mutant(mutant: Mutant, root: Path = ROOT) -> Outcome:
    """Whether the tests of a mutant notice it.

    Raises:
        ConfigError: the text that it replaces is not there once.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder), root)
        mutant.put_into(sandbox.root)
        status, output = sandbox.python("benchmarks.mutation_convert")
        verdict, by = (Verdict.BROKEN, last_line(output)) if status else sandbox.test(mutant.tests)
    return Outcome(mutant, verdict, by, time.monotonic() - started)
