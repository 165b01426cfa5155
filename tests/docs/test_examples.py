"""What the pages show works, and what they name is there."""

import dataclasses
import re
import shlex
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from lutdla.backends import BACKENDS
from lutdla.cli import application
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla_overlay.cores import load_core
from tests.docs.pages import DOCS, ROOT, WRITTEN, examples, name_of

ENVIRONMENT = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
TARGETS = ("clean", "demo", "docs", "site", "test")


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """The working folder, with what the demo leaves, and the same as digits.lut, for the core of most boards."""
    config = load_core("xc7z020").config
    network = dataclasses.replace(random_network(config, (784, 32, 10)), input_shape=(28, 28), input_scale=1 / 255)
    (tmp_path / "lutdla-demo").mkdir()
    for name in ("digits.lut", "lutdla-demo/mlp.lut"):
        assemble(network, config).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", [page for page in WRITTEN if examples(page, "python")], ids=name_of)
def test_python_runs(page, digits):
    """One after the other, as a reader would."""
    known, names = dict(BACKENDS), {"__name__": "example"}
    try:
        for code in examples(page, "python"):
            exec(compile(code, str(page), "exec"), names)
    finally:
        for name in set(BACKENDS) - set(known):
            del BACKENDS[name]


def lines(language):
    return [pytest.param(line.removeprefix("$ ").partition("  #")[0], id=f"{name_of(page)}: {line}")
            for page in WRITTEN for block in examples(page, language) for line in block.splitlines() if line]


@pytest.mark.parametrize("line", lines("sh"))
def test_commands_run(line, digits):
    program, *arguments = shlex.split(line)
    assert program == "lutdla"
    done = CliRunner().invoke(application(), arguments, env=ENVIRONMENT, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("line", lines("console"))
def test_commands_that_are_only_shown_exist(line):
    program, command, *words = shlex.split(line)
    if program == "make":
        assert command in TARGETS
        assert f"\n{command}:" in (ROOT / "Makefile").read_text()
        return
    assert program == "lutdla"
    shown = CliRunner().invoke(application(), [command, "--help"], env=ENVIRONMENT)
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in words if word.startswith("--"))


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_files_that_are_named_exist(page):
    named = re.findall(r"`((?:host|hdl|overlay|tests|benchmarks|docs|scripts|notebooks)/[\w./*-]+)`", page.read_text())
    assert [path for path in named if not list(ROOT.glob(path.rstrip("/")))] == []


def test_how_to_pages_name_many_files():
    for page in (DOCS / "how-to").glob("new-*.md"):
        assert len(set(re.findall(r"`[\w-]+/[\w./-]+\.\w+`", page.read_text()))) >= 4, page.name


def test_links_to_other_servers_are_well_formed():
    for page in DOCS.rglob("*.md"):
        for link in re.findall(r"\]\((\w+:[^)\s]*)", page.read_text()):
            at = urlsplit(link)
            assert at.scheme == "https", f"{page.name}: {link}"
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", at.netloc), f"{page.name}: {link}"
