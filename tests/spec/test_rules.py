from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import ProgramError
from lutdla.spec.program import EncodeInput, Lookup, Loop
from lutdla.spec.rules import MAX_STEPS
from lutdla.spec.window import Port, Window
from tests.spec.small import FIRST, INNER, LAST, WINDOW, image, piece
from tests.strategies import TINY, configs, memory_images

ONLY = replace(LAST, index=0, wait_input=True, free_input=True)
"""A whole network of one record."""
WAIT, FREE = {"wait_input": True}, {"free_input": True}
TABLES = {"wait_tables": True, "free_tables": True}


def refuses(message, *records, **changes):
    with pytest.raises(ProgramError, match=message):
        image(*records, **changes).validate(TINY)


def test_a_program_that_keeps_the_rules_is_taken():
    image().validate(TINY)
    image(FIRST, ONLY).validate(TINY)


@given(data=st.data(), wild=st.booleans())
def test_drawn_programs_keep_the_rules(data, wild):
    config = data.draw(configs())
    data.draw(memory_images(config, wild)).validate(config)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ((LAST,), "record 0: a program begins with EncodeInput"),
        ((FIRST,), "EncodeInput must be the first record and not the only one"),
        ((FIRST, FIRST, LAST), "EncodeInput must be the first record"),
        ((FIRST, INNER, *[LAST] * 7), "program needs 9 records, this core has program_rows=8: use fewer layers"),
        ((FIRST, INNER), "record 1: the last record sends results to the host"),
        ((FIRST, replace(ONLY, finish=False)), "record 1: the last record sends results to the host"),
        ((FIRST, replace(ONLY, free_input=False), ONLY), "record 2: waits for a frame while one is in use: set"),
        ((FIRST, replace(LAST, **FREE)), "record 1: frees a frame that is not there: set wait_input before"),
        ((FIRST, replace(LAST, **WAIT)), "the last frame is never freed: set free_input on the last record that reads"),
        ((FIRST, replace(ONLY, wait_tables=True), replace(LAST, **TABLES)), "record 2: waits for a piece while one is"),
        ((FIRST, replace(ONLY, free_tables=True)), "record 1: frees a piece that is not there: set wait_tables before"),
        ((FIRST, replace(ONLY, wait_tables=True)), "the last piece is never freed: set free_tables"),
        ((FIRST, LAST), "the program takes no input: set wait_input on the first record that reads it"),
        ((FIRST, replace(ONLY, **TABLES)), "the program waits for 1 table pieces, the image has 0"),
        ((FIRST, ONLY, replace(ONLY, loops=(Loop(1),))), "3 rows of results for 2 images: each image must"),
    ],
)
def test_the_order_of_records(records, message):
    refuses(message, *records)


def test_an_empty_program_is_refused():
    with pytest.raises(ProgramError, match="record 0: a program begins with EncodeInput"):
        replace(image(), program=replace(image().program, records=())).validate(TINY)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (EncodeInput(0, 0), "record 0: groups is 0, it must be 1..65535"),
        (EncodeInput(3, 4), "record 0: codebooks is 4, it must be 1..groups=3"),
        (EncodeInput(33, 1), "record 0: index group written reaches 0..32, this core has 0..31: use a core with more"),
        (EncodeInput(3, 3, codebook=30), "record 0: codebook row reaches 30..32, this core has 0..31"),
    ],
)
def test_the_input_frame(first, message):
    refuses(message, first, ONLY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loops": ()}, "record 1: 0 loops, the core has 6"),
        ({"loops": (Loop(),) * 7}, "record 1: 7 loops, the core has 6"),
        ({"loops": (Loop(0),)}, "record 1: the last record sends results to the host"),
        ({"loops": (Loop(0, True),)}, "record 1: a loop counts 0, it must be 1..16384"),
        ({"loops": (Loop(16385, True),)}, "record 1: a loop counts 16385, it must be 1..16384"),
        ({"loops": (Loop(2, True, True),)}, "record 1: a loop is summed and pooled over: it can be one of both"),
        ({"loops": (Loop(1 << 12), Loop(1 << 12, True))}, f"record 1: 16777216 steps, at most {MAX_STEPS} are"),
        ({"low": 5, "high": 4}, "record 1: clamp 5..4 must be a range within -128..127"),
        ({"high": 128}, "record 1: clamp -128..128"),
        ({"index": 65536}, "record 1: index is 65536, it must be 0..65535"),
        ({"shortcut": -1}, "record 1: shortcut is -1, it must be 0..65535"),
        ({"height": -1}, "record 1: height is -1, it must be"),
        ({"window": -1}, "record 1: window is -1, it must be"),
        ({"loops": (Loop(2, pool=True),)}, "record 1: pools raw results: the host takes rows as they are"),
        ({"index": 15}, "record 1: index word reaches 15..16, this core has 0..15: use a core with more index_words"),
        ({"loops": (Loop(2, index=-1),)}, "record 1: index word reaches 0..65535"),
        ({"table": 16}, "record 1: table row / c reaches 16..16, this core has 0..15: use a core with more table_rows"),
        ({"table": 4}, "record 1: reads table row 16, which is not loaded then: the image has rows 0..15"),
        ({"loops": (Loop(5, accumulator=1),)}, "record 1: accumulator row reaches 0..4, this core has 0..3"),
        ({"encodings": 0}, "record 1: encodings is 0, it must be 1..8"),
        ({"encodings": 9}, "record 1: encodings is 9, it must be 1..8"),
        ({"encoding_stride": 65536}, "record 1: encoding_stride is 65536, it must be 0..65535"),
        ({"codebooks": -1}, "record 1: codebooks is -1, it must be 0..65535"),
        ({"window": 1}, "window row reaches 1, the model has 1: compile it again"),
    ],
)
def test_a_record(changes, message):
    refuses(message, FIRST, replace(ONLY, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"constant": 13}, "record 1: constant row reaches 13..16, this core has 0..15"),
        ({"codebook": 29}, "record 1: codebook row reaches 29..32, this core has 0..31"),
        ({"dest": 29}, "record 1: index group written reaches 29..32, this core has 0..31"),
        ({"dest": 4}, "record 1: writes index words of the input frame 0..2, where the next frame may be"),
        ({"dest": 2}, "record 1: reads and writes index word 1: give its input and its output regions of their own"),
        ({"encodings": 2, "codebooks": 29}, "record 1: codebook row reaches 0..32, this core has 0..31"),
        ({"encodings": 2, "encoding_stride": 21}, "record 1: index group written reaches 8..32, this core has 0..31"),
        ({"encodings": 2, "encode": False}, "record 1: encodings is 2, but rows are not encoded: set encode, or enc"),
        ({"dest": 6, "encodings": 2, "encoding_stride": 65535}, "record 1: index group written reaches 6..65544"),
        ({"residual": 13}, "record 1: value group added reaches 13..16, this core has 0..15: use a core with"),
        ({"store": 13}, "record 1: value group stored reaches 13..16"),
        ({"to_output": True, "finish": False}, "record 1: sends rows to the host that it does not finish"),
    ],
)
def test_a_record_that_requantises(changes, message):
    refuses(message, FIRST, replace(INNER, **changes), LAST)


def test_a_map_may_be_encoded_several_times():
    again = {"encodings": 3, "codebooks": 2, "encoding_stride": 6}
    image(FIRST, replace(INNER, **again), LAST).validate(TINY)


def test_addresses_of_rows_that_are_not_requantised_do_not_matter():
    image(FIRST, replace(INNER, finish=False, constant=99, codebook=99, dest=0, residual=9, store=9),
          replace(LAST, index=6)).validate(TINY)


def test_padding_and_resting_blocks_read_nothing():
    far = Window((Port(1000, dy=1, blocks=3), Port(-1, blocks=0)), table=1000)
    image(FIRST, replace(ONLY, height=1), windows=(far,)).validate(TINY)
    refuses("index word reaches 1000", FIRST, replace(ONLY, height=2), windows=(far,))


def test_the_input_frame_is_read_only_between_wait_and_free():
    late = replace(LAST, index=1)
    refuses("record 2: reads index words of the input frame 0..2, where the next frame may be loaded already: give "
            "it a region of its own, and set free_input on the last record that reads it", FIRST, INNER, late)
    refuses("record 1: reads index words of the input frame", FIRST, replace(LAST, index=0), ONLY)


# -- values ----------------------------------------------------------------------------------------------------------
def adding(loops, residual, store):
    return Lookup(loops, dest=8, residual=residual, store=store, **WAIT, **FREE)


ROWS = (Loop(2, channel=2, dest=2), Loop(3, True, table=1))


def test_a_row_may_replace_the_values_that_it_adds():
    image(FIRST, adding(ROWS, 0, 0), LAST).validate(TINY)
    image(FIRST, adding(ROWS, 0, 4), LAST).validate(TINY)


@pytest.mark.parametrize(
    ("loops", "residual", "store"),
    [
        (ROWS, 0, 2),
        (ROWS, 3, 0),
        ((Loop(2, dest=1), *ROWS[1:]), 0, 0),  # rows of two groups, one group apart
        ((Loop(2), *ROWS[1:]), 0, 0),  # both rows at the same place
        ((Loop(2, pool=True, dest=2), *ROWS[1:]), 0, 0),
        ((Loop(2, pool=True, dest=2), *ROWS[1:]), 2, 0),  # only the second row's place is stored to
    ],
)
def test_no_row_adds_what_another_row_of_its_record_stores(loops, residual, store):
    refuses(f"record 1: adds values at {residual} and stores values at {store}, which overlap: use the same place for "
            "both, without pooling", FIRST, adding(loops, residual, store), LAST)  # fmt: skip


# -- table pieces ----------------------------------------------------------------------------------------------------
A, B = replace(ONLY, table=4, **TABLES), replace(LAST, index=4, table=8, **TABLES)


def test_a_piece_is_read_between_wait_and_free():
    pieces = piece(16, 16), piece(32, 16)
    image(FIRST, A, B, pieces=pieces).validate(TINY)
    refuses("record 1: reads table row 32, which is not loaded then: the image has rows 0..15, 16..31",
            FIRST, replace(A, table=8), B, pieces=pieces)
    refuses("record 1: reads table row 16, which is not loaded then: the image has rows 0..15$",
            FIRST, replace(ONLY, table=4), replace(LAST, **TABLES), replace(LAST, **TABLES), pieces=pieces)


def test_rows_of_one_lookup_lie_in_one_place():
    odd = replace(image(), tables=np.zeros((4, 14, 4), np.int8))
    refuses("reads table row 12, which is not loaded then", FIRST, replace(A, table=3), B,
            tables=odd.tables, pieces=(piece(14, 16), piece(32, 16)))


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ((piece(16, 16), piece(31, 16)), "table piece 0 overlaps the next one, which is loaded while it is read: use"),
        ((piece(16, 16), piece(32, 33)), "table piece 1 covers rows 32..64: it must have some, behind the 16"),
        ((piece(15, 16), piece(32, 16)), "table piece 0 covers rows 15..30: .* below table_rows=64"),
        ((piece(16, 0), piece(32, 16)), "table piece 0 covers rows 16..15"),
        ((piece(16, 16, replace(TINY, lanes=8)), piece(32, 16)), r"table piece 0 has shape \(4, 16, 8\), this"),
    ],
)
def test_places_of_pieces(pieces, message):
    refuses(message, FIRST, A, B, pieces=pieces)


def test_the_last_piece_and_the_first_of_the_next_pass_do_not_overlap():
    pieces = piece(16, 16), piece(32, 16), piece(20, 4)
    refuses("table piece 2 overlaps the next one", FIRST, A, B, replace(LAST, **TABLES), pieces=pieces)


def test_one_piece_alone_is_refused():
    refuses("one table piece alone would be loaded over itself: let it stay in the core", FIRST, A,
            pieces=(piece(16, 16),))


# -- drain -----------------------------------------------------------------------------------------------------------
def test_a_record_that_reads_what_may_be_on_its_way_must_drain():
    refuses("record 2: reads what may still be on its way when it starts: set drain", FIRST, INNER,
            replace(LAST, drain=False))
    image(FIRST, replace(INNER, drain=False), LAST).validate(TINY)


def test_windows_are_checked():
    refuses("window 0: dy of port 0 is 200, it must be -128..127",
            windows=(Window((Port(dy=200), *WINDOW.ports[1:])),))
