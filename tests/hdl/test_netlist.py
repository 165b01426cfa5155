"""The synthesised netlist, simulated with yosys' own models of the Xilinx cells: the reference's results, bit for bit.

`-nobram`: cells_sim.v describes RAMB18E1 and RAMB36E1 by their ports and timing only, without what they do, so the
netlist under test has its memories in LUT RAM, whose models are complete. test_synthesis.py counts the block RAMs.
"""

import re
from dataclasses import replace

import pytest

from lutdla.spec.config import METRICS, CoreConfig
from lutdla_hdl.synthesis import pyosys_share, synthesize
from tests.hdl.icarus import simulate

SMALL = CoreConfig(
    v=2, c=4, ports=2, blocks=1, lanes=2, encoders=1, table_rows=64, index_words=8, accumulator_rows=2,
    constant_rows=8, codebook_rows=16, program_rows=4, acc_bits=16, window_rows=4, value_rows=4, packet_beats=32,
)  # fmt: skip
MODELS = pyosys_share() / "xilinx" / "cells_sim.v"


def test_block_rams_have_no_model():
    """If this fails, cells_sim.v has learnt what a block RAM does: drop `-nobram` below."""
    text = MODELS.read_text()
    body = text[text.index("module RAMB36E1") :]
    assert not re.search(r"\b(always|reg)\b", body[: body.index("endmodule")])


@pytest.mark.parametrize("metric", METRICS)
def test_netlist_equals_the_reference(metric, verilog, tmp_path):
    config = replace(SMALL, metric=metric)
    netlist = tmp_path / "netlist.v"
    cells = synthesize(verilog(config), options=("-nobram",), netlist=netlist, timeout_s=250)
    assert not [name for name in cells if name.startswith(("RAMB", "$"))]
    # distances of l1 and chebyshev take no multiplier, only requantisation does
    assert cells["DSP48E1"] == config.group + (config.v * config.c * config.encoders if metric == "l2" else 0)
    assert cells["RAM32M"] > config.lanes
    simulate([netlist, MODELS], config, tmp_path, pause=0.2)
