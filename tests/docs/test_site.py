"""The site builds without a warning, is whole, and asks no other server for anything."""

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

import lutdla
import lutdla.nn
from lutdla.cli import application
from tests.docs.pages import DOCS, ROOT

PICTURES = ("core.svg", "flow.svg", "waves.svg")
"""The fourth is drawn from random numbers, which another numpy may draw otherwise."""


def run(script, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, ROOT / "docs" / "site" / script, *arguments], capture_output=True, text=True,
                          timeout=250, env=environment)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built once: some 15 seconds, of which most are Sphinx's imports and pages."""
    out = tmp_path_factory.mktemp("site")
    done = run("build.py", "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out


class Page(HTMLParser):
    """What a page leads to, what it loads, and what can be led to in it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.add(given.get("id"))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and "src" in given:
            self.loaded.append(given["src"])
        if tag == "link" and "href" in given:
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_nothing_comes_from_elsewhere(pages, site):
    for path, page in pages.items():
        for target in page.loaded:
            if target == "#":  # the search page's own script
                continue
            assert not urlsplit(target).netloc, f"{path.name} loads {target}"
            assert (path.parent / unquote(urlsplit(target).path)).resolve().is_file(), f"{path.name} loads {target}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", sheet.read_text()), sheet.name


def test_links_lead_to_pages_and_to_places_in_them(pages):
    for path, page in pages.items():
        for link in page.links:
            at = urlsplit(link)
            if at.scheme or at.netloc:
                continue
            target = (path.parent / unquote(at.path)).resolve() if at.path else path
            assert target.is_file(), f"{path.name} leads to {link}"
            if at.fragment and target in pages:
                assert unquote(at.fragment) in pages[target].anchors, f"{path.name} leads to {link}"


def test_every_page_and_notebook_is_there(site):
    for page in DOCS.rglob("*.md"):
        assert (site / page.relative_to(DOCS)).with_suffix(".html").is_file()
    scripts = list((ROOT / "notebooks").glob("[0-9][0-9]_*.py"))
    assert scripts
    for script in scripts:
        assert (site / "tutorials" / f"{script.stem}.html").is_file()


@cache
def documented(site):
    return {anchor for page in (site / "reference").glob("*.html") for anchor in Page(page).anchors if anchor}


def test_everything_public_is_documented(site):
    ends = {anchor.rpartition(".")[2] for anchor in documented(site) if anchor.startswith("lutdla")}
    assert [name for name in lutdla.__all__ if name not in ends and name != "errors"] == []
    assert [name for name in lutdla.nn.__all__ if name not in ends] == []
    errors = [name for name, value in vars(lutdla.errors).items() if isinstance(value, type)]
    assert [name for name in errors if f"lutdla.errors.{name}" not in documented(site)] == []


def test_every_command_is_documented(site):
    names = {command.name for command in application().registered_commands}
    assert [name for name in names if f"lutdla-{name}" not in documented(site)] == []


def test_links_to_files_that_are_no_pages_are_their_names(site):
    text = (site / "boards.html").read_text()
    assert "overlay/lutdla_overlay/boards" in text
    assert not list(site.rglob("*.toml"))


def test_pages_that_nothing_names_are_listed_once(site):
    home = (site / "index.html").read_text()
    listed = re.findall(r'class="toctree-l1[^"]*"><a class="reference internal" href="([^"#]+)"', home)
    assert len(listed) == len(set(listed))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    out = tmp_path_factory.mktemp("pictures")
    done = run("pictures.py", "--out", out, *PICTURES)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_those_that_the_code_draws(name, drawn):
    found, committed = outlines(drawn / name), outlines(DOCS / "pictures" / name)
    assert len(found) == len(committed) > 100, f"docs/pictures/{name} is out of date: run make docs"
    assert np.allclose(found, committed, atol=0.5), f"docs/pictures/{name} is out of date: run make docs"


def outlines(picture):
    """Coordinates of all lines of a picture but those of letters, which are a font's."""
    paths = re.findall(r'<path d="([^"]+)" (?:clip-path|style="(?:fill|stroke))', picture.read_text())
    return np.array([float(number) for path in paths for number in re.findall(r"-?[\d.]+", path)])
