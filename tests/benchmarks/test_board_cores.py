"""The cores of boards are what the search finds."""

import pytest

from benchmarks.board_cores import CORES, FOLDER, ROOM, boards_of, found, limits_for, text
from lutdla.explore.area import estimate
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.cores import core_names, load_core
from lutdla_overlay.limits import limits_of


def test_every_core_comes_from_the_search():
    assert set(CORES) == set(core_names())
    assert {load_board(name).core for name in board_names()} <= set(CORES)
    for key in CORES:
        assert "Written by `python -m benchmarks.board_cores`" in (FOLDER / f"{key}.toml").read_text()


def test_a_core_is_what_the_search_finds():
    """One of them: `python -m benchmarks.board_cores --check` looks at all."""
    assert (FOLDER / "xc7z020.toml").read_text() == text("xc7z020", found("xc7z020"))


@pytest.mark.parametrize("key", CORES)
def test_all_boards_of_a_core_hold_it(key):
    core = load_core(key)
    area = estimate(core.config, core.family, core.ultra_ram)
    for name in boards_of(key):
        assert limits_of(load_board(name)).holds(area), name
    assert limits_for(key).holds(area)
    assert all(getattr(core.config, field) >= depth for field, depth in ROOM.items())
