"""component.xml: the IP as IP-XACT (IEEE 1685-2009) with Xilinx's extensions, as Vivado's packager writes it."""

from __future__ import annotations

from collections.abc import Sequence

from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import ADDRESS_BITS, REGISTERS, constant_registers
from lutdla_overlay.ip import identity
from lutdla_overlay.ip.interfaces import interfaces
from lutdla_overlay.ip.ports import Port
from lutdla_overlay.rendering import render

FAMILIES = ("zynq", "zynquplus", "zynquplusRFSOC")
"""Families of parts, as Vivado names them (property FAMILY of a part), that boards of ours have."""

ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
"""Access of a register (`lutdla.spec.registers`) -> IP-XACT."""

REVISION = 1
"""Counts packagings of one version. Fixed: the same core gives the same file."""


def component_xml(config: CoreConfig, ports: Sequence[Port]) -> str:
    """The text of component.xml.

    Args:
        config: the core; its fields are the IP's parameters, shown but not editable.
        ports: of the core, and so of the wrapper.
    """
    constants = constant_registers(config)
    return render(
        "component.xml.j2", package="lutdla_overlay.ip", id=identity, interfaces=interfaces(config), ports=ports,
        registers=REGISTERS, access=ACCESS,
        resets={register.name: constants.get(register.name, register.reset) for register in REGISTERS},
        range=1 << ADDRESS_BITS, parameters=identity.core_parameters(config), families=FAMILIES, revision=REVISION,
    )  # fmt: skip
