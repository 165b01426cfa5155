"""Pieces of work are done once, in order, here."""

import pytest

from lutdla.errors import ConfigError
from lutdla.explore.ledger import Ledger
from lutdla.explore.work import Piece, do
from tests.explore.noted import notes, refuses, square


def pieces(folder, numbers):
    return [Piece(f"square {number}", square, {"number": number, "folder": str(folder)}) for number in numbers]


def test_results_come_in_the_order_of_the_pieces(tmp_path):
    ledger, told = Ledger(), []
    ledger.keep("square 1", {"kept": True})
    found = do(pieces(tmp_path, (2, 1, 3)), ledger, lambda *of: told.append(of))
    assert list(found.items()) == [("square 2", {"number": 2, "square": 4}), ("square 1", {"kept": True}),
                                   ("square 3", {"number": 3, "square": 9})]
    assert told == [(1, 3, "square 2"), (2, 3, "square 1"), (3, 3, "square 3")]
    assert [number for number, _ in notes(tmp_path)] == [2, 3]


def test_a_search_that_was_broken_off_goes_on(tmp_path):
    def breaks(done, of, key):
        if done == 2:
            raise KeyboardInterrupt

    with Ledger(tmp_path / "search.db") as ledger, pytest.raises(KeyboardInterrupt):
        do(pieces(tmp_path, range(4)), ledger, breaks)
    with Ledger(tmp_path / "search.db") as ledger:
        assert len(ledger) == 2
        assert len(do(pieces(tmp_path, range(4)), ledger)) == 4
    assert [number for number, _ in notes(tmp_path)] == [0, 1, 2, 3]


def test_a_piece_that_fails_leaves_nothing(tmp_path):
    ledger = Ledger()
    with pytest.raises(ConfigError, match="v is 99"):
        do([*pieces(tmp_path, (1,)), Piece("refuses", refuses, {"folder": str(tmp_path)})], ledger)
    assert "square 1" in ledger
    assert "refuses" not in ledger
