from pathlib import Path

import pytest

from lutdla.emulation import emulated_board
from lutdla.errors import ConfigError, DeviceError
from lutdla.spec import CoreConfig
from lutdla_overlay.boards import board_names
from tests.emulation.loopback import Loopback

CONFIG = CoreConfig()


@pytest.mark.parametrize("board", board_names())
def test_every_board_opens(board):
    backend = emulated_board(Loopback(CONFIG), CONFIG, board)
    assert backend.read_register(0) == 0x4C555444
    backend.close()


def test_closing_closes_the_model_and_removes_the_overlay():
    model = Loopback(CONFIG)
    backend = emulated_board(model, CONFIG)
    folder = Path(backend.overlay.bitfile_name).parent
    assert folder.is_dir()
    backend.close()
    backend.close()
    assert model.closed == 1
    assert not folder.exists()


def test_wide_streams_get_a_board_with_a_wide_port():
    config = CoreConfig(stream_bits=128)
    backend = emulated_board(Loopback(config), config)
    assert backend.overlay.device.arch == "aarch64"
    backend.close()
    with pytest.raises(ConfigError, match=r"stream_bits is 128, pynq-z2 has a memory port of 64 bits"):
        emulated_board(Loopback(config), config, "pynq-z2")


def test_a_model_of_another_configuration_is_refused_and_closed():
    model = Loopback(CoreConfig(metric="l1"))
    with pytest.raises(DeviceError, match=r"the hwh is stale"):
        emulated_board(model, CONFIG)
    assert model.closed == 1


def test_the_given_model_serves_one_download():
    backend = emulated_board(Loopback(CONFIG), CONFIG)
    with pytest.raises(DeviceError, match="make a new emulated_board"):
        backend.overlay.download()
    backend.close()


def test_cycle_exactness_is_the_models():
    for exact in (True, False):
        model = Loopback(CONFIG)
        model.cycle_exact = exact
        backend = emulated_board(model, CONFIG)
        assert backend.cycle_exact is exact
        backend.close()
