"""The ports of the core, read from its Verilog: the one source for wrapper and component.xml."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lutdla.errors import ToolError
from lutdla_overlay.ip.identity import CORE_MODULE


@dataclass(frozen=True)
class Port:
    """A port of the core.

    Attributes:
        name: in Verilog.
        direction: `in` or `out`, as IP-XACT says it.
        width: bits.
    """

    name: str
    direction: str
    width: int

    @property
    def declaration(self) -> str:
        """Verilog-2001, without the comma."""
        bits = f"[{self.width - 1}:0] " if self.width > 1 else ""
        return f"{self.direction}put wire {bits}{self.name}"


def core_ports(verilog: str) -> tuple[Port, ...]:
    """Ports of a converted core, in the order of its port list.

    Raises:
        ToolError: there is no module `lutdla_core`, or a port of its list has no declaration that is understood.
    """
    module = re.search(rf"^module {CORE_MODULE} \(([^)]*)\);\n(.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if module is None:
        raise ToolError(f"the Verilog has no module {CORE_MODULE}: give the text that lutdla_hdl.convert wrote")
    listed = [name.strip() for name in module[1].split(",")]
    declared = {
        name: Port(name, direction, int(left or 0) + 1)
        for direction, left, name in re.findall(r"^(in|out)put (?:\[(\d+):0\] )?(\w+);", module[2], re.MULTILINE)
    }
    if sorted(declared) != sorted(listed):
        odd = ", ".join(sorted(set(declared) ^ set(listed)))
        raise ToolError(f"ports of {CORE_MODULE} that are only listed or only declared: {odd}; declarations must be "
                        "like 'input [11:0] s_axi_awaddr;', as MyHDL writes them")
    return tuple(declared[name] for name in listed)
