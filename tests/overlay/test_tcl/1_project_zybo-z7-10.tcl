# The project, and in it the block design: Zybo-Z7-10, v=4 c=16 l1 ports=4 blocks=4 lanes=16 encoders=2.
set root [file normalize [file join [file dirname [info script]] ..]]
source [file join $root tcl common.tcl]

if {![llength [get_parts -quiet xc7z010clg400-1]]} {
    fail "Vivado [version -short] has no part xc7z010clg400-1: install its device family"
}
create_project -force lutdla [file join $root project] -part xc7z010clg400-1
set board [lindex [get_board_parts -quiet -latest_file_version digilentinc.com:zybo-z7-10:part0:*] 0]
if {$board eq ""} {
    puts "WARNING: \[lutdla 1-4\] no board files of digilentinc.com:zybo-z7-10:part0:*: the processor keeps Vivado's own settings"
} else {
    set_property board_part $board [current_project]
}
set_property ip_repo_paths [list [file join $root ip]] [current_project]
update_ip_catalog
create_bd_design lutdla

# -- cells
add_cell ps xilinx.com:ip:processing_system7
add_cell control xilinx.com:ip:smartconnect
add_cell memory xilinx.com:ip:smartconnect
add_cell dma xilinx.com:ip:axi_dma
add_cell lutdla lutdla:ip:lutdla_core
add_cell lines xilinx.com:ip:xlconcat xilinx.com:inline_hdl:ilconcat
add_cell interrupts xilinx.com:ip:axi_intc
add_cell resets xilinx.com:ip:proc_sys_reset

# -- the processor: first what a board file says, then what the overlay needs
if {$board ne ""} {
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 -config { make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable" } [get_bd_cells ps]
}
configure ps {
    PCW_CRYSTAL_PERIPHERAL_FREQMHZ {33.3333}
    PCW_EN_CLK0_PORT {1}
    PCW_EN_RST0_PORT {1}
    PCW_FPGA_FCLK0_ENABLE {1}
    PCW_FCLK0_PERIPHERAL_CLKSRC {IO PLL}
    PCW_FPGA0_PERIPHERAL_FREQMHZ {100}
    PCW_FPGA_FCLK1_ENABLE {0}
    PCW_FPGA_FCLK2_ENABLE {0}
    PCW_FPGA_FCLK3_ENABLE {0}
    PCW_USE_M_AXI_GP0 {1}
    PCW_USE_M_AXI_GP1 {0}
    PCW_USE_S_AXI_HP0 {1}
    PCW_S_AXI_HP0_DATA_WIDTH {64}
    PCW_USE_FABRIC_INTERRUPT {1}
    PCW_IRQ_F2P_INTR {1}
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
    c_addr_width {32}
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
leave DDR ps/DDR xilinx.com:interface:ddrx_rtl:1.0
leave FIXED_IO ps/FIXED_IO xilinx.com:display_processing_system7:fixedio_rtl:1.0

# -- buses
bus ps/M_AXI_GP0 control/S00_AXI
bus control/M00_AXI dma/S_AXI_LITE
bus control/M01_AXI lutdla/s_axi
bus control/M02_AXI interrupts/s_axi
bus dma/M_AXI_MM2S memory/S00_AXI
bus dma/M_AXI_S2MM memory/S01_AXI
bus memory/M00_AXI ps/S_AXI_HP0
bus dma/M_AXIS_MM2S lutdla/s_axis
bus lutdla/m_axis dma/S_AXIS_S2MM

# -- wires
wire ps/FCLK_CLK0 ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK control/aclk memory/aclk dma/s_axi_lite_aclk dma/m_axi_mm2s_aclk dma/m_axi_s2mm_aclk lutdla/aclk interrupts/s_axi_aclk resets/slowest_sync_clk
wire ps/FCLK_RESET0_N resets/ext_reset_in
wire resets/interconnect_aresetn control/aresetn memory/aresetn
wire resets/peripheral_aresetn dma/axi_resetn lutdla/aresetn interrupts/s_axi_aresetn
wire dma/mm2s_introut lines/In0
wire dma/s2mm_introut lines/In1
wire lutdla/irq lines/In2
wire lines/dout interrupts/intr
wire interrupts/irq ps/IRQ_F2P

# -- addresses
place_registers ps/Data dma/S_AXI_LITE/Reg 0x40400000 0x00010000
place_registers ps/Data lutdla/s_axi/reg0 0x43C00000 0x00001000
place_registers ps/Data interrupts/S_AXI/Reg 0x41800000 0x00010000
place_memory dma/Data_MM2S ps/S_AXI_HP0/HP0_DDR_LOWOCM 0x00000000 0x40000000 0
place_memory dma/Data_S2MM ps/S_AXI_HP0/HP0_DDR_LOWOCM 0x00000000 0x40000000 0

validate_bd_design
save_bd_design
set wrapper [make_wrapper -files [get_files lutdla.bd] -top]
add_files -norecurse $wrapper
set_property top lutdla_wrapper [current_fileset]
update_compile_order -fileset sources_1
generate_target all [get_files lutdla.bd]
close_project
done $root project DIGEST
