"""The IP as files, ready to be a folder of an IP repository."""

from __future__ import annotations

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.ip import identity
from lutdla_overlay.ip.component import component_xml
from lutdla_overlay.ip.interfaces import check_ports, interfaces
from lutdla_overlay.ip.ports import core_ports
from lutdla_overlay.ip.ultra_ram import in_ultra_ram
from lutdla_overlay.ip.wrapper import wrapper_verilog
from lutdla_overlay.rendering import render


def ip_files(config: CoreConfig, verilog: str, *, ultra_ram: bool = False) -> dict[str, str]:
    """The files of the IP; the same arguments give the same text.

    Args:
        config: the core.
        verilog: text of `lutdla_core.v`, converted for this configuration (`lutdla_hdl.convert`).
        ultra_ram: put the table banks in UltraRAM.

    Returns:
        Path inside an IP repository -> text: component.xml, the core, its wrapper, the dialogue.

    Raises:
        ToolError: Verilog of another configuration, or Verilog whose ports or table memories are not those expected.
    """
    header = verilog.partition("\n")[0]
    if f"{config.hash:08x}" not in header:
        raise ToolError(f"the Verilog is not of configuration {config.hash:08x} ({config}): its first line is "
                        f"{header[:80]!r}; convert this configuration")
    ports = core_ports(verilog)
    check_ports(ports, interfaces(config))
    made = {
        "component.xml": component_xml(config, ports),
        identity.CORE_FILE: in_ultra_ram(config, verilog) if ultra_ram else verilog,
        identity.WRAPPER_FILE: wrapper_verilog(ports, interfaces(config)),
        identity.XGUI_FILE: render("xgui.tcl.j2", package="lutdla_overlay.ip",
                                   parameters=identity.core_parameters(config)),
    }
    return {f"{identity.FOLDER}/{path}": text for path, text in made.items()}
