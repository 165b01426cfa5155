"""The Verilog of a core, converted once: a conversion takes a minute, and boards share cores."""

from __future__ import annotations

from lutdla.backends.hardware_cache import cache_folder, hardware_digest, locked
from lutdla.spec.config import CoreConfig


def core_verilog(config: CoreConfig) -> str:
    """Text of `lutdla_core.v`; converted when it is not in the cache.

    Raises:
        ToolError: MyHDL is not installed, or the conversion failed.
    """
    folder = cache_folder() / "verilog" / hardware_digest(config)
    file = folder / "lutdla_core.v"
    with locked(folder):
        if not file.is_file():
            from lutdla_hdl.convert import convert  # here, because planning may run where no MyHDL is

            convert(config, folder)  # moves the files into place when they are complete, this one last
        return file.read_text(encoding="utf-8")
