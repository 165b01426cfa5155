"""The stand-in itself: what it refuses, in words like Vivado's."""

import subprocess

import pytest

from tests.overlay.builds import VIVADO

BEGIN = """
create_project -force p project -part xc7z020clg400-1
create_bd_design d
create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7:5.5 ps
create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:7.1 dma
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect:1.0 bus
set_property -dict [list CONFIG.c_include_sg {0}] [get_bd_cells dma]
"""


def run(script, folder, *options):
    (folder / "script.tcl").write_text(script)
    arguments = options or ("-mode", "batch", "-nojournal", "-notrace", "-log", "x.log", "-source", "script.tcl")
    done = subprocess.run([VIVADO, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(("line", "message"), [
    ("create_bd_sell x", 'invalid command name "create_bd_sell"'),
    ("create_bd_cell -kind ip x", "[Common 17-170] Unknown option '-kind', please type 'create_bd_cell -help'"),
    ("create_bd_cell", "[Common 17-163] Missing value for a required argument"),
    ("create_bd_cell -type ip -vlnv", "[Common 17-157] Missing value for option '-vlnv'"),
    ("save_bd_design a", "[Common 17-165] Too many positional options"),
    ("create_bd_cell -type ip -vlnv acme.com:ip:fir:1.0 fir", "VLNV <acme.com:ip:fir:1.0> is not supported"),
    ("create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:6.0 b", "VLNV <xilinx.com:ip:axi_dma:6.0> is not supported"),
    ("create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma dma", "A cell of the name dma exists already"),
    ("create_bd_cell -type ip -vlnv xilinx.com:inline_hdl:ilconcat c", "cannot be created with -type ip"),
    ("set_property CONFIG.c_speed 1 [get_bd_cells dma]", "does not have a property 'CONFIG.c_speed'"),
    ("set_property CONFIG.c_addr_width 65 [get_bd_cells dma]", "Value '65' is out of the range for parameter"),
    ("set_property CONFIG.NUM_SI 2 [get_bd_cells nothing]", "'set_property' expects at least one object"),
    ("connect_bd_net [get_bd_pins ps/FCLK_CLK7] [get_bd_pins bus/aclk]", "[BD 5-106]"),
    ("connect_bd_net [get_bd_pins ps/FCLK_CLK0] [get_bd_pins dma/mm2s_introut]", "several drivers"),
    ("connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins dma/M_AXI_MM2S]", "are both masters"),
    ("connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins dma/S_AXIS_S2MM]", "not of one kind"),
    ("foreach slave {bus/S00_AXI dma/S_AXI_LITE} {connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] $slave}",
     "already connected"),
    ("assign_bd_address -offset 0x40000000 -range 64K -target_address_space ps/Data dma/S_AXI_LITE/Reg",
     "there is no path to it"),
    ("validate_bd_design", "[BD 41-1356] Interface /"),
    ("make_wrapper -files x -top", "needs the file of a block design that is validated and saved"),
    ("launch_runs synth_1 -jobs 2", "no top module is set"),
    ("open_run synth_1", "Run 'synth_1' has not completed"),
    ("report_drc -file x", "No open design"),
    ("write_hw_platform -fixed -include_bit -force -file x.xsa", "Unable to get BIT file"),
    ("create_project q project -part xc7z020clg400-1", "is not empty, use -force"),
    ("create_project q other -part xc7z099", "Specified part could not be found"),
    ("set_property board_part xilinx.com:zcu104:part0:1.1 [current_project]", "is not of part xc7z020clg400-1"),
    ("set_property ip_repo_paths nowhere [current_project]\nupdate_ip_catalog", "repository 'nowhere' does not exist"),
    ("open_project nowhere.xpr", "Project file not found"),
])  # fmt: skip
def test_what_vivado_would_not_take_is_refused(line, message, tmp_path):
    status, said = run(f"{BEGIN}\n{line}\nputs end", tmp_path)
    assert status == 1, said
    assert message in said.replace("\n", " ")
    assert "ERROR: " in said
    assert (tmp_path / "x.log").read_text() == said
    assert "end\n" not in said


BUS = """
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins bus/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins bus/M00_AXI] [get_bd_intf_pins dma/S_AXI_LITE]
proc place {offset range} {
    assign_bd_address -offset $offset -range $range -target_address_space [get_bd_addr_spaces ps/Data] \
        [get_bd_addr_segs dma/S_AXI_LITE/Reg]
}
"""


@pytest.mark.parametrize(("place", "message"), [
    ("place 0x40010000 64K", None), ("place 0x80000000 64K", "outside the aperture"),
    ("place 0x40008000 64K", "the offset a multiple of it"), ("place 0x40000000 0x18000", "must be a power of two"),
    ("place 0x40000000 64K\nplace 0x40000000 64K", "overlaps dma/S_AXI_LITE/Reg"),
])  # fmt: skip
def test_addresses(place, message, tmp_path):
    status, said = run(BEGIN + BUS + place, tmp_path)
    assert status == (0 if message is None else 1), said
    assert message is None or message in said


def test_an_ip_with_a_missing_file_is_refused(tmp_path):
    from tests.overlay.designs import small_plan

    small_plan("pynq-z2").write(tmp_path)
    (tmp_path / "ip/lutdla_core_1_0/hdl/lutdla_ip.v").unlink()
    script = BEGIN + "set_property ip_repo_paths ip [current_project]\nupdate_ip_catalog"
    assert "file hdl/lutdla_ip.v is missing" in run(script, tmp_path)[1]
    (tmp_path / "ip/lutdla_core_1_0/component.xml").write_text("<broken")
    assert "Failed to load IP definition" in run(script, tmp_path)[1]


@pytest.mark.parametrize("options", [("-mode", "gui"), ("-fast",), ("-source",)])
def test_options_of_the_program_are_checked(options, tmp_path):
    assert run("", tmp_path, *options)[0] == 1


def test_it_tells_its_version(tmp_path, monkeypatch):
    monkeypatch.setenv("STANDIN_VERSION", "2022.2")
    assert "v2022.2" in run("", tmp_path, "-version")[1]
    assert "2022.2\n" in run("puts [version -short]", tmp_path)[1]
