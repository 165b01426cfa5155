"""The hwh through pynq's own parser, for both kinds of processing system."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.emulation.device import config_of
from lutdla.emulation.metadata import parse_hwh
from lutdla.errors import ConfigError
from lutdla.spec import CoreConfig
from lutdla.spec.registers import REGISTERS
from lutdla_overlay.block_design import block_design
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.hwh import hwh, split_part, write_overlay
from lutdla_overlay.ip import core_parameters

CONFIG = CoreConfig()


@pytest.fixture(params=["pynq-z2", "zcu104"])
def parsed(request, tmp_path):
    board = load_board(request.param)
    return parse_hwh(write_overlay(tmp_path, CONFIG, board, 125.0).with_suffix(".hwh")), board


def test_addresses_and_types(parsed):
    metadata, board = parsed
    core, dma = metadata.ip_dict["lutdla"], metadata.ip_dict["dma"]
    assert (core["phys_addr"], core["addr_range"]) == (board.addresses.lutdla, 0x1000)
    assert (dma["phys_addr"], dma["addr_range"]) == (board.addresses.dma, 0x10000)
    assert (core["type"], dma["type"]) == ("lutdla:ip:lutdla_core:1.0", "xilinx.com:ip:axi_dma:7.1")
    assert metadata.family_ps == board.ps.kind


def test_every_register_and_field_arrives(parsed):
    metadata, _ = parsed
    found = metadata.ip_dict["lutdla"]["registers"]
    access = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
    assert list(found) == [register.name for register in REGISTERS]
    for register in REGISTERS:
        entry = found[register.name]
        assert (entry["address_offset"], entry["size"], entry["access"], entry["description"]) == (
            register.offset, 32, access[register.access], register.description)  # fmt: skip
        fields = {name: (f["bit_offset"], f["bit_width"]) for name, f in entry["fields"].items()}
        assert fields == {f.name: (f.offset, f.width) for f in register.fields}


def test_parameters_of_core_and_dma(parsed):
    metadata, board = parsed
    parameters = metadata.ip_dict["lutdla"]["parameters"]
    assert config_of(parameters) == CONFIG
    assert int(parameters["CONFIG_HASH"], 0) == CONFIG.hash
    dma = metadata.ip_dict["dma"]["parameters"]
    assert dma["c_include_sg"] == "0"
    assert dma["c_sg_length_width"] == "26"
    assert dma["c_addr_width"] == str(board.ps.address_bits)
    assert {dma[f"c_{name}_data_width"] for name in ("m_axi_mm2s", "m_axi_s2mm")} == {"64"}


def test_one_clock_is_on(parsed):
    metadata, board = parsed
    clocks = metadata.clock_dict
    assert [clocks[i]["enable"] for i in range(4)] == [1, 0, 0, 0]
    product = clocks[0]["divisor0"] * clocks[0]["divisor1"]
    assert product == (8 if board.ps.kind == "processing_system7" else 12)


@pytest.mark.parametrize("board", board_names())
def test_the_text_is_deterministic_and_names_the_board(board):
    facts = load_board(board)
    text = hwh(block_design(CONFIG, facts, 100.0))
    assert text == hwh(block_design(CONFIG, facts, 100.0))
    system = ET.fromstring(text).find("SYSTEMINFO").attrib
    assert system["BOARD"] == facts.board_part
    assert (system["DEVICE"], system["PACKAGE"], system["SPEEDGRADE"]) == split_part(facts.part)


@pytest.mark.parametrize(("part", "words"), [
    ("xc7z020clg400-1", ("7z020", "clg400", "-1")), ("xczu7ev-ffvc1156-2-e", ("xczu7ev", "ffvc1156", "-2")),
    ("xck26-sfvc784-2LV-c", ("xck26", "sfvc784", "-2LV")),
])  # fmt: skip
def test_a_part_is_written_as_vivado_does(part, words):
    assert split_part(part) == words


@given(st.builds(
    CoreConfig, metric=st.sampled_from(["l2", "l1", "chebyshev"]), ports=st.integers(1, 9),
    lanes=st.sampled_from([8, 16, 32]), table_rows=st.sampled_from([64, 1024, 4096]), acc_bits=st.integers(24, 32),
))  # fmt: skip
def test_the_parameters_hold_the_whole_configuration(config):
    assert config_of({name: str(value) for name, value in core_parameters(config).items()}) == config


def test_the_placeholder_says_that_it_is_no_bitstream(tmp_path):
    bitfile = write_overlay(tmp_path / "new", CONFIG, load_board("pynq-z1"), name="digits")
    assert bitfile.name == "digits.bit"
    assert bitfile.with_suffix(".hwh").is_file()
    assert b"no bitstream: emulation only" in bitfile.read_bytes()


def test_streams_wider_than_the_memory_port_are_refused():
    with pytest.raises(ConfigError, match="stream_bits is 128, zybo-z7-10 has a memory port of 64 bits: use stream_b"):
        block_design(CoreConfig(stream_bits=128), load_board("zybo-z7-10"), 100.0)
