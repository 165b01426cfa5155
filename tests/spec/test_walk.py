from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import ProgramError
from lutdla.reference import steps
from lutdla.spec.walk import walk
from lutdla.spec.window import window_arrays
from tests.spec.small import FIRST, INNER, LAST, image
from tests.strategies import TINY, configs, memory_images


@given(data=st.data(), block=st.sampled_from((1, 7, 1 << 14)))
def test_blocks_of_steps_equal_the_reference_step_by_step(data, block):
    config = data.draw(configs())
    drawn = data.draw(memory_images(config))
    for record in drawn.program.lookups:
        blocks = list(walk(record, window_arrays(drawn.windows), config, block))
        assert {len(b.first) for b in blocks[:-1]} <= {block}

        def joined(name, blocks=blocks):
            return np.concatenate([getattr(b, name) for b in blocks]).tolist()

        one_by_one = list(steps(record))
        assert joined("first") == [record.begin and step.first for step in one_by_one]
        assert joined("last") == [record.finish and step.last for step in one_by_one]
        assert joined("pool_first") == [step.pool_first for step in one_by_one]
        assert joined("pool_last") == [step.pool_last for step in one_by_one]
        windows = [drawn.windows[record.window + step.address["window"]] for step in one_by_one]
        for name, base in (("constant", "channel"), ("codebook", "channel"), ("dest", "dest")):
            assert joined(name) == [(getattr(record, name) + step.address[base]) & 0xFFFF for step in one_by_one]
        for name, base in (("value_in", record.residual), ("value_out", record.store)):
            assert joined(name) == [((base or 0) + step.address["dest"]) & 0xFFFF for step in one_by_one]
        assert joined("accumulator") == [step.address["accumulator"] & 0xFFFF for step in one_by_one]
        assert joined("table_row") == [((record.table + step.address["table"] + window.table) & 0xFFFF) * config.c
                                       for step, window in zip(one_by_one, windows)]
        assert joined("words") == [
            [((record.shortcut + step.address["shortcut"] if port.shortcut else record.index + step.address["index"])
              + port.offset) & 0xFFFF for port in window.ports] for step, window in zip(one_by_one, windows)
        ]  # fmt: skip
        inside = [[0 <= step.address["y"] + port.dy < record.height and 0 <= step.address["x"] + port.dx < record.width
                   for port in window.ports] for step, window in zip(one_by_one, windows)]
        assert joined("inside") == inside
        active = [[[bool(port.blocks >> b & 1) for b in range(config.blocks)] for port in window.ports]
                  for window in windows]
        assert joined("active") == active
        assert joined("looked_up") == (np.array(active) & np.array(inside)[:, :, None]).tolist()


def test_coordinates_left_of_the_map_are_outside_it():
    arrays = window_arrays(image().windows)
    left = replace(LAST, loops=(replace(LAST.loops[0], x=-1),), width=65535)
    assert next(walk(left, arrays, TINY)).inside.tolist() == [[True, True], [False, False]]


def test_a_window_row_that_is_not_there_is_named():
    arrays = window_arrays(image(FIRST, INNER, LAST).windows)
    far = replace(LAST, loops=(replace(LAST.loops[0], window=3),))
    with pytest.raises(ProgramError, match="window row reaches 3, the model has 1: compile it again"):
        list(walk(far, arrays, TINY))
