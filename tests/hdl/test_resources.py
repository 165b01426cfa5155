import pytest

from lutdla.errors import ToolError
from lutdla_hdl.resources import LUTRAM, resources


def test_cells_are_counted_as_resources():
    cells = {"LUT1": 1, "LUT6": 10, "RAM64M": 3, "SRL16E": 2, "FDRE": 7, "FDSE": 1, "RAMB36E1": 2, "RAMB18E1": 3,
             "DSP48E1": 4, "INV": 5, "CARRY4": 9, "MUXF7": 6}  # fmt: skip
    assert resources(cells) == {"lut": 11, "lutram": 14, "ff": 8, "ramb36": 3.5, "uram": 0, "dsp": 4,
                                "inverters": 5}


def test_nothing_is_nothing():
    assert set(resources({}).values()) == {0}


def test_every_memory_of_lookup_tables_counts():
    assert resources(dict.fromkeys(LUTRAM, 1))["lutram"] == sum(LUTRAM.values())


def test_ultrascale_cells_count():
    found = resources({"RAMB36E2": 2, "RAMB18E2": 1, "DSP48E2": 3, "URAM288": 4})
    assert (found["ramb36"], found["dsp"], found["uram"]) == (2.5, 3, 4)


def test_a_memory_of_unknown_size_is_refused():
    with pytest.raises(ToolError, match=r"cells RAM9X9, whose size is not known: add it to lutdla_hdl\.resources"):
        resources({"RAM9X9": 1})
