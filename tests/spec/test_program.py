from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import ProgramError
from lutdla.reference import steps
from lutdla.spec.config import LOOPS, STREAMS
from lutdla.spec.program import (
    EncodeInput,
    Lookup,
    Loop,
    Program,
    decode_record,
    encode_program,
    encode_record,
    increments,
    padded_loops,
    record_bytes,
    record_fields,
    validate_program,
)
from tests.strategies import TINY, configs, memory_images

FIRST = EncodeInput(5, 5)
INNER = Lookup((Loop(2, channel=2, dest=2), Loop(3, True, table=1)), (0, 1), 2, 3, dest=8)
LAST = Lookup((Loop(2),), (0, 1), 2, 3, to_output=True)


@given(data=st.data())
def test_a_record_survives_its_bytes(data):
    config = data.draw(configs())
    program = data.draw(memory_images(config, wild=True)).program
    for i, record in enumerate(program.records):
        end = i == len(program.records) - 1
        found, found_end = decode_record(encode_record(record, end, config), config)
        assert found_end == end
        if isinstance(record, EncodeInput):
            assert found == record
            continue
        assert list(steps(found)) == list(steps(record))
        assert len(found.loops) == LOOPS
        same = replace(found, loops=record.loops, index=found.index - (found.index & 0x8000) * 2)
        assert same == record


@given(data=st.data())
def test_increments_walk_the_same_addresses_as_strides(data):
    record = data.draw(memory_images(TINY)).program.records[-1]
    loops = padded_loops(record)
    for stream in STREAMS:
        added, address, at, walked = increments(loops, stream), 0, [0] * LOOPS, []
        for _ in range(record.steps()):
            walked.append(address)
            moving = next((i for i in reversed(range(LOOPS)) if at[i] < loops[i].count - 1), None)
            if moving is not None:  # the innermost loop that is not at its end advances, inner ones return
                at[moving], at[moving + 1 :] = at[moving] + 1, [0] * (LOOPS - moving - 1)
                address += added[moving]
        assert walked == [addresses[stream] for addresses, _, _ in steps(record)]


@given(config=configs())
def test_a_record_is_whole_bytes(config):
    assert sum(width for _, width in record_fields(config)) == 8 * record_bytes(config)
    assert len({name for name, _ in record_fields(config)}) == len(record_fields(config))


def test_only_the_last_record_is_the_end():
    words = encode_program(Program((FIRST, INNER, LAST)), TINY)
    assert [decode_record(word.tobytes(), TINY)[1] for word in words] == [False, False, True]


def test_rows_and_steps():
    assert (INNER.rows(), INNER.steps()) == (2, 6)
    assert Program((FIRST, INNER, LAST)).output_rows == 2
    assert Program((FIRST, INNER, LAST)).input_groups == 5


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ((), "record 0: a program begins with EncodeInput"),
        ((LAST,), "record 0: a program begins with EncodeInput"),
        ((FIRST,), "record 0: EncodeInput must be the first record and not the only one"),
        ((FIRST, FIRST, LAST), "record 1: EncodeInput must be the first record"),
        ((FIRST, INNER, INNER, INNER, LAST), "program needs 5 records, this core has program_rows=4"),
        ((FIRST, LAST, LAST), "record 1: the last record, and only it, sends its results to the host"),
        ((FIRST, INNER), "record 1: the last record, and only it"),
        ((EncodeInput(0, 0), LAST), "record 0: groups is 0, it must be 1..65535"),
        ((EncodeInput(3, 4), LAST), "record 0: codebooks is 4, it must be 1..groups=3"),
        ((EncodeInput(33, 1), LAST), "record 0: index group written reaches 0..32, this core has 0..31"),
        ((EncodeInput(3, 3, codebook=30), LAST), "record 0: codebook row reaches 30..32, this core has 0..31"),
        ((FIRST, replace(LAST, loops=())), "record 1: 0 loops, the core has 4"),
        ((FIRST, replace(LAST, loops=(Loop(),) * 5)), "record 1: 5 loops, the core has 4"),
        ((FIRST, replace(LAST, loops=(Loop(0),))), "record 1: a loop counts 0, it must be 1..32768"),
        ((FIRST, replace(LAST, port_offsets=(0,))), "record 1: 1 port offsets, this core has ports=2"),
        ((FIRST, replace(LAST, block_mask=4)), "record 1: block_mask is 0x4, this core has blocks=2"),
        ((FIRST, replace(LAST, low=5, high=4)), "record 1: clamp 5..4 must be a range within -128..127"),
        ((FIRST, replace(LAST, high=128)), "record 1: clamp -128..128"),
        ((FIRST, replace(LAST, port_offsets=(-1, 0))), "record 1: index word reaches -1..0"),
        ((FIRST, replace(LAST, index=65535)), "record 1: index word reaches 65535..65536"),
        ((FIRST, replace(LAST, last_word=16)), "record 1: last_word reaches 16..16, this core has 0..15"),
        ((FIRST, replace(LAST, table=15, loops=(Loop(2, table=1),))), "record 1: table row / c reaches 15..16"),
        ((FIRST, replace(LAST, loops=(Loop(2, table=-1),))), "record 1: table row / c reaches -1..0"),
        ((FIRST, replace(LAST, loops=(Loop(5, accumulator=1),))), "record 1: accumulator row reaches 0..4"),
        ((FIRST, replace(INNER, constant=13), LAST), "record 1: constant row reaches 13..16, this core has 0..15"),
        ((FIRST, replace(INNER, codebook=29), LAST), "record 1: codebook row reaches 29..32, this core has 0..31"),
        ((FIRST, replace(INNER, dest=29), LAST), "record 1: index group written reaches 29..32"),
        ((FIRST, replace(INNER, dest=2), LAST), "record 1: reads index words 0..1 and writes 1..2: give its input"),
    ],
)
def test_a_program_that_breaks_a_rule_is_refused(records, message):
    with pytest.raises(ProgramError, match=message):
        validate_program(Program(tuple(records)), TINY)


def test_a_program_that_keeps_the_rules_is_taken():
    validate_program(Program((FIRST, INNER, LAST)), TINY)
