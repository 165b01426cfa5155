"""Overlays that are not ours, or not what they say, are refused before anything is sent."""

import subprocess
import sys

import pytest

from lutdla.backends.pynq import PynqBackend
from lutdla.emulation.device import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.spec import ABI_VERSION, CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig()


def opened(tmp_path, edit=lambda text: text, model=Loopback):
    bitfile = write_overlay(tmp_path, CONFIG, load_board("pynq-z2"))
    hwh = bitfile.with_suffix(".hwh")
    hwh.write_text(edit(hwh.read_text()))
    return PynqBackend(bitfile, device=EmulatedDevice(model))


def change(*pairs):
    def edit(text):
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        return text

    return edit


def parameter(name, old, new):
    return change((f'NAME="{name}" VALUE="{old}"', f'NAME="{name}" VALUE="{new}"'))


def test_an_unchanged_overlay_opens(tmp_path):
    opened(tmp_path).close()


@pytest.mark.parametrize(("edit", "message"), [
    (change(("lutdla:ip:lutdla_core:1.0", "acme:ip:fir:1.0")),
     r"0 IP of type lutdla:ip:lutdla_core, .* found .*lutdla \(acme:ip:fir:1\.0\).*use an overlay built by lutdla"),
    (change(("xilinx.com:ip:axi_dma:7.1", "xilinx.com:ip:axi_mcdma:1.1")), "0 IP of type xilinx.com:ip:axi_dma"),
    (parameter("c_m_axis_mm2s_tdata_width", 64, 32), "c_m_axis_mm2s_tdata_width=32, this core needs 64"),
    (parameter("c_s_axis_s2mm_tdata_width", 64, 128), "c_s_axis_s2mm_tdata_width=128, this core needs 64"),
    (parameter("c_sg_length_width", 26, 14), "c_sg_length_width=14, frames of at most 16383 bytes: .* with 20 or more"),
    (parameter("c_include_s2mm", 1, 0), "c_include_s2mm=0, this core needs 1"),
    (parameter("CONFIG_HASH", f"0x{CONFIG.hash:08X}", "0x00000001"), "the hwh describes 0x00000001: the hwh is stale"),
    (change((' NAME="ACC_BITS"', ' NAME="ACCBITS"')), "has no parameter ACC_BITS"),
])  # fmt: skip
def test_a_wrong_overlay_is_refused(tmp_path, edit, message):
    with pytest.raises(DeviceError, match=message):
        opened(tmp_path, edit)


def test_scatter_gather_is_refused(tmp_path):
    with pytest.raises(DeviceError, match="set c_include_sg and c_micro_dma to 0"):
        opened(tmp_path, parameter("c_include_sg", 0, 1))


@pytest.mark.parametrize(("constants", "message"), [
    ({"MAGIC": 0}, "the IP at 0x43C00000 answers 0x00000000, a lutdla core answers 0x4C555444"),
    ({"ABI": 99}, f"the overlay has ABI 99, this lutdla speaks ABI {ABI_VERSION}: update lutdla"),
    ({"ABI": 0}, "ABI 0, .*build the overlay again"),
    ({"CONFIG_HASH": 5}, "configuration hash 0x00000005, the hwh describes 0x.*pynq.PL.reset"),
])  # fmt: skip
def test_hardware_that_is_not_what_the_hwh_says_is_refused(tmp_path, constants, message):
    with pytest.raises(DeviceError, match=message):
        opened(tmp_path, model=lambda config: Loopback(config, **constants))


def test_a_missing_bit_file_is_named(tmp_path):
    with pytest.raises(DeviceError, match=r"nothere\.bit: pynq cannot open this overlay"):
        PynqBackend(tmp_path / "nothere.bit", device=EmulatedDevice(Loopback))


def test_without_an_overlay_there_is_nothing_to_attach_to():
    with pytest.raises(DeviceError, match=r'no overlay is loaded .* path of a \.bit file, or "lutdla\.bit" for the'):
        PynqBackend(device=EmulatedDevice(Loopback))


def test_addresses_beyond_the_dma_are_refused(tmp_path):
    backend = opened(tmp_path)
    backend._address_bits = 20
    with pytest.raises(DeviceError, match=r"lies at 0x\w+, the DMA has addresses of 20 bits: .*c_addr_width 64"):
        backend.allocate(64)
    assert not backend.overlay.device.ddr.buffers
    backend.close()


def run(program):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_device_the_message_says_what_to_do():
    assert "pynq finds no device" in run(
        "from lutdla.backends.pynq import PynqBackend\n"
        "from lutdla.errors import DeviceError\n"
        "try: PynqBackend('x.bit')\n"
        "except DeviceError as error: print(error)"
    )


def test_without_pynq_the_message_says_how_to_install_it():
    assert "pip install 'lutdla[board]'" in run(
        "import sys; sys.modules['pynq'] = None\n"
        "from lutdla.backends.pynq import PynqBackend\n"
        "from lutdla.errors import ToolError\n"
        "try: PynqBackend('x.bit')\n"
        "except ToolError as error: print(error)"
    )
