import os
import subprocess
import sys

from benchmarks import compile_growth, compile_words, startup, startup_page, tables
from benchmarks.growth_plot import Panel, draw

MADE = {"command": "python -m benchmarks.x", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU"}
STARTUP = {"network": "resnet8", "turns": 15, "python_ms": 11.0, "numpy_ms": 60.0, "import_ms": 2.5,
           "open_load_ms": 150.0, "cli_help_ms": 180.0} | MADE  # fmt: skip


def growth():
    """Seconds as `compile_growth` gives them, all linear."""
    figures = dict(MADE)
    for axis in compile_words.AXES:
        for size in (2, 4, 16):
            figures[f"bytes_{axis}_{size}"] = 1000 * size
            figures |= {f"seconds_{axis}_{step}_{size}": 0.5 * size for step in compile_words.STEPS}
        figures |= {f"exponent_{axis}_{step}": 1.0 for step in compile_words.STEPS}
    return figures | dict.fromkeys(compile_words.RESNET20, 1.25)


def test_startup_stands_beside_its_limits():
    page = startup_page.startup(STARTUP)
    assert "| `import lutdla`, in the process | 2.5 | 50 |" in page
    assert "of a resnet8 artefact, in the process, behind the import | 150.0 | 300 |" in page
    assert "importing numpy is 40%" in page
    assert "Medians of 15 fresh processes" in page


def test_growth_is_a_row_for_each_step_and_a_picture():
    page = startup_page.growth(growth())
    assert "| save | 8.000 | 1.00 | 8.000 | 1.00 |" in page
    assert "(2 to 16 blocks)" in page
    assert "16,000 bytes of tables" in page.replace("\n", " ")
    assert "1.25 s for zcu104" in page
    assert "(compile_growth.svg)" in page


def test_sections_come_with_their_figures():
    assert startup_page.sections({"demo": MADE}) == []
    found = {"startup": STARTUP, "compile_growth": growth()}
    assert [title for title, _ in startup_page.sections(found)] == ["Startup", "Time to convert and compile"]
    assert [name for name in (*found, "demo") if startup_page.covers(name)] == list(found)
    assert "## Startup" in tables.pages(found)["performance.md"]


def test_the_same_figures_give_the_same_picture(tmp_path):
    for name in ("a.svg", "b.svg"):
        compile_words.plot(growth(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    draw([Panel("title", "sizes", "values", {"measured": {1: 2.0, 10: 30.0}})], tmp_path / "c.svg")
    assert (tmp_path / "c.svg").read_text().count("<svg") == 1


def test_other_processes_draw_the_same_picture_of_growth(tmp_path):
    for seed in ("1", "2"):
        code = (f"from pathlib import Path; from benchmarks import growth, tables; "
                f"growth.plot(tables.results()['growth'], Path({str(tmp_path)!r}) / '{seed}.svg')")
        subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, cwd=tables.ROOT,
                       check=True, timeout=120)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_medians_leave_out_the_first_turn():
    given = iter((9.0, 0.001, 0.003, 0.002))
    assert startup.medians({"a": lambda: next(given)}, turns=3) == {"a": 2.0}


def test_a_fresh_process_is_timed_from_outside_and_inside():
    assert startup.whole("-c", "pass") > 0
    assert startup.inside("-c", "print(0.25)") == 0.25


def test_the_shortest_of_the_repeats_counts():
    seconds = {}
    assert compile_growth.timed(seconds, "step", lambda: "made") == "made"
    assert 0 < seconds["step"] < compile_growth.ENOUGH_S


def test_each_step_of_the_chain_is_timed(monkeypatch):
    monkeypatch.setattr(compile_growth, "REPEATS", 1)
    table_bytes, seconds = compile_growth.chain(1, 16)
    assert table_bytes > 0
    assert list(seconds) == list(compile_words.STEPS)
