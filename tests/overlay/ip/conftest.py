"""Cores as IPs, converted once for all tests of a process."""

import pytest

from lutdla_hdl.convert import convert
from lutdla_overlay.ip import ip_files


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """Function: configuration -> path of its Verilog; do not change the file."""
    made = {}

    def path(config):
        if config.hash not in made:
            made[config.hash] = convert(config, tmp_path_factory.mktemp(f"ip-{config.hash:08x}"))
        return made[config.hash]

    return path


@pytest.fixture(scope="session")
def packaged(converted):
    """Function: configuration -> the IP's files without their folder, for example `hdl/lutdla_ip.v` -> text."""

    def files(config, **options):
        made = ip_files(config, converted(config).read_text(), **options)
        return {path.removeprefix("lutdla_core_1_0/"): text for path, text in made.items()}

    return files
