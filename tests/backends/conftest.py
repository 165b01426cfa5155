"""A core behind each back end, for the conformance suite."""

import pytest

from lutdla.runtime import Accelerator
from tests.backends.harness import BUILDERS, Stalling
from tests.strategies import TINY


@pytest.fixture(params=BUILDERS, scope="module")
def shared(request):
    """A tiny core behind each back end for all tests of a file, and the switch that stalls its streams.

    Only one: MyHDL simulates one core at a time.
    """
    yield from opened(request.param)


@pytest.fixture(params=[name for name in BUILDERS if name != "myhdl"], scope="module")
def fast(request):
    """The same, but for MyHDL, whose simulator takes seconds for a test."""
    yield from opened(request.param)


def opened(name):
    made = []

    def wrap(model):
        made.append(Stalling(model))
        return made[-1]

    with Accelerator(name, BUILDERS[name](TINY, wrap), timeout_s=60) as accelerator:
        yield accelerator, made[-1]


@pytest.fixture
def accelerator(shared):
    shared[0].core().recover()  # whatever the test before left
    return shared[0]


@pytest.fixture
def core(accelerator):
    return accelerator.core()
