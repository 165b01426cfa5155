"""The compiled kernels that this machine can run, and numpy in their place."""

import os
from contextlib import contextmanager

from lutdla.native.variants import SWITCH, VARIANTS, load

KERNELS = ["0", *(name for name in VARIANTS if load(name) is not None)]
"""Values of SWITCH."""


@contextmanager
def kernel(name):
    """Compute with these kernels inside the `with` statement: hypothesis has no monkeypatch for each example."""
    before = os.environ.get(SWITCH)
    os.environ[SWITCH] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[SWITCH]
        else:
            os.environ[SWITCH] = before
