"""The Verilog of a core, converted once: a conversion takes seconds, and many ask for the same core."""

from __future__ import annotations

from pathlib import Path

from lutdla.backends.hardware_cache import cache_folder, hardware_digest, locked
from lutdla.spec.config import CoreConfig


def core_verilog(config: CoreConfig) -> Path:
    """`lutdla_core.v` in the cache, with Verilator's waivers beside it as `.vlt`; do not change the files.

    Raises:
        ToolError: MyHDL is not installed, or the conversion failed.
    """
    folder = cache_folder() / "verilog" / hardware_digest(config)
    file = folder / "lutdla_core.v"
    with locked(folder):
        if not file.is_file():
            from lutdla_hdl.convert import convert  # here, because planning may run where no MyHDL is

            convert(config, folder)  # moves the files into place when they are complete, this one last
    return file
