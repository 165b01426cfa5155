"""What yosys makes of the core for 7-series devices: memories and multipliers land where they are meant to."""

import re
from dataclasses import replace

import pytest

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig
from lutdla_hdl import synthesis
from lutdla_hdl.synthesis import pyosys_share, synthesize
from tests.strategies import TINY

DEEP = CoreConfig(
    v=2, c=8, ports=2, blocks=2, lanes=8, encoders=1, table_rows=1024, index_words=32, accumulator_rows=32,
    constant_rows=32, codebook_rows=32, program_rows=4, acc_bits=20, packet_beats=512,
)  # fmt: skip
"""Tables as deep as a block RAM, and enough accumulators to be expensive as flip-flops."""


def memories(netlist):
    """Memory in the source -> cell type -> number of cells that hold it."""
    found, pattern = {}, r"^  (RAM\w+) #\(\n(?:    .*\n)*?  \) \\(\S+?)_mem\."
    for cell, name in re.findall(pattern, netlist.read_text(), re.MULTILINE):
        types = found.setdefault(name, {})
        types[cell] = types.get(cell, 0) + 1
    return found


@pytest.fixture(scope="module")
def deep(verilog, tmp_path_factory):
    """Cells and memories of `DEEP`."""
    netlist = tmp_path_factory.mktemp("netlist") / "netlist.v"
    cells = synthesize(verilog(DEEP), netlist=netlist, timeout_s=250)
    return cells, memories(netlist)


def test_tables_are_block_ram(deep):
    cells, held = deep
    for bank in range(DEEP.banks):
        # 1024 rows of 8 bytes: two block RAMs of 1024 x 36
        assert held[f"datapath_lookup_bank{bank}_store_column0"] == {"RAMB36E1": 2}
    # and the buffer of 512 beats of 64 bits: one block RAM of 512 x 72
    assert held["decoder_buffer"] == {"RAMB36E1": 1}
    assert cells["RAMB36E1"] == 2 * DEEP.banks + 1
    assert "RAMB18E1" not in cells


def test_accumulators_are_lut_ram(deep):
    _, held = deep
    for lane in range(DEEP.lanes):
        # 32 rows of 20 bits: RAM32M holds 32 x 6
        assert held[f"datapath_lookup_lane{lane}_store"] == {"RAM32M": 4}


def test_every_other_memory_is_lut_ram(deep):
    _, held = deep
    names = {
        *(f"datapath_index_memory_copy{p}_{k}_whole" for p in range(DEEP.ports) for k in range(DEEP.groups_per_word)),
        *(f"requantize_constants_column{k}" for k in range(DEEP.group)),
        *(f"encode_encoder0_codebooks_column{k}" for k in range(DEEP.beats_per_word("codebook"))),
        "datapath_rows_queue_store",
    }  # fmt: skip
    assert names <= set(held), sorted(held)
    assert all(set(held[name]) <= {"RAM32M", "RAM64M", "RAM32X1D", "RAM64X1D"} for name in names)


def test_no_memory_is_made_of_flip_flops(deep):
    cells, _ = deep
    flip_flops = sum(n for name, n in cells.items() if name.startswith("FD"))
    accumulators = DEEP.accumulator_rows * DEEP.lanes * DEEP.acc_bits
    assert accumulators > 5000
    assert flip_flops < 4500  # pipelines and registers only; 3601 when this was written
    assert not [name for name in cells if name.startswith(("$", "LD"))]  # nothing unmapped, no latches


def test_l2_uses_multipliers_for_distances_and_requantisation(deep):
    cells, _ = deep
    assert cells["DSP48E1"] == DEEP.v * DEEP.c * DEEP.encoders + DEEP.group


def test_missing_file_and_unknown_family_are_named(tmp_path):
    with pytest.raises(ToolError, match="family is 'xc9': use one of xc7, xcup"):
        synthesize(tmp_path / "none.v", family="xc9")
    with pytest.raises(ToolError, match=r"synthesis of .*none\.v failed:[\s\S]*none\.v"):
        synthesize(tmp_path / "none.v")


def test_a_synthesis_has_a_deadline(verilog):
    with pytest.raises(ToolError, match=r"lutdla_core\.v took longer than 0.2 s"):
        synthesize(verilog(replace(TINY, metric="l1")), timeout_s=0.2)


def test_without_pyosys_the_fix_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(synthesis.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"needs the package pyosys, which is not installed: pip install lutdla\[hdl\]"):
        synthesize(tmp_path / "x.v")


def test_the_cell_models_are_there():
    assert "module RAM32M" in (pyosys_share() / "xilinx" / "cells_sim.v").read_text()
