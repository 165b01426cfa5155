import pytest

from benchmarks.dense_baseline import DESIGNS, SIZE, figures, measure, table
from benchmarks.record import check_flat
from tests.hdl.test_netlist import SMALL


@pytest.fixture(scope="module")
def found():
    return measure(SMALL, 2)


def test_a_mac_counts_memory_and_logic():
    assert figures("x", {"LUT6": 30, "RAM64M": 5, "FDRE": 3, "DSP48E1": 1}, 10) == {
        "lut_per_mac_x": 5.0, "macs_per_cycle_x": 10, "lut_x": 30, "lutram_x": 20, "ff_x": 3, "ramb36_x": 0, "dsp_x": 1,
    }  # fmt: skip


def test_a_small_core_and_a_tiny_array_are_measured(found):
    check_flat(found)
    assert found["macs_per_cycle_core"] == SMALL.banks * SMALL.lanes * SMALL.v
    assert found["macs_per_cycle_dense"] == found["macs_per_cycle_dense_dsp"] == 4
    assert found["ratio"] == pytest.approx(found["lut_per_mac_dense"] / found["lut_per_mac_core"], abs=0.01)
    assert found["dsp_dense"] == 0
    assert found["dsp_dense_dsp"] == 4
    assert found["lut_dense_dsp"] < found["lut_dense"]
    assert found["ramb36_dense"] > 0


def test_an_array_is_as_large_as_its_macs_ask_for(found):
    # a multiplier of 8 x 8 bits and an adder of 24 bits, and nothing much beside them
    assert 100 < found["lut_per_mac_dense"] < 220
    assert found["ff_dense"] / 4 < 120


def test_the_table_shows_all_designs(found):
    shown = table(found)
    assert all(name in shown.splitlines()[0] for name in DESIGNS)
    assert f"{found['ratio']} times" in shown
    assert SIZE * SIZE == 256
