"""The notebooks are built from their sources, and run."""

import shutil
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9]*.py"))
TARGET = 'target = "lutdla.bit" if has_board() else "emulator"'


def built(source):
    return NOTEBOOKS / "lutdla_notebooks" / f"{source.stem}.ipynb"


def cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_every_notebook_has_its_source():
    assert SOURCES
    assert [built(source) for source in SOURCES] == sorted((NOTEBOOKS / "lutdla_notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook_and_source_are_the_same(source):
    notebook = nbformat.read(built(source), as_version=4)
    assert cells(notebook) == cells(jupytext.read(source)), (
        f"build it again: jupytext --to ipynb -o {built(source)} {source}"
    )
    assert not any(cell.get("outputs") for cell in notebook.cells)


def text_of(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream"), outputs


@pytest.mark.timeout(120)
@pytest.mark.parametrize("target", ["emulator", "pynq"])
def test_run_a_network(target, tmp_path):
    """As a user runs it: in a folder of its own, with the models beside it."""
    folder = shutil.copytree(NOTEBOOKS / "lutdla_notebooks", tmp_path / "lutdla")
    notebook = nbformat.read(folder / "01_run_a_network.ipynb", as_version=4)
    (cell,) = (cell for cell in notebook.cells if TARGET in cell.source)
    cell.source = cell.source.replace(TARGET, f'target = "{target}"')
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    text, outputs = text_of(notebook)
    assert "digits.xc7z010.lut runs on v=4 c=16 l1" in text
    assert "93 of 100 are right" in text
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert "images    " in text, "the profile is shown"
    assert ("MAGIC = Register(" in text) == (target == "pynq")
    assert ("'LOADED': 1" in text) == (target == "pynq")
