"""What Vivado calls the ports, pins and settings of a processing system, for the one clock, two ports and one interrupt
that the overlay uses. Names are those of the IP `processing_system7` and `zynq_ultra_ps_e`."""

from __future__ import annotations

from dataclasses import dataclass

from lutdla_overlay.boards import Board
from lutdla_overlay.clocks import PlClock
from lutdla_overlay.design import Address, External

LOW_DDR_BYTES = 2 << 30
"""A Zynq UltraScale+ has the first 2 GiB of DDR at 0, the rest at `HIGH_DDR_BASE`."""

HIGH_DDR_BASE = 0x8_0000_0000


@dataclass(frozen=True)
class PsNames:
    """Of one processing system on one board.

    Attributes:
        parameters: settings, by name.
        predicted: what Vivado derives from them, as a hwh shows it.
        clock, reset, interrupt: pins.
        port_clocks: pins that take the clock of the two AXI ports.
        control_space: address space of the processor.
        preset_rule: block automation that applies the settings of a board file.
        preset_config: its arguments.
        externals: interfaces that leave the device.
        hidden: patterns of segments of the memory port that a DMA must not reach.
    """

    parameters: dict[str, str]
    predicted: dict[str, str]
    clock: str
    reset: str
    interrupt: str
    port_clocks: tuple[str, str]
    control_space: str
    preset_rule: str
    preset_config: str
    externals: tuple[External, ...]
    hidden: tuple[str, ...]


def ps_names(instance: str, board: Board, clock: PlClock) -> PsNames:
    """Names and settings for a board; pins and spaces begin with `instance`/."""
    make = _zynq7000 if board.ps.kind == "processing_system7" else _ultrascale
    return make(instance, board, clock)


def ddr(instance: str, board: Board, space: str, master: str) -> list[Address]:
    """Where a DMA's space finds the DDR behind the memory port."""
    port, size = board.ps.memory_port, board.ddr_mib << 20

    def at(segment: str, base: int, nbytes: int, optional: bool = False) -> Address:
        return Address(space, f"{instance}/{segment}", master, port, base, nbytes, memory=True, optional=optional)

    if board.ps.kind == "processing_system7":
        return [at(f"{port}/{port[6:]}_DDR_LOWOCM", 0, size)]
    group = f"SAXIGP{2 + int(port[8])}/HP{port[8]}"
    found = [at(f"{group}_DDR_LOW", 0, min(size, LOW_DDR_BYTES))]
    if size > LOW_DDR_BYTES:
        found.append(at(f"{group}_DDR_HIGH", HIGH_DDR_BASE, size - LOW_DDR_BYTES, optional=True))
    return found


def _zynq7000(instance: str, board: Board, clock: PlClock) -> PsNames:
    ps = board.ps
    unused = "M_AXI_GP1" if ps.control_port == "M_AXI_GP0" else "M_AXI_GP0"
    parameters = {
        "PCW_CRYSTAL_PERIPHERAL_FREQMHZ": f"{ps.crystal_mhz:g}",
        "PCW_EN_CLK0_PORT": "1", "PCW_EN_RST0_PORT": "1", "PCW_FPGA_FCLK0_ENABLE": "1",
        "PCW_FCLK0_PERIPHERAL_CLKSRC": "IO PLL", "PCW_FPGA0_PERIPHERAL_FREQMHZ": f"{clock.mhz:g}",
        "PCW_FPGA_FCLK1_ENABLE": "0", "PCW_FPGA_FCLK2_ENABLE": "0", "PCW_FPGA_FCLK3_ENABLE": "0",
        f"PCW_USE_{ps.control_port}": "1", f"PCW_USE_{unused}": "0",
        f"PCW_USE_{ps.memory_port}": "1", f"PCW_{ps.memory_port}_DATA_WIDTH": str(ps.memory_bits),
        "PCW_USE_FABRIC_INTERRUPT": "1", "PCW_IRQ_F2P_INTR": "1",
    }  # fmt: skip
    predicted = {"PCW_ACT_FPGA0_PERIPHERAL_FREQMHZ": f"{clock.mhz:g}"}
    for i in range(4):  # pynq reads all four
        predicted[f"PCW_FCLK{i}_PERIPHERAL_DIVISOR0"] = str(clock.divisor0)
        predicted[f"PCW_FCLK{i}_PERIPHERAL_DIVISOR1"] = str(clock.divisor1)
        if i:
            predicted[f"PCW_FCLK{i}_PERIPHERAL_CLKSRC"] = "IO PLL"
            predicted[f"PCW_FPGA{i}_PERIPHERAL_FREQMHZ"] = f"{clock.mhz:g}"
    return PsNames(
        parameters, predicted, f"{instance}/FCLK_CLK0", f"{instance}/FCLK_RESET0_N", f"{instance}/IRQ_F2P",
        (f"{instance}/{ps.control_port}_ACLK", f"{instance}/{ps.memory_port}_ACLK"), f"{instance}/Data",
        "xilinx.com:bd_rule:processing_system7",
        'make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"',
        (External("DDR", f"{instance}/DDR", "xilinx.com:interface:ddrx_rtl:1.0"),
         External("FIXED_IO", f"{instance}/FIXED_IO", "xilinx.com:display_processing_system7:fixedio_rtl:1.0")),
        (),
    )  # fmt: skip


_GP_OF_MASTER = {"M_AXI_HPM0_FPD": 0, "M_AXI_HPM1_FPD": 1, "M_AXI_HPM0_LPD": 2}
"""Control port -> number that its settings have."""


def _ultrascale(instance: str, board: Board, clock: PlClock) -> PsNames:
    ps, master = board.ps, _GP_OF_MASTER[board.ps.control_port]
    slave = 2 + int(ps.memory_port[8])  # S_AXI_HP0_FPD is SAXIGP2
    parameters = {
        "PSU__PSS_REF_CLK__FREQMHZ": f"{ps.crystal_mhz:g}",
        "PSU__FPGA_PL0_ENABLE": "1", "PSU__CRL_APB__PL0_REF_CTRL__SRCSEL": "IOPLL",
        "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": f"{clock.mhz:g}",
        "PSU__FPGA_PL1_ENABLE": "0", "PSU__FPGA_PL2_ENABLE": "0", "PSU__FPGA_PL3_ENABLE": "0",
        **{f"PSU__USE__M_AXI_GP{i}": str(int(i == master)) for i in range(3)},
        f"PSU__MAXIGP{master}__DATA_WIDTH": "32",
        f"PSU__USE__S_AXI_GP{slave}": "1", f"PSU__SAXIGP{slave}__DATA_WIDTH": str(ps.memory_bits),
        "PSU__USE__IRQ0": "1",
    }  # fmt: skip
    # pynq sets these port widths in the processor's registers when it downloads
    predicted = {f"C_MAXIGP{master}_DATA_WIDTH": "32", f"C_SAXIGP{slave}_DATA_WIDTH": str(ps.memory_bits)}
    for i in range(4):  # pynq reads all four
        predicted[f"PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR0"] = str(clock.divisor0)
        predicted[f"PSU__CRL_APB__PL{i}_REF_CTRL__DIVISOR1"] = str(clock.divisor1)
        predicted[f"PSU__CRL_APB__PL{i}_REF_CTRL__ACT_FREQMHZ"] = f"{clock.mhz:g}"
        if i:
            predicted[f"PSU__CRL_APB__PL{i}_REF_CTRL__SRCSEL"] = "IOPLL"
    control = ps.control_port.lower().replace("m_axi_", "maxi")
    memory = ps.memory_port.lower().replace("s_axi_", "saxi")
    group = f"{instance}/SAXIGP{slave}/HP{slave - 2}"
    return PsNames(
        parameters, predicted, f"{instance}/pl_clk0", f"{instance}/pl_resetn0", f"{instance}/pl_ps_irq0",
        (f"{instance}/{control}_aclk", f"{instance}/{memory}_aclk"), f"{instance}/Data",
        "xilinx.com:bd_rule:zynq_ultra_ps_e", 'apply_board_preset "1"', (),
        (f"{group}_QSPI", f"{group}_LPS_OCM", f"{group}_PCIE_LOW", f"{group}_DDR_HIGH"),
    )  # fmt: skip
