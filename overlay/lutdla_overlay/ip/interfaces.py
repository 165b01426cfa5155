"""The IP's interfaces: which ports belong together, and what Vivado has to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig
from lutdla.spec.registers import ADDRESS_BITS
from lutdla_overlay.ip.identity import CORE_MODULE
from lutdla_overlay.ip.ports import Port

_AXI_LITE = (
    "AWADDR", "AWPROT", "AWVALID", "AWREADY", "WDATA", "WSTRB", "WVALID", "WREADY", "BRESP", "BVALID", "BREADY",
    "ARADDR", "ARPROT", "ARVALID", "ARREADY", "RDATA", "RRESP", "RVALID", "RREADY",
)  # fmt: skip
_STREAM = ("TDATA", "TVALID", "TREADY", "TLAST")


@dataclass(frozen=True)
class Interface:
    """A bus interface of the IP.

    Attributes:
        name: in block designs.
        bus_library: `interface` for a bus, `signal` for a single wire.
        bus: Xilinx's name of the bus.
        mode: `slave` or `master`.
        signals: the bus's name of a signal -> port.
        parameters: what Vivado has to know.
        memory_map: the registers behind it, if any.
    """

    name: str
    bus_library: str
    bus: str
    mode: str
    signals: dict[str, str]
    parameters: dict[str, object]
    memory_map: str = ""

    @property
    def vlnv(self) -> str:
        """Vendor, library, name, version of the bus."""
        return f"xilinx.com:{self.bus_library}:{self.bus}:1.0"


def _wire(port: str, bus: str, mode: str, signal: str, parameters: dict[str, object]) -> Interface:
    return Interface(port, "signal", bus, mode, {signal: port}, parameters)


def _bus(
    name: str, bus: str, mode: str, signals: tuple[str, ...], parameters: dict[str, object], memory_map: str = ""
) -> Interface:
    ports = {signal: f"{name}_{signal.lower()}" for signal in signals}
    return Interface(name, "interface", bus, mode, ports, parameters, memory_map)


def interfaces(config: CoreConfig) -> tuple[Interface, ...]:
    """The interfaces of the IP. FREQ_HZ is left out: a block design then takes the frequency of what it connects."""
    registers: dict[str, object] = {
        "PROTOCOL": "AXI4LITE", "DATA_WIDTH": 32, "ADDR_WIDTH": ADDRESS_BITS, "READ_WRITE_MODE": "READ_WRITE",
    }  # fmt: skip
    # every beat is full and nobody routes by destination: no TKEEP, TSTRB, TID, TDEST, TUSER
    beat: dict[str, object] = {
        "TDATA_NUM_BYTES": config.stream_bytes, "TDEST_WIDTH": 0, "TID_WIDTH": 0, "TUSER_WIDTH": 0, "HAS_TREADY": 1,
        "HAS_TSTRB": 0, "HAS_TKEEP": 0, "HAS_TLAST": 1,
    }  # fmt: skip
    clock: dict[str, object] = {"ASSOCIATED_BUSIF": "s_axi:s_axis:m_axis", "ASSOCIATED_RESET": "aresetn"}
    return (
        _bus("s_axi", "aximm", "slave", _AXI_LITE, registers, memory_map="s_axi"),
        _bus("s_axis", "axis", "slave", _STREAM, beat),
        _bus("m_axis", "axis", "master", _STREAM, beat),
        _wire("aclk", "clock", "slave", "CLK", clock),
        _wire("aresetn", "reset", "slave", "RST", {"POLARITY": "ACTIVE_LOW"}),
        _wire("irq", "interrupt", "master", "INTERRUPT", {"SENSITIVITY": "LEVEL_HIGH"}),
    )


def check_ports(ports: Sequence[Port], known: Sequence[Interface]) -> None:
    """Check that every port belongs to one interface, and that every interface has its ports.

    Raises:
        ToolError: names the ports where that is not so.
    """
    mapped = sorted(port for interface in known for port in interface.signals.values())
    if mapped != sorted(port.name for port in ports):
        odd = ", ".join(sorted(set(mapped) ^ {port.name for port in ports}))
        raise ToolError(f"{CORE_MODULE} and the IP's interfaces differ in these ports: {odd}; change "
                        "lutdla_overlay.ip.interfaces where the core has new ports")
