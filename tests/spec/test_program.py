from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lutdla.reference import steps
from lutdla.spec.config import LOOPS, STREAMS
from lutdla.spec.program import (
    EncodeInput,
    Program,
    decode_record,
    encode_program,
    encode_record,
    increments,
    padded_loops,
    record_bytes,
    record_fields,
)
from tests.spec.small import FIRST, INNER, LAST
from tests.strategies import TINY, configs, memory_images


def walked(record):
    """Addresses and flags of all steps, as the 16 bits of hardware."""
    return [({s: address & 0xFFFF for s, address in step.address.items()}, *step[1:]) for step in steps(record)]


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
        assert walked(found) == walked(record)
        assert len(found.loops) == LOOPS
        assert replace(found, loops=record.loops) == record


@given(data=st.data())
def test_increments_walk_the_same_addresses_as_strides(data):
    record = data.draw(memory_images(TINY)).program.records[-1]
    loops = padded_loops(record)
    for stream in STREAMS:
        added, address, at, addresses = increments(loops, stream), 0, [0] * LOOPS, []
        for _ in range(record.steps()):
            addresses.append(address)
            moving = next((i for i in reversed(range(LOOPS)) if at[i] < loops[i].count - 1), None)
            if moving is not None:  # the innermost loop that is not at its end advances, inner ones return
                at[moving], at[moving + 1 :] = at[moving] + 1, [0] * (LOOPS - moving - 1)
                address += added[moving]
        assert addresses == [step.address[stream] for step in steps(record)]


@given(config=configs())
def test_a_record_is_whole_bytes(config):
    assert sum(width for _, width in record_fields(config)) == 8 * record_bytes(config)
    assert len({name for name, _ in record_fields(config)}) == len(record_fields(config))


def test_only_the_last_record_is_the_end():
    words = encode_program(Program((FIRST, INNER, LAST)), TINY)
    assert [decode_record(word.tobytes(), TINY)[1] for word in words] == [False, False, True]


def test_rows_and_steps():
    assert (INNER.rows(), INNER.steps()) == (2, 6)
    assert replace(INNER, finish=False).rows() == 0


def test_images_pieces_and_rows_of_a_program():
    program = Program((FIRST, INNER, LAST))
    assert (program.images, program.pieces, program.output_rows, program.input_groups) == (1, 0, 2, 5)
    batch = Program((FIRST, INNER, LAST, replace(INNER, wait_tables=True), LAST))
    assert (batch.images, batch.pieces, batch.output_rows) == (2, 1, 2)
    assert batch.lookups == batch.records[1:]
