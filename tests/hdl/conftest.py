"""Verilog of a configuration, converted once for all tests of a file."""

import pytest

from lutdla_hdl.convert import convert


@pytest.fixture(scope="session")
def verilog(tmp_path_factory):
    """Function: configuration -> path of its Verilog; do not change the file."""
    made = {}

    def path(config):
        if config.hash not in made:
            made[config.hash] = convert(config, tmp_path_factory.mktemp(f"core-{config.hash:08x}"))
        return made[config.hash]

    return path
