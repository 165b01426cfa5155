from pathlib import Path

import pytest

from lutdla_overlay import document
from lutdla_overlay.boards import board_names

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", document.pages())
def test_committed_pages_are_up_to_date(name):
    assert (DOCS / name).read_text() == document.pages()[name], f"docs/{name} is out of date: run make docs"


def test_every_board_is_on_the_page_three_times():
    page = document.boards_page()
    assert all(page.count(f"\n| `{board}` |") == 3 for board in board_names())


def test_main_writes_the_pages(tmp_path):
    document.main(["--out", str(tmp_path / "new")])
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(document.pages())
