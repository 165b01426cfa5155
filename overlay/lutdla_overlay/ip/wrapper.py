"""The top of the IP: `lutdla_core` with the attributes from which Vivado knows its interfaces."""

from __future__ import annotations

from collections.abc import Sequence

from lutdla_overlay.ip import identity
from lutdla_overlay.ip.interfaces import Interface
from lutdla_overlay.ip.ports import Port
from lutdla_overlay.rendering import render


def wrapper_verilog(ports: Sequence[Port], interfaces: Sequence[Interface]) -> str:
    """The text of the wrapper: Verilog-2001, the same ports as the core."""
    info, parameters = {}, {}
    for interface in interfaces:
        for signal, port in interface.signals.items():
            info[port] = f"{interface.vlnv} {interface.name} {signal}"
        # Vivado reads an interface's parameters from any one of its ports
        values = [f"{name} {value}" for name, value in interface.parameters.items()]
        parameters[next(iter(interface.signals.values()))] = ", ".join([f"XIL_INTERFACENAME {interface.name}", *values])
    return render("lutdla_ip.v.j2", package="lutdla_overlay.ip", id=identity, ports=ports, info=info,
                  parameters=parameters)
