from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lutdla.backends.emulator import EmulatorModel
from lutdla.cut import cut_behind
from lutdla.reference import Reference
from lutdla.spec.packets import load_packets, run_packets, unpack_results
from lutdla.spec.program import Lookup, Loop
from tests.networks import two_layers
from tests.strategies import TINY, configs, inputs, memory_images

IMAGE = two_layers().image


@given(data=st.data())
def test_a_cut_program_is_valid_and_runs_as_the_reference_says(data):
    config = data.draw(configs())
    image = data.draw(memory_images(config))
    number = data.draw(st.integers(1, len(image.program.lookups)))
    cut = cut_behind(image, number, config)
    if cut is None:  # all six loops are taken, and its rows cannot be shared out over the images
        assert len(image.program.lookups[number - 1].loops) == 6 or len(image.pieces) > 2
        return
    cut.validate(config)
    values = data.draw(inputs(cut, config))
    model = EmulatorModel(config)
    model.send(b"".join(load_packets(cut, config, 1)))
    model.send(run_packets(values, cut, config))
    model.step()
    found = unpack_results(model.receive(), len(values), config)
    np.testing.assert_array_equal(found, Reference(config, cut).run(values))


def test_a_cut_program_sends_the_sums_of_its_last_record():
    values = np.random.default_rng(0).integers(-128, 128, (3, 12)).astype(np.int8)
    cut = cut_behind(IMAGE, 1, TINY)
    assert cut.program.records[:-1] == IMAGE.program.records[:1]
    assert cut.program.records[-1] == replace(IMAGE.program.records[1], to_output=True, encode=False)
    results = Reference(TINY, cut).run(values)
    assert results.shape == (3, 8)
    whole = cut_behind(IMAGE, 2, TINY)
    np.testing.assert_array_equal(Reference(TINY, whole).run(values), Reference(TINY, IMAGE).run(values))


def test_pooled_rows_are_sent_before_pooling():
    first, hidden, last = IMAGE.program.records
    pooled = replace(hidden, loops=(Loop(2, pool=True, table=2, channel=2), *hidden.loops[1:]))
    image = replace(IMAGE, program=replace(IMAGE.program, records=(first, pooled, replace(last, loops=(Loop(),)))))
    assert cut_behind(image, 1, TINY).program.output_rows == 2


def test_a_record_before_any_input_gets_one():
    first, hidden, last = IMAGE.program.records
    idle = Lookup((Loop(),), height=0, finish=False)
    image = replace(IMAGE, program=replace(IMAGE.program, records=(first, idle, hidden, last)))
    cut = cut_behind(image, 1, TINY)
    cut.validate(TINY)
    assert (cut.program.images, cut.program.output_rows) == (1, 1)
