"""What setup.py packs, and that the commands around the code fit together."""

import fnmatch
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import setuptools

ROOT = Path(__file__).parents[2]


@pytest.fixture
def packed(monkeypatch):
    """The arguments that setup.py gives to setup()."""
    seen = {}
    monkeypatch.setattr(setuptools, "setup", lambda **arguments: seen.update(arguments))
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(ROOT / "setup.py"))
    return seen


def test_every_file_of_the_source_folders_is_packed(packed):
    for package, folder in packed["package_dir"].items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_dir() or "__pycache__" in path.parts or path.suffix == ".so":
                continue  # setuptools packs what it compiles
            inside = path.relative_to(ROOT / folder)
            if path.suffix == ".py":
                assert ".".join((package, *inside.parent.parts)) in packed["packages"], f"{path}: not packed"
                continue
            owners = [p for p in packed["packages"] if path.is_relative_to(ROOT / folder / _below(p, package))]
            patterns = [(p, pattern) for p in owners for pattern in packed["package_data"].get(p, [])]
            assert any(
                fnmatch.fnmatch(str(path.relative_to(ROOT / folder / _below(p, package))), pattern)
                for p, pattern in patterns
            ), f"{path}: no pattern of package_data in setup.py packs it"


def _below(package: str, root: str) -> str:
    return "/".join(package.split(".")[1:]) if package.split(".")[0] == root else "not-here"


def test_base_install_needs_little(packed):
    assert packed["install_requires"] == ["numpy", "safetensors", "typer", "tomli; python_version < '3.11'"]
    assert set(packed["extras_require"]) == {"board", "train", "plot", "onnx", "pretrained", "hdl", "overlay",
                                                "explore", "docs", "notebooks", "release", "test"}


def test_pynq_finds_overlays_notebooks_and_driver(packed):
    """Each entry point names a module that is packed."""
    groups = {group: entries for group, entries in packed["entry_points"].items() if group.startswith("pynq.")}
    assert groups == {
        "pynq.overlays": ["lutdla=lutdla_overlay.overlays"], "pynq.notebooks": ["lutdla=lutdla_notebooks"],
        "pynq.lib": ["lutdla=lutdla.backends.pynq_driver"],
    }  # fmt: skip
    for (entry,) in groups.values():
        package, *inside = entry.partition("=")[2].split(".")
        path = ROOT / packed["package_dir"][package] / "/".join(inside)
        assert (path / "__init__.py").is_file() or path.with_suffix(".py").is_file()


def test_the_installed_version_is_the_one_of_setup_py(packed):
    assert version("lutdla") == packed["version"]
    assert f"## [{packed['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_ci_runs_the_readme_test_command():
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["set -e", 'cd "$(dirname "$0")/.."', "make test"]
    readme = (ROOT / "README.md").read_text()
    assert "\nmake demo " in readme
    assert "\nmake test " in readme


def test_missing_system_packages_are_named_with_the_command(tmp_path):
    """A machine with a shell, Python and nothing more, where nothing may be installed."""
    for name in ("sh", "id", "test"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        [ROOT / "scripts" / "install-system", "--check"], capture_output=True, text=True, timeout=60,
        env={"PATH": str(tmp_path), "PYTHON": sys.executable, "HOME": str(tmp_path), "LUTDLA_DATA": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    for package in ("g++", "make", "perl", "chromium", "chromium-driver", "iverilog", "dataset-fashion-mnist"):
        assert f"missing: {package} (" in done.stderr
    data = "dataset-fashion-mnist asterisk-core-sounds-en-wav"
    assert re.search(rf"sudo apt-get install -y .*g\+\+ .*iverilog {data}", done.stderr)


def test_an_unsupported_python_is_refused(tmp_path):
    """scripts/install-python says which Python it needs before it makes anything."""
    fake = tmp_path / "python3"
    fake.write_text(
        '#!/bin/sh\nsed "s/sys.version_info/(3, 9)/" | exec ' + sys.executable + ' "$@"\n'
    )
    fake.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "install-python"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHON": str(fake), "VENV": str(tmp_path / "venv")},
    )  # fmt: skip
    assert done.returncode == 1
    assert "lutdla is built with 3.10 to 3.12" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_data_alone_is_no_reason_to_stop(tmp_path):
    """lutdla downloads it itself where there is no package for it."""
    done = subprocess.run(
        [ROOT / "scripts" / "install-system", "--check"], capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(tmp_path), "LUTDLA_DATA": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == (
        "missing: dataset-fashion-mnist (images of the demo)\n"
        "missing: asterisk-core-sounds-en-wav (speech for the tests)\n"
        "going on: data is downloaded when it is first needed\n"
    )


def test_missing_packages_are_installed_by_who_may(tmp_path):
    """As root: apt's list is refreshed only after a first attempt failed, and what was installed is looked at again."""
    tools, log = tmp_path / "tools", tmp_path / "log"
    tools.mkdir()
    for name in ("sh", "test", "ln", "mkdir", "touch"):
        (tools / name).symlink_to(shutil.which(name))
    scripts = {
        "id": "echo 0",
        "apt-get": f"""echo "$@" >>{log}
            [ "$1" != update ] || {{ touch {tmp_path}/updated; exit 0; }}
            [ -e {tmp_path}/updated ] || exit 100
            for tool in g++ make perl chromium chromedriver iverilog; do ln -s /bin/true {tools}/$tool; done
            mkdir {tmp_path}/fashion-mnist; echo images >{tmp_path}/fashion-mnist/t10k-images-idx3-ubyte.gz
            mkdir {tmp_path}/speech-prompts; echo sound >{tmp_path}/speech-prompts/hello-world.wav""",
    }
    for name, text in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    environment = {"PATH": str(tools), "PYTHON": sys.executable, "HOME": str(tmp_path), "LUTDLA_DATA": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [ROOT / "scripts" / "install-system"], capture_output=True, text=True, timeout=60, env=environment
        )
        assert done.returncode == 0, done.stderr
    packages = "g++ make perl chromium chromium-driver iverilog dataset-fashion-mnist asterisk-core-sounds-en-wav"
    install = f"install -y -q --no-install-recommends {packages}"
    assert log.read_text().splitlines() == [install, "update -q", install]
