"""The notebooks are built from their sources, and run, as a user runs them: in a folder with the models beside them.

All together take about a minute and a half of one core, where the Verilated core of 03 is to be built.
"""

from pathlib import Path

import jupytext
import nbformat
import pytest

from benchmarks import notebooks

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9]*.py"))
TARGET = 'target = "lutdla.bit" if has_board() else "emulator"'

EXPECTED = {
    "01_what_a_lookup_network_is": (5, ["4,096 multiplications"]),
    "02_train_and_convert": (2, ["the results are the same bits", "were won back"]),
    "03_run_on_the_accelerator": (3, ["digits.xc7z010.lut runs on v=4 c=16 l1", "93 of 100 are right", "(4000, 10)",
                                      "MAGIC = Register(", "'LOADED': 1", "cycles an image"]),
    "04_bring_your_own_model": (2, ["layer second_norm (BatchNorm2d)", "PyTorch agree:   True",
                                    "reference agree: True"]),
    "05_choose_a_configuration": (2, ["pynq-z2: v=4 c=16", "smallest"]),
    "06_look_inside": (2, ["it is a 0", "with one retry:\n  right", "recovered from:\n  pynq: running"]),
    "07_a_pretrained_transformer": (2, ["a small encoder: 2 layers", "is nearest to: the sunshine stops over the sea"]),
}  # fmt: skip
"""Name -> plots, and texts that are printed."""

CHANGES = {"03_run_on_the_accelerator": {TARGET: 'target = "pynq"'},
           "07_a_pretrained_transformer": {"real = minilm.WHEEL.path.is_file()": "real = False"}}  # fmt: skip
"""Name -> what is different in a test: the emulated board, and the network that is always there."""


def built(source):
    return NOTEBOOKS / "lutdla_notebooks" / f"{source.stem}.ipynb"


def cells(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_every_notebook_has_its_source():
    assert [source.stem for source in SOURCES] == notebooks.names() == list(EXPECTED)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_notebook_and_source_are_the_same(source):
    notebook = nbformat.read(built(source), as_version=4)
    assert cells(notebook) == cells(jupytext.read(source)), (
        f"build it again: jupytext --to ipynb -o {built(source)} {source}"
    )
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.timeout(notebooks.LIMIT_S + 60)
@pytest.mark.parametrize("name", EXPECTED)
def test_it_runs(name, tmp_path):
    pictures, texts = EXPECTED[name]
    done = notebooks.execute(name, tmp_path / "lutdla", CHANGES.get(name))
    assert done.error == ""
    assert [text for text in texts if text not in done.text] == [], done.text
    assert done.pictures == pictures
    assert "DIFFERENT" not in done.text
    assert "WRONG" not in done.text
    assert "Warning" not in done.text
    if name.startswith("03"):
        for target in ("emulator", "pynq", "rtl", "myhdl"):
            assert f"\n{target:<9} " in f"\n{done.text}", "it was compared"
        panels = [output.data for output in done.outputs if "data" in output]
        assert any("application/vnd.jupyter.widget-view+json" in data for data in panels), "the run was watched"


def test_an_error_in_a_notebook_is_told(tmp_path):
    done = notebooks.execute("03_run_on_the_accelerator", tmp_path / "lutdla", {TARGET: 'raise ValueError("broken")'},
                             until="## Load")
    assert "ValueError" in done.error
    assert done.pictures == 0
