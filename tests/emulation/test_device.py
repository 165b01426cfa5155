import os
import subprocess
import sys

import numpy as np
import pynq
import pytest
from pynq import Overlay

from lutdla.emulation.device import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.spec import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.hwh import write_overlay
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig()


@pytest.fixture(params=["pynq-z2", "zcu104"])
def loaded(request, tmp_path):
    board = load_board(request.param)
    device = EmulatedDevice(Loopback, arch=board.ps.arch, name=board.name, poll_limit=1000)
    overlay = Overlay(str(write_overlay(tmp_path, CONFIG, board)), device=device)
    return overlay, device, board


def test_the_real_overlay_finds_ip_by_name(loaded):
    overlay, device, board = loaded
    assert overlay.is_loaded()
    assert overlay.ip_dict["lutdla"]["phys_addr"] == board.addresses.lutdla
    assert type(overlay.dma).__name__ == "DMA"
    assert overlay.dma.buffer_max_size == (1 << 26) - 1
    assert device.cycle_exact


def test_register_map_reads_and_writes_by_name(loaded):
    overlay, device, _ = loaded
    registers = overlay.lutdla.register_map
    assert int(registers.MAGIC) == 0x4C555444
    assert CONFIG.v == registers.CAP_VECTOR.V
    assert CONFIG.lanes == registers.CAP_BANKS.LANES
    assert int(registers.CAP_TABLE) == CONFIG.table_rows
    device.bus.trace.clear()
    registers.CONTROL.CLEAR_ERROR = 1
    assert device.bus.trace[-1] == ("W", "lutdla", 0x24, 2)
    registers.PROFILE_ROW = 3
    assert registers.PROFILE_ROW.ROW == 3
    with pytest.raises(AttributeError):
        registers.MAGIC = 1


def test_stock_dma_round_trip(loaded):
    overlay, device, _ = loaded
    sent, got = (pynq.allocate(64, np.int16, target=device) for _ in range(2))
    sent[:] = np.arange(64)
    overlay.dma.recvchannel.transfer(got)
    overlay.dma.sendchannel.transfer(sent)
    overlay.dma.sendchannel.wait()
    overlay.dma.recvchannel.wait()
    assert overlay.dma.recvchannel.transferred == 128
    assert np.array_equal(got, np.arange(64))


def test_stock_wait_on_a_starved_stream_ends(loaded):
    overlay, device, _ = loaded
    overlay.dma.recvchannel.transfer(pynq.allocate(8, "u1", target=device))
    with pytest.raises(TimeoutError, match="S2MM made no progress"):
        overlay.dma.recvchannel.wait()


def test_an_unmapped_address_raises(loaded):
    _, device, _ = loaded
    with pytest.raises(DeviceError, match="nothing answers at 0x7F000000"):
        pynq.MMIO(0x7F00_0000, 4, device=device)


def test_nothing_is_there_before_a_download(tmp_path):
    device = EmulatedDevice(Loopback)
    overlay = Overlay(str(write_overlay(tmp_path, CONFIG, load_board("pynq-z2"))), device=device, download=False)
    with pytest.raises(DeviceError, match="nothing answers at 0x43C00000"):
        overlay.lutdla.read(0)


def test_a_download_makes_a_new_core_and_closes_the_old(loaded):
    overlay, device, _ = loaded
    first = device.model
    overlay.lutdla.write(0x68, 5)
    overlay.download()
    assert device.model is not first
    assert first.closed == 1
    assert overlay.lutdla.read(0x68) == 0


def test_the_core_is_made_for_the_configuration_in_the_hwh(tmp_path):
    seen = []
    device = EmulatedDevice(lambda config: seen.append(config) or Loopback(config))
    config = CoreConfig(metric="l1", ports=9, lanes=8, table_rows=512)
    Overlay(str(write_overlay(tmp_path, config, load_board("pynq-z1"))), device=device)
    assert seen == [config]


def test_clocks_follow_the_hwh(tmp_path):
    for board_name, asked, got in (("pynq-z2", 125.0, 125.0), ("zcu104", 150.0, 149.9985), ("pynq-z1", 100.0, 100.0)):
        board = load_board(board_name)
        device = EmulatedDevice(Loopback, arch=board.ps.arch)
        Overlay(str(write_overlay(tmp_path, CONFIG, board, asked, name=board_name)), device=device)
        assert pynq.Clocks.fclk0_mhz == got
        pynq.Clocks.fclk0_mhz = 50.0
        assert pynq.Clocks.fclk0_mhz == pytest.approx(50.0, rel=1e-4)
        assert pynq.Clocks.cpu_mhz > 0


def test_a_missing_hwh_is_named(tmp_path):
    bitfile = write_overlay(tmp_path, CONFIG, load_board("pynq-z2"))
    bitfile.with_suffix(".hwh").unlink()
    with pytest.raises(DeviceError, match=r"lutdla\.hwh is missing"):
        Overlay(str(bitfile), device=EmulatedDevice(Loopback))


def test_bulk_register_access(loaded):
    _, device, board = loaded
    device.write_registers(board.addresses.lutdla + 0x100, b"\x01\0\0\0\x02\0\0\0")
    assert device.read_registers(board.addresses.lutdla + 0x100, 8) == b"\x01\0\0\0\x02\0\0\0"


def test_an_unknown_architecture_is_refused():
    with pytest.raises(DeviceError, match="arch is 'x86_64': use armv7l or aarch64"):
        EmulatedDevice(Loopback, arch="x86_64")


@pytest.mark.parametrize(("value", "expected"), [("", "none"), ("1", "emulated Pynq-Z2")])
def test_pynq_finds_the_device_only_when_asked(value, expected):
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import lutdla.emulation\n"
        "from pynq import Device\n"
        "print(*[f'{d.tag} {d.name}' for d in Device.devices] or ['none'])"
    )
    environment = {**os.environ, "LUTDLA_EMULATE": value}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == expected, done.stderr
