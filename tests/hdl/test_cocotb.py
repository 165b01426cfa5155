"""The converted Verilog in Icarus, with cocotbext-axi. Four-valued: nothing unknown may reach a result."""

import pytest

from tests.hdl.cores import POOL
from tests.hdl.icarus import simulate


@pytest.mark.parametrize("name", ["tiny l2", "v3 c8 chebyshev, 128 bits", "v8 c4 l1, group of 2 beats"])
def test_core_with_pauses_on_every_channel(name, verilog, tmp_path):
    simulate([verilog(POOL[name])], POOL[name], tmp_path)


def test_core_without_pauses(verilog, tmp_path):
    simulate([verilog(POOL["tiny l2"])], POOL["tiny l2"], tmp_path, pause=0.0, tests=["load_and_run"])
