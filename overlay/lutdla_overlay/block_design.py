"""The lutdla overlay: which IP there is, and what is joined to what.

    ps --control--> dma, lutdla, interrupts          registers, AXI4-Lite
    ps <--memory--- dma                              DDR
    dma ==stream==> lutdla ==stream==> dma           frames
    dma, lutdla --wires--> interrupts --> ps         one line to the processor
"""

from __future__ import annotations

from lutdla.errors import ConfigError
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import ADDRESS_BYTES, Board
from lutdla_overlay.clocks import pl_clock
from lutdla_overlay.cores import load_core
from lutdla_overlay.design import AXI, CLOCK, INTERRUPT, RESET, STREAM, Address, Cell, Design, Link, Net
from lutdla_overlay.ip import CORE_VLNV, core_parameters
from lutdla_overlay.processing_systems import PsNames, ddr, ps_names

NAME = "lutdla"
"""Name of the block design, and of the overlay's files."""

PS, CORE, DMA, CONTROLLER = "ps", "lutdla", "dma", "interrupts"
CONTROL, MEMORY, RESETS, LINES = "control", "memory", "resets", "lines"
"""Names of the cells."""

DMA_LENGTH_BITS = 26
"""Width of the DMA's length registers: frames of up to 64 MiB - 1 byte."""

DRE_BITS = 64
"""Widest stream that every version of the AXI DMA can realign."""


def block_design(config: CoreConfig, board: Board, clock_mhz: float) -> Design:
    """The overlay for a core on a board.

    Args:
        config: the core.
        board: where it runs.
        clock_mhz: most that the clock may be; the board's divisors make the nearest below.

    Raises:
        ConfigError: a stream wider than the memory port, or a clock that the board cannot make.
    """
    if config.stream_bits > board.ps.memory_bits:
        raise ConfigError(f"stream_bits is {config.stream_bits}, {board.key} has a memory port of "
                          f"{board.ps.memory_bits} bits: use stream_bits={board.ps.memory_bits} or fewer")
    clock = pl_clock(board.ps.io_pll_mhz, clock_mhz)
    names = ps_names(PS, board, clock)
    addresses = _addresses(board, names)
    reached = {address.segment for address in addresses}
    hidden = tuple((space, segment) for space in (f"{DMA}/Data_MM2S", f"{DMA}/Data_S2MM")
                   for segment in names.hidden if segment not in reached)
    return Design(NAME, board, config, clock_mhz, clock, names.preset_rule, names.preset_config,
                  _cells(config, board, names), _links(config, board), _nets(names), names.externals, addresses, hidden)


def own_design(board: Board) -> Design:
    """The overlay of a board with the core that suits it, at that core's assumed clock."""
    core = load_core(board.core)
    return block_design(core.config, board, core.clock_mhz_assumed)


def dma_parameters(config: CoreConfig, board: Board) -> dict[str, str]:
    """Settings of the AXI DMA: simple mode, one beat of the core on each side, realignment where it exists."""
    width, dre = str(config.stream_bits), str(int(config.stream_bits <= DRE_BITS))
    return {
        "c_include_sg": "0", "c_micro_dma": "0", "c_sg_length_width": str(DMA_LENGTH_BITS),
        "c_addr_width": str(board.ps.address_bits),
        "c_include_mm2s": "1", "c_include_mm2s_dre": dre, "c_m_axi_mm2s_data_width": width,
        "c_m_axis_mm2s_tdata_width": width, "c_mm2s_burst_size": "16",
        "c_include_s2mm": "1", "c_include_s2mm_dre": dre, "c_m_axi_s2mm_data_width": width, "c_s2mm_burst_size": "16",
    }  # fmt: skip


def _cells(config: CoreConfig, board: Board, names: PsNames) -> tuple[Cell, ...]:
    ip, version = CORE_VLNV.rpartition(":")[::2]
    # the DMA takes the width of the stream it receives from the core
    received = {"c_s_axis_s2mm_tdata_width": str(config.stream_bits)}
    return (
        Cell(PS, f"xilinx.com:ip:{board.ps.kind}", board.ps.version, "processor, DDR", (0, 0), names.parameters,
             names.predicted, rows=3),
        Cell(CONTROL, "xilinx.com:ip:smartconnect", "1.0", "to registers", (1, 0),
             {"NUM_SI": "1", "NUM_MI": "3", "NUM_CLKS": "1"}),
        Cell(MEMORY, "xilinx.com:ip:smartconnect", "1.0", "to DDR", (1, 1),
             {"NUM_SI": "2", "NUM_MI": "1", "NUM_CLKS": "1"}),
        Cell(DMA, "xilinx.com:ip:axi_dma", "7.1", "moves frames", (2, 0.75), dma_parameters(config, board), received),
        Cell(CORE, ip, version, "the accelerator", (3, 0.4), {},
             {name: str(value) for name, value in core_parameters(config).items()}),
        Cell(LINES, "xilinx.com:ip:xlconcat", "2.1", "joins lines", (3, 2), {"NUM_PORTS": "3"},
             instead="xilinx.com:inline_hdl:ilconcat"),
        Cell(CONTROLLER, "xilinx.com:ip:axi_intc", "4.1", "tells the processor", (2, 2), {"C_IRQ_CONNECTION": "1"}),
        Cell(RESETS, "xilinx.com:ip:proc_sys_reset", "5.0", "reset", (1, 2.8)),
    )  # fmt: skip


def _links(config: CoreConfig, board: Board) -> tuple[Link, ...]:
    ps, width = board.ps, config.stream_bits
    return (
        Link(f"{PS}/{ps.control_port}", f"{CONTROL}/S00_AXI", AXI, 32),
        Link(f"{CONTROL}/M00_AXI", f"{DMA}/S_AXI_LITE", AXI, 32),
        Link(f"{CONTROL}/M01_AXI", f"{CORE}/s_axi", AXI, 32),
        Link(f"{CONTROL}/M02_AXI", f"{CONTROLLER}/s_axi", AXI, 32),
        Link(f"{DMA}/M_AXI_MM2S", f"{MEMORY}/S00_AXI", AXI, width),
        Link(f"{DMA}/M_AXI_S2MM", f"{MEMORY}/S01_AXI", AXI, width),
        Link(f"{MEMORY}/M00_AXI", f"{PS}/{ps.memory_port}", AXI, ps.memory_bits),
        Link(f"{DMA}/M_AXIS_MM2S", f"{CORE}/s_axis", STREAM, width),
        Link(f"{CORE}/m_axis", f"{DMA}/S_AXIS_S2MM", STREAM, width),
    )


def _nets(names: PsNames) -> tuple[Net, ...]:
    return (
        Net(names.clock, (
            *names.port_clocks, f"{CONTROL}/aclk", f"{MEMORY}/aclk", f"{DMA}/s_axi_lite_aclk",
            f"{DMA}/m_axi_mm2s_aclk", f"{DMA}/m_axi_s2mm_aclk", f"{CORE}/aclk", f"{CONTROLLER}/s_axi_aclk",
            f"{RESETS}/slowest_sync_clk",
        ), CLOCK),
        Net(names.reset, (f"{RESETS}/ext_reset_in",), RESET),
        Net(f"{RESETS}/interconnect_aresetn", (f"{CONTROL}/aresetn", f"{MEMORY}/aresetn"), RESET),
        Net(f"{RESETS}/peripheral_aresetn",
            (f"{DMA}/axi_resetn", f"{CORE}/aresetn", f"{CONTROLLER}/s_axi_aresetn"), RESET),
        Net(f"{DMA}/mm2s_introut", (f"{LINES}/In0",), INTERRUPT),
        Net(f"{DMA}/s2mm_introut", (f"{LINES}/In1",), INTERRUPT),
        Net(f"{CORE}/irq", (f"{LINES}/In2",), INTERRUPT),
        Net(f"{LINES}/dout", (f"{CONTROLLER}/intr",), INTERRUPT, width=3),
        Net(f"{CONTROLLER}/irq", (names.interrupt,), INTERRUPT),
    )  # fmt: skip


def _addresses(board: Board, names: PsNames) -> tuple[Address, ...]:
    registers = {  # entry of [addresses] -> segment and interface
        "dma": (f"{DMA}/S_AXI_LITE/Reg", "S_AXI_LITE"), "lutdla": (f"{CORE}/s_axi/reg0", "s_axi"),
        "interrupts": (f"{CONTROLLER}/S_AXI/Reg", "s_axi"),
    }  # fmt: skip
    return (
        *(Address(names.control_space, segment, board.ps.control_port, interface, getattr(board.addresses, entry),
                  ADDRESS_BYTES[entry]) for entry, (segment, interface) in registers.items()),
        *ddr(PS, board, f"{DMA}/Data_MM2S", "M_AXI_MM2S"),
        *ddr(PS, board, f"{DMA}/Data_S2MM", "M_AXI_S2MM"),
    )
