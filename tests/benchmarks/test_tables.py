import re

import pytest

from benchmarks import tables
from benchmarks.record import ORIGIN, ROOT, check_flat

DEMO = dict.fromkeys(tables.README_KEYS, 1) | {"dense_accuracy": 0.8912, "table_bytes": 1234567}
MADE = {"command": "lutdla demo", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU, 2 cores"}


def test_committed_pages_show_the_committed_results():
    """`make docs` brings them up to date."""
    for name, content in tables.pages(tables.results()).items():
        assert (ROOT / "docs" / name).read_text() == content, f"docs/{name} is out of date: run make docs"


def test_readme_shows_the_committed_results():
    readme = (ROOT / "README.md").read_text()
    assert readme == tables.with_block(readme, tables.readme_block(tables.results())), "README.md: run make docs"


def test_committed_results_are_flat_and_agree_with_the_reference():
    for name, figures in tables.results().items():
        check_flat(figures)
        assert not re.search(r"/(home|root|tmp|usr)/", figures["command"] + figures["machine"]), name
        for key, value in figures.items():
            assert "mismatches" not in key or value == 0, f"{name}: {key}={value}"


def test_figures_are_shown_as_readers_want_them():
    shown = tables.table(DEMO | MADE)
    assert "| accuracy of the dense network | 89.12% |" in shown
    assert "| table memory, bytes | 1,234,567 |" in shown
    assert "Made by `lutdla demo` at commit `0123456789ab` on 2026-01-02; a CPU, 2 cores." in shown
    assert not any(f"| {key} |" in shown for key in ORIGIN)


def test_a_rate_that_rests_on_the_clock_is_called_predicted():
    assert "(predicted, at the assumed clock)" in tables.table({"images_per_second": 24000.0} | MADE)


def test_readme_says_when_nothing_was_measured():
    assert "Not measured yet" in tables.readme_block({})
    block = tables.readme_block({"demo": DEMO | MADE, "verify": {"vectors": 500, "mismatches_rtl": 0} | MADE})
    assert "Not measured yet" not in block
    assert "over 500 vectors: rtl 0 (`lutdla demo`)" in block


def test_a_missing_figure_is_named():
    with pytest.raises(ValueError, match="have no 'device_accuracy': measure it again"):
        tables.readme_block({"demo": {key: DEMO[key] for key in DEMO if key != "device_accuracy"} | MADE})


def test_a_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="must hold"):
        tables.with_block("# lutdla", tables.readme_block({}))


def test_a_result_without_its_origin_is_refused(tmp_path):
    (tmp_path / "speed.json").write_text('{"command": "true"}')
    with pytest.raises(ValueError, match=r"speed\.json has no 'commit': write it with benchmarks\.record"):
        tables.results(tmp_path)
