"""Columns are `CoreConfig`s side by side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import ConfigError
from lutdla.explore.columns import Columns, address_bits, bit_length, largest_power
from lutdla.spec.config import CoreConfig
from lutdla.spec.memory import LOADABLE
from tests.strategies import configs

DERIVED = [name for name, value in vars(CoreConfig).items() if isinstance(value, property) and name != "hash"]


@given(st.lists(configs(), min_size=1, max_size=4))
def test_every_size_is_the_one_of_the_configuration(cores):
    columns = Columns.of(cores)
    assert len(columns) == len(cores)
    for i, core in enumerate(cores):
        assert columns.config(i) == core
        for name in DERIVED:
            assert np.broadcast_to(getattr(columns, name), len(cores))[i] == getattr(core, name), name
        for memory in LOADABLE:
            assert columns.word_bytes(memory)[i] == core.word_bytes(memory)
            assert columns.beats_per_word(memory)[i] == core.beats_per_word(memory)


@given(st.integers(0, 1 << 52))
def test_bits_of_numbers(number):
    assert bit_length(np.array(number)) == number.bit_length()
    assert address_bits(np.array(max(1, number))) == max(1, (max(1, number) - 1).bit_length())
    assert largest_power(np.array(max(1, number))) == 1 << (max(1, number).bit_length() - 1)


def test_rows_are_taken_and_replaced():
    columns = Columns(lanes=[8, 16, 32], metric="l1")
    assert columns.take([2, 0]).lanes.tolist() == [32, 8]
    assert columns.take(columns.lanes > 8).config(1) == CoreConfig(lanes=32, metric="l1")
    assert columns.replace(metric="chebyshev").config(0) == CoreConfig(lanes=8, metric="chebyshev")
    assert columns.is_metric("l1").all()
    assert not columns.is_metric("l2").any()


def test_what_no_core_has_is_refused():
    with pytest.raises(ConfigError, match="unknown configuration field 'lane': known are v, c"):
        Columns(lane=4)
    with pytest.raises(AttributeError, match="a core has no 'lane'"):
        _ = Columns().lane
    with pytest.raises(ConfigError, match="v is 0"):
        Columns(v=0).config(0)
