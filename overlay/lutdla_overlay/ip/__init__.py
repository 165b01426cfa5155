"""The core as an IP that Vivado can put into a block design: component.xml, the core's Verilog and its wrapper."""

from lutdla_overlay.ip.files import ip_files
from lutdla_overlay.ip.identity import CORE_VLNV, core_parameters

__all__ = ["CORE_VLNV", "core_parameters", "ip_files"]
