"""The description itself: complete, free of contradictions, and right for each processing system."""

from dataclasses import replace

import pytest

from lutdla.errors import ConfigError
from lutdla.spec import CoreConfig
from lutdla_overlay.block_design import block_design
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.cores import load_core
from lutdla_overlay.design import CLOCK, INTERRUPT
from tests.overlay.designs import design_of

BOARDS = board_names()


@pytest.mark.parametrize("board", BOARDS)
def test_every_name_is_of_a_cell(board):
    design = design_of(board)
    cells = {cell.name for cell in design.cells}
    assert len(cells) == len(design.cells)
    used = [pin for net in design.nets for pin in (net.driver, *net.sinks)]
    used += [end for link in design.links for end in (link.master, link.slave)]
    used += [end for address in design.addresses for end in (address.space, address.segment)]
    used += [external.interface for external in design.externals] + [segment for _, segment in design.hidden]
    assert {name.split("/")[0] for name in used} <= cells


@pytest.mark.parametrize("board", BOARDS)
def test_a_pin_has_one_driver_and_an_interface_one_partner(board):
    design = design_of(board)
    sinks = [pin for net in design.nets for pin in net.sinks]
    assert len(sinks) == len(set(sinks))
    ends = [end for link in design.links for end in (link.master, link.slave)]
    assert len(ends) == len(set(ends))


@pytest.mark.parametrize("board", BOARDS)
def test_there_is_one_clock_and_three_interrupts(board):
    design = design_of(board)
    assert sum(net.kind == CLOCK for net in design.nets) == 1
    lines = {net.driver for net in design.nets if net.kind == INTERRUPT}
    assert {"dma/mm2s_introut", "dma/s2mm_introut", "lutdla/irq", "interrupts/irq"} <= lines


@pytest.mark.parametrize("board", BOARDS)
def test_the_clock_is_of_the_io_pll_and_not_faster_than_assumed(board):
    design, facts = design_of(board), load_board(board)
    ps = design.cell("ps")
    if facts.ps.kind == "processing_system7":
        assert ps.parameters["PCW_FCLK0_PERIPHERAL_CLKSRC"] == "IO PLL"
        mhz, divisors = ps.parameters["PCW_FPGA0_PERIPHERAL_FREQMHZ"], "PCW_FCLK0_PERIPHERAL_DIVISOR"
    else:
        assert ps.parameters["PSU__CRL_APB__PL0_REF_CTRL__SRCSEL"] == "IOPLL"
        mhz, divisors = ps.parameters["PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ"], "PSU__CRL_APB__PL0_REF_CTRL__DIVISOR"
    product = int(ps.predicted[divisors + "0"]) * int(ps.predicted[divisors + "1"])
    assert float(mhz) == pytest.approx(facts.ps.io_pll_mhz / product, rel=1e-5)
    assert float(mhz) <= (100.1 if facts.ps.kind == "processing_system7" else 200.2)


def test_the_dma_is_simple_wide_in_length_and_realigns_where_it_can():
    wide = replace(load_core("zcu104").config, stream_bits=128)
    zcu = block_design(wide, load_board("zcu104"), 200).cell("dma").parameters
    z2 = design_of("pynq-z2").cell("dma").parameters
    for dma in (z2, zcu):
        assert (dma["c_include_sg"], dma["c_micro_dma"], dma["c_sg_length_width"]) == ("0", "0", "26")
    assert (z2["c_addr_width"], z2["c_include_mm2s_dre"], z2["c_include_s2mm_dre"]) == ("32", "1", "1")
    assert (zcu["c_addr_width"], zcu["c_include_mm2s_dre"], zcu["c_include_s2mm_dre"]) == ("64", "0", "0")


def test_memory_past_2_gib_has_a_segment_of_its_own():
    reached = {board: [a.segment for a in design_of(board).addresses if a.space == "dma/Data_MM2S"]
               for board in ("pynq-z2", "ultra96-v2", "kv260")}
    assert reached == {
        "pynq-z2": ["ps/S_AXI_HP0/HP0_DDR_LOWOCM"], "ultra96-v2": ["ps/SAXIGP2/HP0_DDR_LOW"],
        "kv260": ["ps/SAXIGP2/HP0_DDR_LOW", "ps/SAXIGP2/HP0_DDR_HIGH"],
    }  # fmt: skip
    assert ("dma/Data_S2MM", "ps/SAXIGP2/HP0_DDR_HIGH") in design_of("ultra96-v2").hidden
    assert ("dma/Data_S2MM", "ps/SAXIGP2/HP0_DDR_HIGH") not in design_of("kv260").hidden


def test_other_ports_have_other_names():
    board = load_board("zcu104")
    ps = replace(board.ps, control_port="M_AXI_HPM0_LPD", memory_port="S_AXI_HP3_FPD")
    addresses = replace(board.addresses, dma=0x8000_0000, lutdla=0x8001_0000, interrupts=0x8002_0000)
    design = block_design(CoreConfig(), replace(board, ps=ps, addresses=addresses), 100.0)
    parameters = design.cell("ps").parameters
    assert [parameters[f"PSU__USE__M_AXI_GP{i}"] for i in range(3)] == ["0", "0", "1"]
    assert parameters["PSU__USE__S_AXI_GP5"] == "1"
    assert {"ps/maxihpm0_lpd_aclk", "ps/saxihp3_fpd_aclk"} <= {pin for net in design.nets for pin in net.sinks}
    assert "ps/SAXIGP5/HP3_DDR_LOW" in {address.segment for address in design.addresses}


def test_streams_wider_than_the_memory_port_are_refused():
    with pytest.raises(ConfigError, match="stream_bits is 128, zybo-z7-10 has a memory port of 64 bits: use stream_b"):
        block_design(CoreConfig(stream_bits=128), load_board("zybo-z7-10"), 100.0)


def test_each_design_without_something_lacks_just_that():
    design = design_of("pynq-z2")
    shorter = dict(design.without())
    wires = sum(len(net.sinks) for net in design.nets)
    assert len(shorter) == len(design.links) + wires + len(design.addresses) + len(design.externals)
    assert all(other != design for other in shorter.values())
    assert "wire resets/peripheral_aresetn -> lutdla/aresetn" in shorter
