"""Verilog of a configuration, converted once for all tests."""

import resource

import pytest

from lutdla.backends.core_verilog import core_verilog

MOST_SECONDS = 60
"""Of a processor; a conversion that takes more has become a problem."""


def child_seconds() -> float:
    """Processor time of the processes that this one started and that have ended: conversions run in one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="session")
def verilog():
    """Function: configuration -> path of its Verilog; do not change the file."""

    def path(config):
        started = child_seconds()
        made = core_verilog(config)
        assert child_seconds() - started < MOST_SECONDS, f"conversion of ({config}) is slow"
        return made

    return path
