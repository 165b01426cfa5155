"""The counters of the whole core in MyHDL's simulator: every cycle of a run is accounted for, and once."""

import numpy as np
import pytest

from lutdla.backends.myhdl import MyhdlModel
from lutdla.reference import Reference
from lutdla.spec.hazards import LAUNCH_GAP
from lutdla.spec.memory import MemoryImage, Piece
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from lutdla.spec.registers import COUNTERS
from lutdla.spec.window import Port, Window
from tests.hdl.cores import load, read, recover, run, write
from tests.strategies import TINY

STALLS = ("STALL_INPUT", "STALL_OUTPUT", "STALL_ENCODER", "STALL_TABLES", "STALL_DRAIN")


def image():
    """A program that waits for everything there is to wait for."""
    rng, c = np.random.default_rng(0), TINY.c
    half = TINY.groups_per_word * 8
    windows = (Window((Port(blocks=3), Port(dx=1, blocks=1))),)  # the second port always reads padding
    records = (
        EncodeInput(TINY.groups_per_word, 1),
        Lookup((Loop(40),), dest=half, wait_input=True, drain=False),  # a row a cycle, two groups a row
        Lookup((Loop(3),), table=4, finish=False, wait_tables=True, free_tables=True, drain=True),
        Lookup((Loop(3),), table=8, finish=False, wait_tables=True, free_tables=True, drain=False),
        Lookup((Loop(30),), to_output=True, drain=False),  # a row a cycle, two beats a row
        Lookup((Loop(70),), finish=False, drain=False),  # until the FIFO has run empty
        Lookup((Loop(2),), to_output=True, free_input=True, drain=False),  # only its last row ends the frame
    )  # fmt: skip
    shape = TINY.groups_per_row, TINY.group

    def tables(groups):
        return rng.integers(-8, 8, (TINY.banks, groups * c, TINY.lanes)).astype(np.int8)

    codebooks = rng.integers(-128, 128, (TINY.groups_per_row, TINY.encoders, c, TINY.v)).astype(np.int8)
    return MemoryImage(Program(records), codebooks, tables(4), np.full(shape, 1 << 14), np.zeros(shape, np.int64),
                       np.full(shape, 14), windows, (Piece(4 * c, tables(4)), Piece(8 * c, tables(4))))  # fmt: skip


def counters(model):
    return {name: read(model, name) for name in COUNTERS}


@pytest.fixture
def model():
    model = MyhdlModel(TINY)
    yield model
    model.close()


def test_every_cycle_is_a_step_a_launch_or_a_stall_of_one_kind(model):
    made = image()
    values = np.random.default_rng(1).integers(-128, 128, (1, TINY.groups_per_word * TINY.group)).astype(np.int8)
    reference = Reference(TINY, made)
    load(model, made, TINY)
    write(model, "CONTROL", CLEAR_COUNTERS=1)
    assert run(model, made, values, TINY).tolist() == reference.run(values).tolist()
    model.step()
    found, profile = counters(model), []
    for row in range(len(made.program.records)):
        write(model, "PROFILE_ROW", ROW=row)
        profile.append(read(model, "PROFILE_CYCLES"))
    assert found["CYCLES"] == sum(profile)
    assert (found["IMAGES"], found["LOOKUPS"], found["PADDING"]) == (1, reference.lookups, reference.padding)
    assert found["PADDING"] not in (0, found["LOOKUPS"])
    # the last record waits for nothing, but its profile holds what is behind its steps
    before = made.program.lookups[:-1]
    steps = sum(LAUNCH_GAP + record.steps() for record in before)
    assert sum(profile[1:-1]) == steps + sum(found[name] for name in STALLS)
    assert min(found[name] for name in STALLS) > 0, found

    write(model, "PROFILE_ROW", ROW=3)
    write(model, "IRQ_ENABLE", DONE=1)
    recover(model)  # counters, settings and the model outlive a soft reset
    assert counters(model) == found
    assert (read(model, "PROFILE_ROW"), read(model, "IRQ_ENABLE"), read(model, "MODEL")) == (3, 1, 1)
    assert run(model, made, values, TINY).tolist() == reference.run(values).tolist()
    write(model, "CONTROL", CLEAR_COUNTERS=1)
    assert counters(model) == dict.fromkeys(COUNTERS, 0)
