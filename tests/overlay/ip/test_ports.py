import pytest

from lutdla.errors import ToolError
from lutdla_overlay.ip.interfaces import check_ports, interfaces
from lutdla_overlay.ip.ports import Port, core_ports
from tests.strategies import TINY

CORE = """
module lutdla_core (
    aclk,
    s_axis_tdata,
    irq
);
// A comment.

input aclk;
input [63:0] s_axis_tdata;
output irq;
wire irq;
reg [3:0] other;

endmodule
"""


def test_ports_in_the_order_of_the_list():
    assert core_ports(CORE) == (Port("aclk", "in", 1), Port("s_axis_tdata", "in", 64), Port("irq", "out", 1))
    assert [port.declaration for port in core_ports(CORE)] == ["input wire aclk", "input wire [63:0] s_axis_tdata",
                                                               "output wire irq"]  # fmt: skip


def test_another_module_is_refused():
    with pytest.raises(ToolError, match=r"no module lutdla_core: give the text that lutdla_hdl\.convert wrote"):
        core_ports(CORE.replace("lutdla_core", "core"))


@pytest.mark.parametrize(("old", "new", "odd"), [
    ("input aclk;", "", "aclk"),
    ("input [63:0]", "input [0:63]", "s_axis_tdata"),
    ("output irq;", "output irq;\noutput spare;", "spare"),
])  # fmt: skip
def test_ports_that_are_not_understood_are_named(old, new, odd):
    with pytest.raises(ToolError, match=f"only listed or only declared: {odd}; declarations must be like"):
        core_ports(CORE.replace(old, new))


@pytest.mark.parametrize(("change", "odd"), [
    (lambda ports: ports[1:], "s_axi_awaddr"),
    (lambda ports: [*ports, Port("m_axis_tkeep", "out", 8)], "m_axis_tkeep"),
])  # fmt: skip
def test_ports_without_an_interface_are_named(change, odd):
    known = interfaces(TINY)
    ports = [Port(port, "in", 1) for interface in known for port in interface.signals.values()]
    check_ports(ports, known)
    with pytest.raises(ToolError, match=f"differ in these ports: {odd}; change lutdla_overlay.ip.interfaces"):
        check_ports(change(ports), known)
