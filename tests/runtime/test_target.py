from pathlib import Path

import pytest

import lutdla
from lutdla.compiler.assemble import assemble
from lutdla.compiler.random_network import random_network
from lutdla.errors import DeviceError, FitError, InputError, LutdlaError
from lutdla.runtime import target
from lutdla.verify import make_vectors, reference_results
from tests.runtime.devices import NETWORK
from tests.strategies import TINY


def test_without_a_board_open_gives_the_emulator():
    with lutdla.open() as accelerator:
        assert (accelerator.name, accelerator.config) == ("emulator", lutdla.CoreConfig())


@pytest.mark.parametrize("name", ["emulator", "pynq"])
def test_a_model_takes_the_configuration_of_each_artefact(name):
    wide = assemble(random_network(lutdla.CoreConfig(), (20, 10)), lutdla.CoreConfig())
    with lutdla.open(name) as accelerator:
        for artefact in (NETWORK, wide, NETWORK):
            x = make_vectors(artefact, 3)
            network = accelerator.load(artefact)
            assert accelerator.config == artefact.config
            assert (network.raw(x) == reference_results(artefact, x)).all()


def test_a_given_configuration_stays():
    with lutdla.open("emulator", config=lutdla.CoreConfig()) as accelerator:
        with pytest.raises(FitError, match="artefact was compiled for v=2, this overlay has v=4"):
            accelerator.load(NETWORK)
        assert accelerator.config == lutdla.CoreConfig()
        with lutdla.open("emulator", config=TINY) as tiny:
            tiny.load(NETWORK)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fpga", "unknown target 'fpga': use one of emulator, rtl, myhdl, pynq, or a path that ends with .bit"),
        ("no/such.bit", r"no/such\.bit|no device"),
    ],
)
def test_a_target_that_cannot_be_opened_is_named(name, message):
    with pytest.raises(DeviceError, match=message):
        lutdla.open(name)


def test_a_bitstream_has_its_own_configuration():
    with pytest.raises(InputError, match=r"x\.bit: a bitstream has its own configuration: open it without config"):
        lutdla.open(Path("x.bit"), config=TINY)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan")])
def test_a_deadline_is_positive(timeout_s):
    with pytest.raises(InputError, match=r"timeout_s is .*: it must be more than 0 seconds"):
        lutdla.open("emulator", timeout_s=timeout_s)


def test_a_board_is_seen_by_its_programmable_logic(tmp_path, monkeypatch):
    monkeypatch.setattr(target, "FPGA_MANAGER", tmp_path)
    assert not target.has_board()
    (tmp_path / "fpga0").mkdir()
    assert target.has_board()
    with pytest.raises(LutdlaError, match="device"):  # on a board, pynq is asked for it
        lutdla.open()
