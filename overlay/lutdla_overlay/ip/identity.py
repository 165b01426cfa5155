"""What the IP is called, in the block design, in the hwh and in its files, and what it says of its configuration."""

from __future__ import annotations

from lutdla.spec.config import ABI_VERSION, CoreConfig

VENDOR, LIBRARY, NAME, VERSION = "lutdla", "ip", "lutdla_core", "1.0"

CORE_VLNV = f"{VENDOR}:{LIBRARY}:{NAME}:{VERSION}"
"""Vendor, library, name, version of the IP, as Vivado and pynq write them."""

DISPLAY_NAME = "lutdla core"
DESCRIPTION = "Neural networks as lookup tables: encoders, table banks and accumulators behind AXI4-Stream."

FOLDER = f"{NAME}_{VERSION.replace('.', '_')}"
"""The IP's folder in an IP repository."""

COMPONENT_NAME = f"{NAME}_v{VERSION.replace('.', '_')}"
"""Name and version in one word, as Vivado writes them."""

CORE_MODULE = "lutdla_core"
"""Verilog module that the conversion makes."""

WRAPPER_MODULE = "lutdla_ip"
"""Verilog module around it, which Vivado takes as the top of the IP."""

CORE_FILE, WRAPPER_FILE = f"hdl/{CORE_MODULE}.v", f"hdl/{WRAPPER_MODULE}.v"
XGUI_FILE = f"xgui/{COMPONENT_NAME}.tcl"
"""What Vivado shows in the IP's dialogue."""


def core_parameters(config: CoreConfig) -> dict[str, object]:
    """Parameters of the lutdla IP: the ABI, the configuration's hash, every field of the configuration.

    A hwh shows them, so that a driver can compare it with the capability registers of what is really loaded.
    """
    fields = {name.upper(): value for name, value in config.to_dict().items()}
    return {"ABI": ABI_VERSION, "CONFIG_HASH": f"0x{config.hash:08X}", **fields}
