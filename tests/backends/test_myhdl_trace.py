"""The MyHDL simulation writes the waveforms of all its signals."""

import inspect

import numpy as np
import pytest
from vcdvcd import VCDVCD

from lutdla.backends.myhdl import MyhdlModel
from lutdla.backends.simulated import SimulatedBackend
from lutdla.errors import InputError
from lutdla.runtime import Accelerator
from tests.networks import two_layers
from tests.strategies import TINY


@pytest.mark.parametrize("time", ["first", "second"])
def test_waveforms_of_a_run_show_what_the_counters_count(tmp_path, time):
    model = MyhdlModel(TINY, trace=tmp_path / "run.vcd")
    with Accelerator("myhdl", SimulatedBackend("myhdl", model)) as accelerator:
        network = accelerator.load(two_layers())
        network.raw(np.zeros((2, 10), np.int8))
        cycles = network.profile.cycles
    busy = VCDVCD(str(tmp_path / "run.vcd"))["testbench.lutdla_core0.sequencer.busy"].tv
    changes = [(time, int(value, 2)) for time, value in busy]
    spans = [end - begin for (begin, value), (end, _) in zip(changes, changes[1:]) if value]
    assert sum(spans) == 2 * cycles, "two nanoseconds are a cycle"


def test_waveforms_need_a_file_of_their_kind(tmp_path):
    with pytest.raises(InputError, match=r"waveforms go into a file that ends in \.vcd"):
        MyhdlModel(TINY, trace=tmp_path / "run.txt")


def test_opening_leaves_the_stack_as_it_was():
    whole = inspect.stack
    model = MyhdlModel(TINY)
    model.close()
    assert inspect.stack is whole
