"""A hwh that is not as predicted is told apart, by what matters and in words."""

import pytest

from lutdla.errors import ToolError
from lutdla_overlay.boards import board_names
from lutdla_overlay.compare import Difference, compare
from lutdla_overlay.hwh import hwh
from tests.overlay.designs import design_of


def differences(old, new, board="pynq-z2"):
    design = design_of(board)
    text = hwh(design)
    assert old in text
    return compare(text, text.replace(old, new, 1), design)


@pytest.mark.parametrize("board", board_names())
def test_the_prediction_is_as_predicted(board):
    design = design_of(board)
    assert compare(hwh(design), hwh(design), design) == []


@pytest.mark.parametrize(("old", "new", "difference"), [
    ('DEVICE="7z020"', 'DEVICE="7z010"', Difference("part DEVICE", "7z020", "7z010")),
    ('NAME="c_sg_length_width" VALUE="26"', 'NAME="c_sg_length_width" VALUE="14"',
     Difference("dma c_sg_length_width", "26", "14")),
    ('NAME="LANES" VALUE="16"', 'NAME="LANES" VALUE="8"', Difference("lutdla LANES", "16", "8")),
    ('NAME="PCW_USE_S_AXI_HP0" VALUE="1"', 'NAME="other" VALUE="1"', Difference("ps PCW_USE_S_AXI_HP0", "1", "")),
    ('BASEVALUE="0x43C00000" HIGHNAME="C_HIGHADDR" HIGHVALUE="0x43C00FFF"',
     'BASEVALUE="0x43C10000" HIGHNAME="C_HIGHADDR" HIGHVALUE="0x43C10FFF"',
     Difference("address of lutdla/s_axi for ps/M_AXI_GP0", "0x43C00000..0x43C00FFF", "0x43C10000..0x43C10FFF")),
    ('NAME="PCW_FCLK0_PERIPHERAL_DIVISOR0" VALUE="5"', 'NAME="PCW_FCLK0_PERIPHERAL_DIVISOR0" VALUE="8"',
     Difference("ps clock on the board, MHz", "100.0000", "62.5000")),
    ("xilinx.com:ip:axi_dma:7.1", "xilinx.com:ip:axi_mcdma:1.1",
     Difference("IP dma", "xilinx.com:ip:axi_dma", "xilinx.com:ip:axi_mcdma")),
    ('FULLNAME="/lines" HWVERSION="2.1" INSTANCE="lines"', 'FULLNAME="/cords" HWVERSION="2.1" INSTANCE="cords"',
     Difference("IP lines", "xilinx.com:ip:xlconcat", "")),
    ('DIR="O" NAME="mm2s_introut" SIGIS="intr" SIGNAME="dma_mm2s_introut"', 'DIR="O" NAME="mm2s_introut"',
     Difference("wire to lines/In0", "dma/mm2s_introut", "dma_mm2s_introut")),
])  # fmt: skip
def test_what_differs_is_named(old, new, difference):
    assert difference in differences(old, new)


def test_versions_clocks_that_are_off_and_names_of_nets_do_not_matter():
    assert differences("xilinx.com:ip:axi_dma:7.1", "xilinx.com:ip:axi_dma:7.2") == []
    assert differences('NAME="PCW_FCLK2_PERIPHERAL_DIVISOR0" VALUE="5"',
                       'NAME="PCW_FCLK2_PERIPHERAL_DIVISOR0" VALUE="9"') == []
    design = design_of("pynq-z2")
    assert compare(hwh(design), hwh(design).replace('"resets_peripheral_aresetn"', '"rst_net_1"'), design) == []


def test_divisors_may_be_others_that_make_the_same_clock():
    design = design_of("pynq-z2")
    text = hwh(design)
    swapped = text.replace('PCW_FCLK0_PERIPHERAL_DIVISOR0" VALUE="5"', 'PCW_FCLK0_PERIPHERAL_DIVISOR0" VALUE="10"')
    swapped = swapped.replace('PCW_FCLK0_PERIPHERAL_DIVISOR1" VALUE="2"', 'PCW_FCLK0_PERIPHERAL_DIVISOR1" VALUE="1"')
    assert swapped != text
    assert compare(text, swapped, design) == []


def test_what_stands_in_for_a_missing_ip_is_taken():
    assert differences("xilinx.com:ip:xlconcat:2.1", "xilinx.com:inline_hdl:ilconcat:1.0") == []


def test_memory_past_2_gib_may_be_missing():
    design = design_of("kv260")
    text = hwh(design)
    lines = [line for line in text.splitlines() if "HP0_DDR_HIGH" not in line]
    assert len(lines) < len(text.splitlines())
    assert compare(text, "\n".join(lines), design) == []


def test_a_register_that_moved_is_named():
    found = differences('NAME="ADDRESS_OFFSET" VALUE="0x54"', 'NAME="ADDRESS_OFFSET" VALUE="0x58"')
    assert [d.what for d in found] == ["lutdla register CYCLES"]


@pytest.mark.parametrize(("text", "message"), [("<a", "the hwh is no XML"), ("<a/>", "its root is a, not EDKSYSTEM")])
def test_what_is_no_hwh_is_refused(text, message):
    design = design_of("pynq-z2")
    with pytest.raises(ToolError, match=message):
        compare(hwh(design), text, design)
