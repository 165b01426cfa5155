import sys

import pytest

from lutdla.backends import BACKENDS, open_backend
from lutdla.errors import DeviceError
from tests.strategies import TINY


@pytest.mark.parametrize("name", ["emulator", "pynq"])
def test_a_back_end_opens_by_name(name):
    backend = open_backend(name, TINY)
    assert backend.name == name
    backend.close()
    backend.close()


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(DeviceError, match="unknown back end 'fpga': use one of emulator, rtl, myhdl, pynq"):
        open_backend("fpga", TINY)


def test_a_missing_package_is_named(monkeypatch):
    def needs_something(config):
        import no_such_package_of_ours  # noqa: F401

    monkeypatch.setitem(BACKENDS, "rtl", needs_something)
    with pytest.raises(DeviceError, match="back end rtl needs the Python package 'no_such_package_of_ours'"):
        open_backend("rtl", TINY)
    assert "no_such_package_of_ours" not in sys.modules
