"""Source distribution and wheel hold what they must, and work where only numpy, pynq and lutdla are installed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lutdla_overlay.boards import load_board
from lutdla_overlay.cores import load_core
from lutdla_overlay.hwh import write_overlay

pytestmark = pytest.mark.timeout(600)  # the first time, pip downloads pynq and builds it; later it is in pip's cache

ROOT = Path(__file__).parents[2]
SOURCES = ("host", "hdl", "overlay", "notebooks", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE",
           "CHANGELOG.md", "CONTRIBUTING.md")  # fmt: skip
MODELS = tuple(f"lutdla_notebooks/models/digits.{core}.lut" for core in ("xc7z010", "xc7z020", "zcu104"))
IN_WHEEL = (
    "lutdla/backends/pynq_driver.py", "lutdla/recipes/magic.toml", "lutdla_hdl/convert.py",
    "lutdla_overlay/boards/pynq-z2.toml", "lutdla_overlay/cores/zcu104.toml", "lutdla_overlay/hints.toml",
    "lutdla_overlay/templates/1_project.tcl.j2", "lutdla_overlay/ip/templates/component.xml.j2",
    "lutdla_overlay/overlays/lutdla.bit.d/README.md", "lutdla_notebooks/03_run_on_the_accelerator.ipynb",
    "lutdla_notebooks/lutdla.mplstyle", "lutdla_notebooks/models/digits.npz", *MODELS,
)  # fmt: skip
OLD_PYNQ = Path(sys.prefix) / "pynq-3.1.2"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=500, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind, source, target):
    """Call the hook that pip and `python -m build` call; it needs no network. Returns the file that it made."""
    code = f"from setuptools.build_meta import build_{kind} as build; import sys; build(sys.argv[1])"
    run(sys.executable, "-W", "ignore", "-c", code, target, cwd=source)
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The source distribution of a copy of this checkout, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("distributions")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.bit", "*.hwh")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "checkout" / name, ignore=ignored)
        else:
            (folder / "checkout").mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, folder / "checkout" / name)
    for name in ("sdist", "wheel"):
        (folder / name).mkdir()
    sdist = build("sdist", folder / "checkout", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    return sdist, build("wheel", source, folder / "wheel")


@pytest.fixture(scope="module")
def environment(distributions, tmp_path_factory):
    """bin folder of an environment with the wheel, what it needs, and pynq."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check",
        f"lutdla[board] @ file://{distributions[1]}", "pynq==4.0.0", "numpy<2")
    return folder / "bin"


@pytest.fixture(scope="module")
def overlays(environment):
    """Names of boards whose overlays were put where `lutdla build --install` puts them."""
    code = "from lutdla_overlay.overlays import FOLDER; print(FOLDER)"
    folder = Path(run(environment / "python", "-c", code, cwd=environment).strip())
    assert folder.is_relative_to(environment.parent)
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    for key in ("pynq-z2", "zybo-z7-10", "zcu104"):
        board = load_board(key)
        write_overlay(folder, load_core(board.core).config, board, name=f"lutdla.{board.name}")
    return folder


def test_the_wheel_holds_data_notebooks_and_models(distributions):
    with zipfile.ZipFile(distributions[1]) as wheel:
        names = wheel.namelist()
        (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
        groups = wheel.read(entry_points).decode()
    assert set(IN_WHEEL) <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "lutdla", "lutdla_hdl", "lutdla_overlay", "lutdla_notebooks"
    }
    assert not [name for name in names if name.endswith((".bit", ".hwh", ".pyc"))]
    for group in ("pynq.overlays", "pynq.notebooks", "pynq.lib"):
        assert f"[{group}]\nlutdla = lutdla" in groups


def test_the_source_distribution_has_every_file_and_the_wheel_every_file_of_a_package(distributions):
    with zipfile.ZipFile(distributions[1]) as wheel:
        packed = set(wheel.namelist())
    with tarfile.open(distributions[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for root in ("host", "hdl", "overlay", "notebooks"):
        files = {path.relative_to(ROOT / root) for path in (ROOT / root).rglob("*") if path.is_file()}
        files = {path for path in files if not re.search(r"__pycache__|\.bit$|\.hwh$|(^|/)\.", str(path))}
        assert {f"{root}/{path}" for path in files if path.suffix != ".so"} <= names  # compiled where it is installed
        assert {str(path) for path in files if len(path.parts) > 1} <= packed


def test_an_index_would_take_both(distributions):
    assert distributions[1].name.endswith("-cp310-abi3-linux_x86_64.whl") or sys.platform != "linux"
    assert run(sys.executable, "-m", "twine", "check", "--strict", *distributions).count("PASSED") == 2


def test_without_a_compiler_it_installs_and_numpy_computes(distributions, tmp_path):
    with tarfile.open(distributions[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (tmp_path / "wheel").mkdir()
    code = "from setuptools.build_meta import build_wheel as build; import sys; build(sys.argv[1])"
    run(sys.executable, "-W", "ignore", "-c", code, tmp_path / "wheel", cwd=source,
        env=os.environ | {"CC": "no-compiler", "CXX": "no-compiler"})
    (wheel,) = (tmp_path / "wheel").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".so")]
        archive.extractall(tmp_path / "installed")
    shown = run(sys.executable, "-c", "from lutdla.native.variants import variant; import lutdla; "
                "print(variant(), lutdla.__file__)", cwd=tmp_path, env=os.environ | {"PYTHONPATH": "installed"})
    assert shown.startswith(f"numpy {tmp_path / 'installed'}")


def test_the_models_are_small():
    files = [ROOT / "notebooks" / name for name in MODELS]
    assert all(10_000 < file.stat().st_size < 131_072 for file in files)


@pytest.mark.parametrize("line", ["4.0.0", "3.1.2"])
@pytest.mark.parametrize(("arch", "board", "model"), [
    ("armv7l", "Pynq-Z2", "digits.xc7z020.lut"), ("armv7l", "Zybo-Z7-10", "digits.xc7z010.lut"),
    ("aarch64", "ZCU104", "digits.zcu104.lut"),
])  # fmt: skip
def test_a_shipped_model_runs_on_an_overlay_found_by_name(environment, overlays, tmp_path, line, arch, board, model):
    program = shutil.copy(Path(__file__).with_name("board_program.py"), tmp_path)
    path = {"PYTHONPATH": str(OLD_PYNQ)} if line == "3.1.2" else {}
    told = json.loads(run(environment / "python", "-W", "ignore", program, arch, board, cwd=tmp_path,
                          env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **path}).splitlines()[-1])
    assert told["pynq"] == line
    assert told["bitfile"] == str(overlays / f"lutdla.{board}.bit")
    assert told["driver"] == "lutdla.backends.pynq_driver.LutdlaCore"
    assert told["model"] == model
    assert told["right"] == told["emulator_right"] == 93
    assert told["same"]
    assert told["images"] >= 100
    assert "no overlay for Pynq-Z1 is installed (there are: Pynq-Z2, ZCU104, Zybo-Z7-10)" in told["missing"]
    assert "`lutdla build --board pynq-z1`" in told["missing"]


@pytest.mark.parametrize("line", ["4.0.0", "3.1.2"])
def test_pynq_copies_the_notebooks(environment, tmp_path, line):
    path = {"PYTHONPATH": str(OLD_PYNQ)} if line == "3.1.2" else {}
    options = {"cwd": tmp_path, "env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **path}}
    listed = run(environment / "python", "-W", "ignore", environment / "pynq", "get-notebooks", "-l", **options)
    assert "lutdla (source: lutdla_notebooks)" in listed
    run(environment / "python", "-W", "ignore", environment / "pynq", "get-notebooks", "lutdla", "-d", "Pynq-Z2", "-p",
        tmp_path / "copied", **options)
    copied = tmp_path / "copied" / "lutdla"
    assert (copied / "03_run_on_the_accelerator.ipynb").read_bytes() == (
        ROOT / "notebooks" / "lutdla_notebooks" / "03_run_on_the_accelerator.ipynb").read_bytes()
    assert {path.name for path in (copied / "models").iterdir()} >= {Path(name).name for name in MODELS}
