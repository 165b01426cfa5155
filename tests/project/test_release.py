"""Files of a release agree with setup.py, and with what is there."""

import re
import runpy
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version("lutdla")
    assert citation["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


@pytest.mark.parametrize("form", [form for form in FORMS if form.stem != "config"], ids=lambda form: form.stem)
def test_forms_of_issues_are_forms(form):
    found = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(found)
    identifiers = [entry["id"] for entry in found["body"] if entry["type"] != "markdown"]
    assert len(identifiers) == len(set(identifiers)) > 0


def test_nox_runs_tests_that_exist_on_the_pythons_of_setup_py():
    sessions = runpy.run_path(str(ROOT / "noxfile.py"))
    for path in (*sessions["BASE_TESTS"], *sessions["BOARD_TESTS"]):
        assert (ROOT / path).exists(), path
    named = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "setup.py").read_text())
    assert tuple(named) == sessions["PYTHONS"]


@pytest.mark.parametrize("name", ["SECURITY.md", "CODE_OF_CONDUCT.md"])
def test_what_people_look_for_is_linked(name):
    assert f"({name})" in (ROOT / "CONTRIBUTING.md").read_text()
