"""An overlay's files and clock are checked before a register is touched."""

import hashlib
import json
import logging
import re

import pynq
import pytest

from lutdla.backends.overlay_files import CLOCK_TOLERANCE, check_clock, check_manifest, stated_clock_mhz
from lutdla.backends.pynq import PynqBackend
from lutdla.emulation.device import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.spec import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig()


@pytest.fixture
def bitfile(tmp_path):
    made = write_overlay(tmp_path, CONFIG, load_board("kv260"))
    sums = {f"{kind}_sha256": hashlib.sha256(made.with_suffix(f".{kind}").read_bytes()).hexdigest()
            for kind in ("bit", "hwh")}  # fmt: skip
    made.with_suffix(".json").write_text(json.dumps(sums))
    return made


def opened(bitfile, device=None):
    return PynqBackend(bitfile, device=device or EmulatedDevice(Loopback, arch="aarch64"))


def test_an_overlay_with_its_manifest_opens(bitfile):
    opened(bitfile).close()


def test_an_overlay_without_a_manifest_opens(bitfile):
    bitfile.with_suffix(".json").unlink()
    opened(bitfile).close()


@pytest.mark.parametrize("kind", ["bit", "hwh"])
def test_a_file_of_another_build_is_refused(bitfile, kind):
    file = bitfile.with_suffix(f".{kind}")
    file.write_bytes(file.read_bytes() + b"\n")
    device = EmulatedDevice(Loopback, arch="aarch64")
    with pytest.raises(DeviceError, match=rf"{file.name}: SHA-256 \w{{16}}\.\.\., its manifest .* not of one build"):
        opened(bitfile, device)
    assert device.model is None, "nothing was downloaded"
    assert not device.bus.trace, "no register was touched"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bit_sha256": "00"}', "[" * 100_000, "x" * (1 << 20) + "x"])
def test_a_broken_manifest_is_named(bitfile, text):
    bitfile.with_suffix(".json").write_text(text)
    with pytest.raises(DeviceError, match=r"\.json: no manifest of an overlay .*copy \.bit, \.hwh and \.json of one"):
        check_manifest(bitfile)


def test_a_missing_hwh_is_named_by_its_manifest(bitfile):
    bitfile.with_suffix(".hwh").unlink()
    with pytest.raises(DeviceError, match=r"\.hwh is missing, its manifest .*\.json names it"):
        check_manifest(bitfile)


@pytest.mark.parametrize(("old", "new"), [
    (f'NAME="CONFIG_HASH" VALUE="0x{CONFIG.hash:08X}"', 'NAME="CONFIG_HASH" VALUE="0x00000001"'),
    (r'BASEVALUE="0x\w+"(?=[^>]*INSTANCE="lutdla")', 'BASEVALUE="0xA00F0000"'),
], ids=["configuration", "address"])  # fmt: skip
def test_metadata_that_are_older_than_the_hwh_are_refused(bitfile, old, new):
    """pynq finds its cache by the bit file only: here it goes on with what it knew before the hwh was replaced."""

    class Caching(EmulatedDevice):
        def get_bitfile_metadata(self, bitfile_name, partial=False):
            parser = super().get_bitfile_metadata(bitfile_name, partial)
            bitfile.with_suffix(".json").unlink()
            hwh = bitfile.with_suffix(".hwh")
            text, changes = re.subn(old, new, hwh.read_text())
            assert changes
            hwh.write_text(text)
            return parser

    device = Caching(Loopback, arch="aarch64")
    with pytest.raises(DeviceError, match=r"pynq's cached metadata are stale, empty them with pynq\.PL\.reset"):
        opened(bitfile, device)
    assert not device.bus.trace, "no register was touched"


# -- clock -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("board", ["pynq-z2", "kv260"])
def test_a_clock_that_is_too_fast_is_refused(tmp_path, board):
    facts = load_board(board)
    made = write_overlay(tmp_path, CONFIG, facts, 100.0)
    device = EmulatedDevice(Loopback, arch=facts.ps.arch, name=facts.name)
    first = opened(made, device)
    stated = stated_clock_mhz(first.overlay.ip_dict)
    assert stated == pytest.approx(100, rel=0.01)
    first.close()
    pynq.Clocks.fclk0_mhz = 125
    with pytest.raises(DeviceError, match=r"PL clock 0 runs at \S+ MHz, the overlay was made for \S+ MHz: download"):
        PynqBackend(device=device)
    pynq.Clocks.fclk0_mhz = stated
    PynqBackend(device=device).close()
    pynq.Clocks.fclk0_mhz = 50
    PynqBackend(device=device).close()
    opened(made, device).close()
    assert pytest.approx(stated, rel=0.01) == pynq.Clocks.fclk0_mhz, "a download sets the clock"


def test_a_clock_that_is_a_little_off_is_right():
    ip_dict = {"ps": {"parameters": {"PCW_FPGA0_PERIPHERAL_FREQMHZ": "100"}}}
    check_clock(ip_dict, 100 * (1 + CLOCK_TOLERANCE / 2), "x.bit")
    check_clock({"ps": {}}, 1000, "x.bit")
    with pytest.raises(DeviceError, match=r"x\.bit: PL clock 0 runs at 102 MHz, the overlay was made for 100 MHz"):
        check_clock(ip_dict, 102, "x.bit")


def test_a_clock_that_pynq_cannot_read_is_not_checked_and_said(bitfile, monkeypatch, caplog):
    def unknown(self):
        raise ValueError("Invalid PLL Source")

    monkeypatch.setattr(type(pynq.Clocks), "fclk0_mhz", property(unknown))
    with caplog.at_level(logging.WARNING, "lutdla"):
        opened(bitfile).close()
    assert "pynq cannot tell the frequency of PL clock 0 (Invalid PLL Source): it is not checked" in caplog.text
