from pathlib import Path

from lutdla.data import LOADERS, card, document

DOCS = Path(__file__).parents[2] / "docs"


def test_committed_page_is_up_to_date():
    assert (DOCS / "data.md").read_text() == document.page(), "docs/data.md is out of date: run make docs"


def test_the_page_has_every_set_with_licence_and_citation():
    page = document.page()
    for name in LOADERS:
        known = card(name)
        assert f"\n## {name}\n" in page
        assert f"| licence | {known.licence} |\n| cite | {known.citation} |" in page


def test_main_writes_the_page(tmp_path):
    document.main(["--out", str(tmp_path / "new")])
    assert (tmp_path / "new" / "data.md").read_text() == document.page()
