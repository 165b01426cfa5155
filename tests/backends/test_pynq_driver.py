"""`overlay.lutdla`, and overlays that are found by name or missed with a message that helps."""

import subprocess
import sys

import numpy as np
import pytest
from pynq import Overlay

from lutdla.backends.emulator import EmulatorModel
from lutdla.backends.pynq import PynqBackend
from lutdla.backends.pynq_driver import LutdlaCore
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.emulation import EmulatedDevice
from lutdla.errors import DeviceError
from lutdla.runtime import Accelerator
from lutdla.spec import ABI_VERSION, CoreConfig
from lutdla.spec.registers import COUNTERS, REGISTERS
from lutdla_overlay.boards import board_names, load_board
from lutdla_overlay.hwh import write_overlay
from lutdla_overlay.overlays import how_to_install
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig(metric="l1")


def core_on(tmp_path, model):
    overlay = Overlay(str(write_overlay(tmp_path, CONFIG, load_board("pynq-z2"))), device=EmulatedDevice(model))
    return overlay.lutdla


def test_the_driver_shows_configuration_state_and_counters(tmp_path):
    core = core_on(tmp_path, Loopback)
    assert type(core) is LutdlaCore
    assert core.identity == {"MAGIC": 0x4C555444, "ABI": ABI_VERSION, "CONFIG_HASH": CONFIG.hash, "MODEL": 0}
    assert core.config == CONFIG
    assert core.status == {"LOADED": 0, "BUSY": 0, "ERROR": 0, "DECODER": 0, "ROW": 0}
    assert core.error == "NONE: no error"
    assert core.counters == dict.fromkeys(COUNTERS, 0)
    shown = repr(core.register_map)
    assert all(f"  {register.name} = Register(" in shown for register in REGISTERS)


@pytest.mark.parametrize(("word", "text"), [
    (6 | 300 << 8, "CRC: the CRC-32 of a packet is wrong: the data was damaged on its way (packet 300)"),
    (200, "code 200 (unknown to this lutdla)"),
])  # fmt: skip
def test_an_error_is_decoded(tmp_path, word, text):
    core = core_on(tmp_path, lambda config: Loopback(config, ERROR=word))
    assert core.error == text


@pytest.mark.parametrize(("constants", "message"), [
    ({"MAGIC": 0}, r"lutdla\.bit: the IP at 0x43C00000 answers 0x00000000, a lutdla core answers"),
    ({"CONFIG_HASH": 5}, "the hwh is stale"),
])  # fmt: skip
def test_hardware_that_is_not_ours_can_be_looked_at_but_not_believed(tmp_path, constants, message):
    core = core_on(tmp_path, lambda config: Loopback(config, **constants))
    assert core.status["BUSY"] == 0
    for property_ in ("identity", "config"):
        with pytest.raises(DeviceError, match=message):
            getattr(core, property_)


def test_the_driver_and_the_back_end_share_a_core(tmp_path):
    artefact = assemble(random_network(CONFIG, (40, 24, 10), 0), CONFIG)
    bitfile = write_overlay(tmp_path, CONFIG, load_board("pynq-z2"))
    backend = PynqBackend(bitfile, device=EmulatedDevice(EmulatorModel))
    with Accelerator("pynq", backend) as accelerator:
        accelerator.load(artefact)(np.zeros((3, 40), np.int8))
        core = backend.overlay.lutdla
        assert core.status["LOADED"] == 1
        assert core.identity["MODEL"] == artefact.model_id
        assert core.counters["IMAGES"] >= 3
        assert core.register_map.STATUS.LOADED == 1


@pytest.mark.parametrize("board", board_names())
def test_a_board_without_an_overlay_is_told_how_to_get_one(board):
    name = load_board(board).name
    with pytest.raises(DeviceError, match=(
        rf"lutdla\.bit: no overlay for {name} is installed \(there are: .+\): run `lutdla build --board {board}` on a "
        rf"computer with Vivado and copy build/{board}/lutdla\.bit\.d/\* to /\S+/lutdla_overlay/overlays/lutdla\.bit\.d"
    )):  # fmt: skip
        PynqBackend("lutdla.bit", device=EmulatedDevice(Loopback, name=name))


def test_an_unknown_board_is_told_too():
    assert "no overlay for Toaster is installed" in how_to_install("Toaster")
    assert "`lutdla build --board BOARD`" in how_to_install("Toaster")


def test_what_pynq_imports_for_every_overlay_is_little():
    code = ("import sys, pynq; before = set(sys.modules); import lutdla.backends.pynq_driver; "
            "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["lutdla", "numpy"]), done.stderr
