import pytest

from lutdla.errors import ConfigError
from lutdla_overlay.boards import board_names, load_board, parse_board

GOOD = """
name = "Test"
part = "xc7z020clg400-1"
board_part = "vendor:test:part0:1.0"
ddr_mib = 512
core = "xc7z020"
unverified = ["ddr_mib", "resources.lut"]
[ps]
kind = "processing_system7"
version = "5.5"
control_port = "M_AXI_GP0"
memory_port = "S_AXI_HP0"
memory_bits = 64
crystal_mhz = 50.0
io_pll_mhz = 1000.0
[addresses]
dma = 0x4040_0000
lutdla = 0x43C0_0000
interrupts = 0x4180_0000
[resources]
lut = 53_200
ff = 106_400
bram36 = 140
uram = 0
dsp = 220
"""


def test_every_board_file_is_valid():
    boards = {key: load_board(key) for key in board_names()}
    assert set(boards) == {"pynq-z1", "pynq-z2", "zybo-z7-10", "zybo-z7-20", "ultra96-v2", "pynq-zu", "kv260", "zcu104",
                           "rfsoc4x2", "aup-zu3"}  # fmt: skip
    assert all(board.key == key for key, board in boards.items())


def test_facts_of_a_zynq_7000_and_of_an_ultrascale_board():
    z2, zcu = load_board("pynq-z2"), load_board("zcu104")
    assert (z2.part, z2.ps.vlnv, z2.ps.arch) == (
        "xc7z020clg400-1", "xilinx.com:ip:processing_system7:5.5", "armv7l")  # fmt: skip
    assert (z2.ps.address_bits, zcu.ps.address_bits) == (32, 64)
    assert (zcu.ps.arch, zcu.ps.memory_bits) == ("aarch64", 128)
    assert z2.resources.bram36 == 140


def test_facts_without_a_source_are_marked():
    assert "resources" in load_board("zybo-z7-10").unverified
    assert parse_board("test", GOOD).unverified == ("ddr_mib", "resources.lut")


def test_an_unknown_board_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"board 'pynq-z3' is unknown: use one of .*pynq-z2.* or add boards/pynq-z3"):
        load_board("pynq-z3")


@pytest.mark.parametrize(("old", "new", "message"), [
    ('name = "Test"', "", "entry 'name' is missing"),
    ('name = "Test"', 'nmae = "Test"', "unknown entry 'nmae'"),
    ('core = "xc7z020"', 'core = "xc8"', "core is 'xc8', use one of .*xc7z020"),
    ('core = "xc7z020"', 'core = "zcu104"', "core zcu104 is for parts of family xcup, not for a processing_system7"),
    ('name = "Test"', "name = 3", "name is 3, it must be of type str"),
    ("ddr_mib = 512", "ddr_mib = true", "ddr_mib is True, it must be of type int"),
    ("ddr_mib = 512", "ddr_mib = -1", "ddr_mib, resources.lut, .ff and .bram36 must be positive"),
    ("[ps]", "[ps", r"boards/test\.toml: .*line"),
    ('part = "xc7z020clg400-1"', 'part = "xczu7ev-ffvc1156-2-e"', "part is 'xczu7ev-ffvc1156-2-e'"),
    ('"vendor:test:part0:1.0"', '"test"', "board_part is 'test'"),
    ('"processing_system7"', '"microblaze"', "ps.kind is 'microblaze', use one of processing_system7"),
    ("memory_bits = 64", "memory_bits = 128", r"ps.memory_bits is 128, processing_system7 has \(32, 64\)"),
    ('"M_AXI_GP0"', '"M_AXI_HPM0_FPD"', "processing_system7 has M_AXI_GP0, M_AXI_GP1"),
    ('"S_AXI_HP0"', '"S_AXI_HP4"', "memory_port is 'S_AXI_HP4', use S_AXI_HP0 to 3"),
    ("0x4040_0000", "0x8040_0000", "addresses.dma is 0x80400000, it must be a multiple of 0x10000 in 0x40000000"),
    ("0x43C0_0000", "0x43C0_0004", "addresses.lutdla is 0x43C00004, it must be a multiple of 0x1000"),
    ("0x43C0_0000", "0x4040_1000", "0x40400000 and addresses.lutdla 0x40401000 overlap"),
    ("0x4180_0000", "0x4040_0000", "0x40400000 and addresses.interrupts 0x40400000 overlap"),
    ("io_pll_mhz = 1000.0", "io_pll_mhz = 1000", "io_pll_mhz is 1000, it must be of type float"),
    ("crystal_mhz = 50.0", "crystal_mhz = 5e7", "ps.crystal_mhz is 50000000.0, it must be 10 to 100"),
    ("lut = 53_200", "luts = 53_200", r"\[resources\]: unknown entry 'luts'"),
    ('"resources.lut"', '"speed"', "unverified names 'speed'"),
])  # fmt: skip
def test_a_bad_file_is_refused_with_place_and_limit(old, new, message):
    assert old in GOOD
    with pytest.raises(ConfigError, match=message) as caught:
        parse_board("test", GOOD.replace(old, new, 1))
    assert str(caught.value).startswith("boards/test.toml")
