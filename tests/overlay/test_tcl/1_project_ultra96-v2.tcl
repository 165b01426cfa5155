# The project, and in it the block design: Ultra96V2, v=4 c=16 l1 ports=12 blocks=4 lanes=16 encoders=4.
set root [file normalize [file join [file dirname [info script]] ..]]
source [file join $root tcl common.tcl]

if {![llength [get_parts -quiet xczu3eg-sbva484-1-i]]} {
    fail "Vivado [version -short] has no part xczu3eg-sbva484-1-i: install its device family"
}
create_project -force lutdla [file join $root project] -part xczu3eg-sbva484-1-i
set board [lindex [get_board_parts -quiet -latest_file_version avnet.com:ultra96v2:part0:*] 0]
if {$board eq ""} {
    puts "WARNING: \[lutdla 1-4\] no board files of avnet.com:ultra96v2:part0:*: the processor keeps Vivado's own settings"
} else {
    set_property board_part $board [current_project]
}
set_property ip_repo_paths [list [file join $root ip]] [current_project]
update_ip_catalog
create_bd_design lutdla

# -- cells
add_cell ps xilinx.com:ip:zynq_ultra_ps_e
add_cell control xilinx.com:ip:smartconnect
add_cell memory xilinx.com:ip:smartconnect
add_cell dma xilinx.com:ip:axi_dma
add_cell lutdla lutdla:ip:lutdla_core
add_cell lines xilinx.com:ip:xlconcat xilinx.com:inline_hdl:ilconcat
add_cell interrupts xilinx.com:ip:axi_intc
add_cell resets xilinx.com:ip:proc_sys_reset

# -- the processor: first what a board file says, then what the overlay needs
if {$board ne ""} {
    apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config { apply_board_preset "1" } [get_bd_cells ps]
}
configure ps {
    PSU__PSS_REF_CLK__FREQMHZ {33.333}
    PSU__FPGA_PL0_ENABLE {1}
    PSU__CRL_APB__PL0_REF_CTRL__SRCSEL {IOPLL}
    PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {187.498}
    PSU__FPGA_PL1_ENABLE {0}
    PSU__FPGA_PL2_ENABLE {0}
    PSU__FPGA_PL3_ENABLE {0}
    PSU__USE__M_AXI_GP0 {1}
    PSU__USE__M_AXI_GP1 {0}
    PSU__USE__M_AXI_GP2 {0}
    PSU__MAXIGP0__DATA_WIDTH {32}
    PSU__USE__S_AXI_GP2 {1}
    PSU__SAXIGP2__DATA_WIDTH {128}
    PSU__USE__IRQ0 {1}
}
configure control {
    NUM_SI {1}
    NUM_MI {3}
    NUM_CLKS {1}
}
configure memory {
    NUM_SI {2}
    NUM_MI {1}
    NUM_CLKS {1}
}
configure dma {
    c_include_sg {0}
    c_micro_dma {0}
    c_sg_length_width {26}
    c_addr_width {64}
    c_include_mm2s {1}
    c_include_mm2s_dre {1}
    c_m_axi_mm2s_data_width {64}
    c_m_axis_mm2s_tdata_width {64}
    c_mm2s_burst_size {16}
    c_include_s2mm {1}
    c_include_s2mm_dre {1}
    c_m_axi_s2mm_data_width {64}
    c_s2mm_burst_size {16}
}
configure lines {
    NUM_PORTS {3}
}
configure interrupts {
    C_IRQ_CONNECTION {1}
}

# -- what leaves the device

# -- buses
bus ps/M_AXI_HPM0_FPD control/S00_AXI
bus control/M00_AXI dma/S_AXI_LITE
bus control/M01_AXI lutdla/s_axi
bus control/M02_AXI interrupts/s_axi
bus dma/M_AXI_MM2S memory/S00_AXI
bus dma/M_AXI_S2MM memory/S01_AXI
bus memory/M00_AXI ps/S_AXI_HP0_FPD
bus dma/M_AXIS_MM2S lutdla/s_axis
bus lutdla/m_axis dma/S_AXIS_S2MM

# -- wires
wire ps/pl_clk0 ps/maxihpm0_fpd_aclk ps/saxihp0_fpd_aclk control/aclk memory/aclk dma/s_axi_lite_aclk dma/m_axi_mm2s_aclk dma/m_axi_s2mm_aclk lutdla/aclk interrupts/s_axi_aclk resets/slowest_sync_clk
wire ps/pl_resetn0 resets/ext_reset_in
wire resets/interconnect_aresetn control/aresetn memory/aresetn
wire resets/peripheral_aresetn dma/axi_resetn lutdla/aresetn interrupts/s_axi_aresetn
wire dma/mm2s_introut lines/In0
wire dma/s2mm_introut lines/In1
wire lutdla/irq lines/In2
wire lines/dout interrupts/intr
wire interrupts/irq ps/pl_ps_irq0

# -- addresses
place_registers ps/Data dma/S_AXI_LITE/Reg 0xA0000000 0x00010000
place_registers ps/Data lutdla/s_axi/reg0 0xA0010000 0x00001000
place_registers ps/Data interrupts/S_AXI/Reg 0xA0020000 0x00010000
place_memory dma/Data_MM2S ps/SAXIGP2/HP0_DDR_LOW 0x00000000 0x80000000 0
place_memory dma/Data_S2MM ps/SAXIGP2/HP0_DDR_LOW 0x00000000 0x80000000 0
hide dma/Data_MM2S ps/SAXIGP2/HP0_QSPI
hide dma/Data_MM2S ps/SAXIGP2/HP0_LPS_OCM
hide dma/Data_MM2S ps/SAXIGP2/HP0_PCIE_LOW
hide dma/Data_MM2S ps/SAXIGP2/HP0_DDR_HIGH
hide dma/Data_S2MM ps/SAXIGP2/HP0_QSPI
hide dma/Data_S2MM ps/SAXIGP2/HP0_LPS_OCM
hide dma/Data_S2MM ps/SAXIGP2/HP0_PCIE_LOW
hide dma/Data_S2MM ps/SAXIGP2/HP0_DDR_HIGH

validate_bd_design
save_bd_design
set wrapper [make_wrapper -files [get_files lutdla.bd] -top]
add_files -norecurse $wrapper
set_property top lutdla_wrapper [current_fileset]
update_compile_order -fileset sources_1
generate_target all [get_files lutdla.bd]
close_project
done $root project DIGEST
