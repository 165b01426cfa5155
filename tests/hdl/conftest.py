"""Verilog of a configuration, converted once for all tests of a file."""

import resource

import pytest

from lutdla_hdl.convert import convert

MOST_SECONDS = 60
"""Of a processor; a conversion that takes more has become a problem."""


def child_seconds() -> float:
    """Processor time of the processes that this one started and that have ended: conversions run in one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="session")
def verilog(tmp_path_factory):
    """Function: configuration -> path of its Verilog; do not change the file."""
    made = {}

    def path(config):
        if config.hash not in made:
            started = child_seconds()
            made[config.hash] = convert(config, tmp_path_factory.mktemp(f"core-{config.hash:08x}"))
            assert child_seconds() - started < MOST_SECONDS, f"conversion of ({config}) is slow"
        return made[config.hash]

    return path
