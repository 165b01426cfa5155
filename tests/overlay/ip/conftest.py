"""Cores as IPs, packaged."""

import pytest

from lutdla.backends.core_verilog import core_verilog
from lutdla_overlay.ip import ip_files


@pytest.fixture(scope="session")
def packaged():
    """Function: configuration -> the IP's files without their folder, for example `hdl/lutdla_ip.v` -> text."""

    def files(config, **options):
        made = ip_files(config, core_verilog(config).read_text(), **options)
        return {path.removeprefix("lutdla_core_1_0/"): text for path, text in made.items()}

    return files
