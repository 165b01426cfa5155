from dataclasses import replace

from lutdla.backends.consumer import PIECES_AHEAD, Consumer
from lutdla.spec.program import Program
from tests.spec.small import FIRST, INNER, LAST

EARLY = Program((FIRST, INNER, LAST))
"""Frees its frame before its last record."""
LATE = Program((FIRST, replace(INNER, free_input=False), replace(LAST, free_input=True)))
STREAMED = Program((FIRST, replace(INNER, wait_tables=True, free_tables=True),
                    replace(LAST, wait_tables=True, free_tables=True)))


def test_a_program_without_pieces_takes_frame_after_frame():
    for program in (EARLY, LATE):
        run = Consumer(program, 3)
        for k in range(3):
            assert (run.missing, run.left, run.row) == (3 - k, 3 - k, 1)
            assert run.room_for_frame()
            run.take_frame(k)
        assert (run.missing, run.left) == (0, 0)
        assert run.ready == [((k,), ()) for k in range(3)]


def test_a_frame_has_room_when_the_one_before_is_freed():
    run = Consumer(STREAMED, 2)
    run.take_frame("a")
    assert not run.room_for_frame()  # record 1 waits for a piece, and has not freed it
    run.take_piece("p")
    assert (run.row, run.room_for_frame()) == (2, True)
    run.take_frame("b")
    assert (run.room_for_frame(), run.ready) == (False, [])
    run.take_piece("q")
    assert (run.row, run.ready) == (1, [(("a",), ("p", "q"))])


def test_pieces_have_room_for_one_ahead():
    run = Consumer(STREAMED, 2)
    for k in range(PIECES_AHEAD):
        assert run.room_for_piece()
        run.take_piece(k)
    assert not run.room_for_piece()
    run.take_frame("a")
    assert run.room_for_piece()
    assert run.ready == [(("a",), (0, 1))]
    run.take_piece(2)
    run.take_frame("b")
    run.take_piece(3)
    assert run.ready[1] == (("b",), (2, 3))


def test_images_that_do_not_fill_a_pass_starve():
    two = Program((FIRST, INNER, LAST, INNER, LAST))
    run = Consumer(two, 3)
    for k in range(3):
        run.take_frame(k)
    assert (run.missing, run.left, run.row) == (0, 1, 3)
    assert run.ready == [((0, 1), ())]
