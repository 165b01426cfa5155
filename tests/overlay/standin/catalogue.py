"""The IP that is known: parameters, and the pins, interfaces and address segments that they give."""

from dataclasses import dataclass, field

AXI, STREAM = "xilinx.com:interface:aximm_rtl:1.0", "xilinx.com:interface:axis_rtl:1.0"


@dataclass
class Pin:
    direction: str
    kind: str = "undef"  # clk, rst, intr, undef
    width: int = 1
    needed: bool = False


@dataclass
class Interface:
    mode: str  # Master, Slave
    vlnv: str
    clock: str = ""
    width: int = 32
    needed: bool = True


@dataclass
class Segment:
    """What a slave offers: through which interface, how much, from where (None: anywhere), of what kind."""

    interface: str
    size: int
    base: int | None = None
    usage: str = "register"


@dataclass
class Shape:
    pins: dict = field(default_factory=dict)
    interfaces: dict = field(default_factory=dict)
    segments: dict = field(default_factory=dict)
    spaces: dict = field(default_factory=dict)  # name -> interface


@dataclass
class Definition:
    """An IP: its versions by Vivado's, its parameters with defaults, and its shape for given parameters."""

    version: str
    parameters: dict
    shape: object
    allowed: dict = field(default_factory=dict)
    registers: object = None  # ElementTree of a memory map
    inline: bool = False


def _dma(p):
    shape = Shape()
    shape.pins = {"s_axi_lite_aclk": Pin("I", "clk", needed=True), "axi_resetn": Pin("I", "rst", needed=True)}
    shape.interfaces["S_AXI_LITE"] = Interface("Slave", AXI, "s_axi_lite_aclk")
    shape.segments["S_AXI_LITE/Reg"] = Segment("S_AXI_LITE", 0x10000)
    if p["c_include_sg"] != "0":
        shape.pins["m_axi_sg_aclk"] = Pin("I", "clk", needed=True)
        shape.interfaces["M_AXI_SG"] = Interface("Master", AXI, "m_axi_sg_aclk")
        shape.spaces["Data_SG"] = "M_AXI_SG"
    for name, stream, mode in (("mm2s", "M_AXIS_MM2S", "Master"), ("s2mm", "S_AXIS_S2MM", "Slave")):
        if p[f"c_include_{name}"] == "0":
            continue
        clock, upper = f"m_axi_{name}_aclk", name.upper()
        shape.pins |= {clock: Pin("I", "clk", needed=True), f"{name}_introut": Pin("O", "intr")}
        shape.interfaces[f"M_AXI_{upper}"] = Interface("Master", AXI, clock, int(p[f"c_m_axi_{name}_data_width"]))
        width = p["c_m_axis_mm2s_tdata_width" if name == "mm2s" else "c_s_axis_s2mm_tdata_width"]
        shape.interfaces[stream] = Interface(mode, STREAM, clock, int(width))
        shape.spaces[f"Data_{upper}"] = f"M_AXI_{upper}"
    return shape


def _smartconnect(p):
    shape = Shape(pins={"aclk": Pin("I", "clk", needed=True), "aresetn": Pin("I", "rst", needed=True)})
    for i in range(int(p["NUM_SI"])):
        shape.interfaces[f"S{i:02}_AXI"] = Interface("Slave", AXI, "aclk", 0)
    for i in range(int(p["NUM_MI"])):
        shape.interfaces[f"M{i:02}_AXI"] = Interface("Master", AXI, "aclk", 0)
    return shape


def _intc(p):
    shape = Shape(pins={
        "s_axi_aclk": Pin("I", "clk", needed=True), "s_axi_aresetn": Pin("I", "rst", needed=True),
        "intr": Pin("I", "intr", width=32), "irq": Pin("O", "intr"),
    })  # fmt: skip
    shape.interfaces["s_axi"] = Interface("Slave", AXI, "s_axi_aclk")
    shape.segments["S_AXI/Reg"] = Segment("s_axi", 0x10000)
    if p["C_IRQ_CONNECTION"] == "0":  # a bus interface takes the plain pin's place
        shape.interfaces["interrupt"] = Interface("Master", "xilinx.com:interface:mbinterrupt_rtl:1.0", needed=False)
        del shape.pins["irq"]
    return shape


def _reset(p):
    pins = {"slowest_sync_clk": Pin("I", "clk", needed=True), "ext_reset_in": Pin("I", "rst", needed=True),
            "aux_reset_in": Pin("I", "rst"), "mb_debug_sys_rst": Pin("I", "rst"), "dcm_locked": Pin("I")}  # fmt: skip
    outputs = ("mb_reset", "bus_struct_reset", "peripheral_reset", "interconnect_aresetn", "peripheral_aresetn")
    return Shape(pins=pins | {name: Pin("O", "rst") for name in outputs})


def _concat(p):
    count = int(p["NUM_PORTS"])
    pins = {f"In{i}": Pin("I") for i in range(count)}
    return Shape(pins=pins | {"dout": Pin("O", width=count)})


_BIT = {"0", "1"}
_WIDTHS = {"32", "64", "128", "256", "512", "1024"}

DEFINITIONS = {
    "xilinx.com:ip:axi_dma": Definition("7.1", {
        "c_include_sg": "1", "c_micro_dma": "0", "c_sg_length_width": "14", "c_addr_width": "32", "c_include_mm2s": "1",
        "c_include_mm2s_dre": "0", "c_m_axi_mm2s_data_width": "32", "c_m_axis_mm2s_tdata_width": "32",
        "c_mm2s_burst_size": "16", "c_include_s2mm": "1", "c_include_s2mm_dre": "0", "c_m_axi_s2mm_data_width": "32",
        "c_s_axis_s2mm_tdata_width": "32", "c_s2mm_burst_size": "16", "c_sg_include_stscntrl_strm": "1",
        "c_enable_multi_channel": "0", "c_prmry_is_aclk_async": "0",
    }, _dma, {
        "c_include_sg": _BIT, "c_micro_dma": _BIT, "c_include_mm2s_dre": _BIT, "c_include_s2mm_dre": _BIT,
        "c_m_axi_mm2s_data_width": _WIDTHS, "c_m_axi_s2mm_data_width": _WIDTHS,
        "c_sg_length_width": {str(n) for n in range(8, 27)}, "c_addr_width": {str(n) for n in range(32, 65)},
        "c_mm2s_burst_size": {"2", "4", "8", "16", "32", "64", "128", "256"},
    }),
    "xilinx.com:ip:smartconnect": Definition("1.0", {"NUM_SI": "1", "NUM_MI": "1", "NUM_CLKS": "1"}, _smartconnect, {
        name: {str(n) for n in range(1, 17)} for name in ("NUM_SI", "NUM_MI")}),
    "xilinx.com:ip:axi_intc": Definition("4.1", {
        "C_IRQ_CONNECTION": "0", "C_KIND_OF_INTR": "0xFFFFFFFF", "C_IRQ_IS_LEVEL": "1"}, _intc,
        {"C_IRQ_CONNECTION": _BIT}),
    "xilinx.com:ip:proc_sys_reset": Definition("5.0", {"C_EXT_RESET_HIGH": "0", "C_AUX_RESET_HIGH": "0"}, _reset),
    "xilinx.com:ip:xlconcat": Definition("2.1", {"NUM_PORTS": "2", "IN0_WIDTH": "1"}, _concat,
                                         {"NUM_PORTS": {str(n) for n in range(1, 129)}}),
    "xilinx.com:inline_hdl:ilconcat": Definition("1.0", {"NUM_PORTS": "2"}, _concat, inline=True),
}  # fmt: skip
