"""Programs past every check on the host: the emulator names what hardware would do something undefined with."""

from dataclasses import replace

import pytest

from lutdla.backends.emulator import EmulatorModel
from lutdla.errors import ProgramError
from lutdla.spec.packets import Kind, load_packets, packet
from lutdla.spec.program import EncodeInput, Lookup, Loop, Program
from tests.hdl.cores import fields, send
from tests.networks import two_layers
from tests.strategies import TINY

NETWORK = two_layers()


def commit_program(records, beats=None):
    """A model with hand-made program records, past every check on the host."""
    image = replace(NETWORK.image, program=Program(tuple(records)))
    model = EmulatorModel(TINY)
    *loads, commit = load_packets(image, TINY, 1)
    send(model, b"".join(loads))
    send(model, packet(TINY, Kind.COMMIT, address=len(loads) - 1, length=beats) if beats else commit)
    assert fields(model, "STATUS")["LOADED"] == 1
    return model


OUT = Lookup((Loop(),), to_output=True, wait_input=True, free_input=True)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([EncodeInput(1, 1), EncodeInput(1, 1), OUT], "does not begin with EncodeInput, or has another one"),
        ([EncodeInput(1, 1), replace(OUT, wait_input=False)], "takes no input: hardware would never end a run"),
        ([EncodeInput(1, 0), OUT], "record 0 encodes nothing"),
        ([EncodeInput(1, 1, codebook=32), OUT], "record 0 .* codebook row 32, this core has 32"),
        ([EncodeInput(33, 1), OUT], "record 0 .* index word 16, this core has 16"),
        ([EncodeInput(1, 1), replace(OUT, table=16)], "record 1 .* table row 67, this core has 64"),
        ([EncodeInput(1, 1), replace(OUT, loops=(Loop(5, accumulator=1),))], "accumulator row 4"),
        ([EncodeInput(1, 1), replace(OUT, index=15)], "index word 16, this core has 16"),
        ([EncodeInput(1, 1), replace(OUT, window=16)], "window row reaches 16, the model has 16"),
        ([EncodeInput(1, 1), replace(OUT, to_output=False, constant=15), OUT], "record 1 .* constant row 16"),
        ([EncodeInput(1, 1), replace(OUT, to_output=False, codebook=31), OUT], "record 1 .* codebook row 32"),
        ([EncodeInput(1, 1), replace(OUT, to_output=False, store=15), OUT], "record 1 .* value group 16"),
        ([EncodeInput(1, 1), replace(OUT, to_output=False, residual=15), OUT], "record 1 .* value group 16"),
    ],
)
def test_a_program_past_the_memories_is_named(records, message):
    model = commit_program(records)
    with pytest.raises(ProgramError, match=message):
        send(model, packet(TINY, Kind.RUN, address=1))


def test_a_committed_frame_size_that_the_program_does_not_have_is_named():
    model = commit_program([EncodeInput(1, 1), OUT], beats=7)
    with pytest.raises(ProgramError, match="committed with frames of 7 beats, its program takes 1"):
        send(model, packet(TINY, Kind.RUN, address=1))


def test_a_program_without_an_end_is_named():
    model = EmulatorModel(TINY)
    send(model, packet(TINY, Kind.BEGIN))
    send(model, packet(TINY, Kind.COMMIT, length=1))
    with pytest.raises(ProgramError, match="none of the 8 records of the loaded program is marked as its end"):
        send(model, packet(TINY, Kind.RUN, address=1))
