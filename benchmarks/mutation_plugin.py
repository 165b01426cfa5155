"""A pytest plugin for the tests of mutants: they see the changed sources, and a failure is reported as it is found."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import Phase, settings


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test other sources than those of this folder; take the first failing example as it is.

    Shrinking an example takes longer than finding it, and nobody looks at it here.
    """
    found = importlib.util.find_spec("lutdla_hdl")
    origin = Path(found.origin) if found is not None and found.origin is not None else None
    if origin is None or not origin.is_relative_to(config.rootpath):
        raise pytest.UsageError(f"lutdla_hdl comes from {origin}: put the hdl folder of {config.rootpath} first in "
                                "PYTHONPATH")
    # "ci": the same examples in every run, so that a mutant is caught always or never
    settings.register_profile("mutation", settings.get_profile("ci"), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutation")
