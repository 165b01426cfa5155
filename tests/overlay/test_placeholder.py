import pytest
from pynq.pl_server.embedded_device import bit2bin, parse_bit_header

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.hwh import write_board_overlay
from lutdla_overlay.placeholder import placeholder, read_placeholder

CONFIG = CoreConfig(lanes=8)


def test_pynq_reads_its_header_and_the_board_what_it_means():
    made = placeholder(CONFIG, "kv260", "xck26-sfvc784-2LV-c", 187.5)
    header = parse_bit_header(made)
    assert (header["design"], header["part"]) == ("lutdla", "xck26-sfvc784-2LV-c")
    assert read_placeholder(bit2bin(made)) == ("kv260", CONFIG, 187.5)


def test_no_fpga_takes_it_for_a_bitstream():
    assert bytes.fromhex("aa995566") not in placeholder(CONFIG, "kv260", "x", 100.0), "the synchronisation word"


@pytest.mark.parametrize("data", [b"", b"123", bytes(1 << 15), b"\xff" * 64, bytes.fromhex("aa995566") * 10])
def test_anything_else_is_refused(data):
    with pytest.raises(ConfigError, match=r"no placeholder of an overlay .*written by lutdla_overlay\.hwh\.write_over"):
        read_placeholder(data)


def test_the_overlay_of_a_board_that_nobody_knows_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no board file names a board 'Toaster': give the path of its overlay"):
        write_board_overlay(tmp_path, "Toaster")
