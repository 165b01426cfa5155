"""The two processing systems: what their settings give, and what Vivado derives of them."""

from tests.overlay.standin.catalogue import AXI, DEFINITIONS, Definition, Interface, Pin, Segment, Shape

BOARDS = {  # board part without its version -> newest version, part, DDR in MiB
    "www.digilentinc.com:pynq-z1:part0": ("1.0", "xc7z020clg400-1", 512),
    "tul.com.tw:pynq-z2:part0": ("1.0", "xc7z020clg400-1", 512),
    "digilentinc.com:zybo-z7-10:part0": ("1.2", "xc7z010clg400-1", 1024),
    "digilentinc.com:zybo-z7-20:part0": ("1.2", "xc7z020clg400-1", 1024),
    "avnet.com:ultra96v2:part0": ("1.2", "xczu3eg-sbva484-1-i", 2048),
    "tul.com.tw:pynqzu:part0": ("1.1", "xczu5eg-sfvc784-1-e", 4096),
    "xilinx.com:kv260_som:part0": ("1.4", "xck26-sfvc784-2LV-c", 4096),
    "xilinx.com:zcu104:part0": ("1.1", "xczu7ev-ffvc1156-2-e", 2048),
    "realdigital.org:rfsoc4x2:part0": ("1.0", "xczu48dr-ffvg1517-2-e", 4096),
    "realdigital.org:aup-zu3-8gb:part0": ("1.0", "xczu3eg-sfvc784-2-e", 8192),
}
_DDR = "xilinx.com:interface:ddrx_rtl:1.0"
_FIXED = "xilinx.com:display_processing_system7:fixedio_rtl:1.0"


def _zynq(p):
    shape = Shape(interfaces={"DDR": Interface("Master", _DDR), "FIXED_IO": Interface("Master", _FIXED)})
    for i in range(4):
        if p[f"PCW_EN_CLK{i}_PORT"] == "1" and p[f"PCW_FPGA_FCLK{i}_ENABLE"] == "1":
            shape.pins[f"FCLK_CLK{i}"] = Pin("O", "clk")
        if p[f"PCW_EN_RST{i}_PORT"] == "1":
            shape.pins[f"FCLK_RESET{i}_N"] = Pin("O", "rst")
        if p[f"PCW_USE_S_AXI_HP{i}"] == "1":
            shape.pins[f"S_AXI_HP{i}_ACLK"] = Pin("I", "clk", needed=True)
            width = int(p[f"PCW_S_AXI_HP{i}_DATA_WIDTH"])
            shape.interfaces[f"S_AXI_HP{i}"] = Interface("Slave", AXI, f"S_AXI_HP{i}_ACLK", width)
            shape.segments[f"S_AXI_HP{i}/HP{i}_DDR_LOWOCM"] = Segment(
                f"S_AXI_HP{i}", int(p["PCW_DDR_RAM_HIGHADDR"], 0) + 1, 0, "memory")
    for i in range(2):
        if p[f"PCW_USE_M_AXI_GP{i}"] == "1":
            shape.pins[f"M_AXI_GP{i}_ACLK"] = Pin("I", "clk", needed=True)
            shape.interfaces[f"M_AXI_GP{i}"] = Interface("Master", AXI, f"M_AXI_GP{i}_ACLK")
    shape.spaces["Data"] = [(f"M_AXI_GP{i}", 0x4000_0000 * (i + 1), 0x4000_0000) for i in range(2)]
    if p["PCW_USE_FABRIC_INTERRUPT"] == "1" and p["PCW_IRQ_F2P_INTR"] == "1":
        shape.pins["IRQ_F2P"] = Pin("I", "intr", width=16)
    return shape


_MASTERS = ("maxihpm0_fpd", "maxihpm1_fpd", "maxihpm0_lpd")
_WINDOWS = (("M_AXI_HPM0_FPD", 0xA000_0000, 0x1000_0000), ("M_AXI_HPM1_FPD", 0xB000_0000, 0x1000_0000),
            ("M_AXI_HPM0_LPD", 0x8000_0000, 0x2000_0000))  # fmt: skip


def _zynqmp(p):
    shape = Shape(pins={"pl_resetn0": Pin("O", "rst")})
    for i in range(4):
        if p[f"PSU__FPGA_PL{i}_ENABLE"] == "1":
            shape.pins[f"pl_clk{i}"] = Pin("O", "clk")
        if p[f"PSU__USE__S_AXI_GP{2 + i}"] == "1":
            clock = f"saxihp{i}_fpd_aclk"
            shape.pins[clock] = Pin("I", "clk", needed=True)
            width = int(p[f"PSU__SAXIGP{2 + i}__DATA_WIDTH"])
            shape.interfaces[f"S_AXI_HP{i}_FPD"] = Interface("Slave", AXI, clock, width)
            group, port = f"SAXIGP{2 + i}/HP{i}", f"S_AXI_HP{i}_FPD"
            shape.segments[f"{group}_DDR_LOW"] = Segment(port, 0x8000_0000, 0, "memory")
            if int(p["high_mib"]):
                shape.segments[f"{group}_DDR_HIGH"] = Segment(port, int(p["high_mib"]) << 20, 0x8_0000_0000, "memory")
            shape.segments[f"{group}_QSPI"] = Segment(port, 0x2000_0000, 0xC000_0000, "memory")
            shape.segments[f"{group}_LPS_OCM"] = Segment(port, 0x100_0000, 0xFF00_0000, "memory")
    for i, (port, *_) in enumerate(_WINDOWS):
        if p[f"PSU__USE__M_AXI_GP{i}"] == "1":
            shape.pins[f"{_MASTERS[i]}_aclk"] = Pin("I", "clk", needed=True)
            shape.interfaces[port] = Interface("Master", AXI, f"{_MASTERS[i]}_aclk",
                                               int(p[f"PSU__MAXIGP{i}__DATA_WIDTH"]))
    shape.spaces["Data"] = list(_WINDOWS)
    if p["PSU__USE__IRQ0"] == "1":
        shape.pins["pl_ps_irq0"] = Pin("I", "intr", width=8)
    return shape


def _zynq_parameters():
    found = {"PCW_CRYSTAL_PERIPHERAL_FREQMHZ": "33.333333", "PCW_USE_FABRIC_INTERRUPT": "0", "PCW_IRQ_F2P_INTR": "0",
             "PCW_DDR_RAM_HIGHADDR": "0x3FFFFFFF", "PCW_USE_M_AXI_GP0": "1", "PCW_USE_M_AXI_GP1": "0"}  # fmt: skip
    for i in range(4):
        found |= {f"PCW_EN_CLK{i}_PORT": str(int(i == 0)), f"PCW_EN_RST{i}_PORT": str(int(i == 0)),
                  f"PCW_FPGA_FCLK{i}_ENABLE": str(int(i == 0)), f"PCW_FCLK{i}_PERIPHERAL_CLKSRC": "IO PLL",
                  f"PCW_FPGA{i}_PERIPHERAL_FREQMHZ": "50", f"PCW_USE_S_AXI_HP{i}": "0",
                  f"PCW_S_AXI_HP{i}_DATA_WIDTH": "64"}  # fmt: skip
    return found


def _zynqmp_parameters():
    found = {"PSU__PSS_REF_CLK__FREQMHZ": "33.333", "PSU__USE__IRQ0": "0", "high_mib": "0"}
    for i in range(4):
        found |= {f"PSU__FPGA_PL{i}_ENABLE": str(int(i == 0)), f"PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL": "RPLL",
                  f"PSU__CRL_APB__PL{i}_REF_CTRL__FREQMHZ": "100"}  # fmt: skip
    for i in range(3):
        found |= {f"PSU__USE__M_AXI_GP{i}": str(int(i < 2)), f"PSU__MAXIGP{i}__DATA_WIDTH": "128"}
    for i in range(7):
        found |= {f"PSU__USE__S_AXI_GP{i}": "0", f"PSU__SAXIGP{i}__DATA_WIDTH": "128"}
    return found


ZYNQ, ZYNQMP = "xilinx.com:ip:processing_system7", "xilinx.com:ip:zynq_ultra_ps_e"
DEFINITIONS[ZYNQ] = Definition("5.5", _zynq_parameters(), _zynq, {
    **{f"PCW_FCLK{i}_PERIPHERAL_CLKSRC": {"IO PLL", "ARM PLL", "DDR PLL"} for i in range(4)},
    **{f"PCW_S_AXI_HP{i}_DATA_WIDTH": {"32", "64"} for i in range(4)},
})  # fmt: skip
DEFINITIONS[ZYNQMP] = Definition("3.5", _zynqmp_parameters(), _zynqmp, {
    **{f"PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL": {"IOPLL", "RPLL", "DPLL"} for i in range(4)},
    **{f"PSU__SAXIGP{i}__DATA_WIDTH": {"32", "64", "128"} for i in range(7)},
})  # fmt: skip


def preset(ip, ddr_mib):
    """Settings that a board file applies."""
    if ip == ZYNQ:
        return {"PCW_DDR_RAM_HIGHADDR": f"0x{(ddr_mib << 20) - 1:08X}", "io_pll": "1000.0", "PCW_USE_M_AXI_GP0": "1",
                "PCW_FPGA0_PERIPHERAL_FREQMHZ": "50"}  # fmt: skip
    return {"high_mib": str(max(0, ddr_mib - 2048)), "PSU__USE__M_AXI_GP0": "1", "PSU__USE__M_AXI_GP1": "1"}


def derived(ip, p):
    """What a hwh shows beside the settings: divisors, the clocks they make, widths of ports."""
    if ip == ZYNQ:
        pll = float(p.get("io_pll", 1600.0))  # 33.333 MHz x 48 where nothing asks for another
        asked, template = "PCW_FPGA{}_PERIPHERAL_FREQMHZ", "PCW_FCLK{}_PERIPHERAL_DIVISOR{}"
        actual, found = "PCW_ACT_FPGA{}_PERIPHERAL_FREQMHZ", {"PCW_IO_IO_PLL_FREQMHZ": f"{pll:.3f}"}
    else:
        pll = 33.333 * 45
        asked, template = "PSU__CRL_APB__PL{}_REF_CTRL__FREQMHZ", "PSU__CRL_APB__PL{}_REF_CTRL__DIVISOR{}"
        actual = "PSU__CRL_APB__PL{}_REF_CTRL__ACT_FREQMHZ"
        found = {f"C_MAXIGP{i}_DATA_WIDTH": p[f"PSU__MAXIGP{i}__DATA_WIDTH"] for i in range(3)}
        found |= {f"C_SAXIGP{i}_DATA_WIDTH": p[f"PSU__SAXIGP{i}__DATA_WIDTH"] for i in range(7)}
    for i in range(4):
        wanted = float(p[asked.format(i)])
        _, a, b = min((abs(pll / (a * b) - wanted), a, b) for a in range(1, 64) for b in range(1, 64))
        found |= {template.format(i, 0): str(a), template.format(i, 1): str(b)}
        found[actual.format(i)] = f"{pll / (a * b):.6f}"
    return found
