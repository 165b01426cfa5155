"""Verilog of a configuration, converted once for all tests of a file."""

import time

import pytest

from lutdla_hdl.convert import convert

MOST_SECONDS = 60
"""A conversion that takes more of a processor has become a problem (the default configuration: 13 s)."""


@pytest.fixture(scope="session")
def verilog(tmp_path_factory):
    """Function: configuration -> path of its Verilog; do not change the file."""
    made = {}

    def path(config):
        if config.hash not in made:
            started = time.process_time()
            made[config.hash] = convert(config, tmp_path_factory.mktemp(f"core-{config.hash:08x}"))
            assert time.process_time() - started < MOST_SECONDS, f"conversion of ({config}) is slow"
        return made[config.hash]

    return path
