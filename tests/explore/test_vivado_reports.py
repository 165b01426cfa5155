"""Reports of Vivado: what is read of them, and what is refused. Those in reports/ are ours, with invented figures."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutdla.errors import InputError
from lutdla.explore.vivado_reports import CORE, Timing, Utilization, read_report, read_reports
from tests.explore.renderings import rows, utilization

REPORTS = Path(__file__).parent / "reports"
COUNT = st.integers(0, 200_000)


def write(folder, text, name="x.rpt"):
    (folder / name).write_text(text)
    return folder / name


def changed(folder, source, *changes):
    """A sample with some of its text replaced."""
    text = (REPORTS / source).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return write(folder, text)


@pytest.mark.parametrize(("file", "tool", "device", "amounts", "of_core", "implemented"), [
    ("pynq-z2/utilization.rpt", "Vivado 2018.3", "7z020clg400-1", (20480, 7400, 27300, 129.5, 0, 16), False, True),
    ("pynq-z2/synthesis_utilization.rpt", "Vivado 2018.3", "7z020clg400-1", (21800, 7460, 27900, 129.5, 0, 16), False,
     False),
    ("zcu104/utilization.rpt", "Vivado 2023.2", "xczu7ev-ffvc1156-2-e", (21900, 6900, 29400, 27.5, 72, 16), False,
     True),
    ("hierarchical.rpt", "Vivado 2020.2", "7z020clg400-1", (16800, 7030, 22000, 125.5, 0, 16), True, True),
    ("core_alone.rpt", "Vivado 2025.1", "xc7z020clg400-1", (17000, 7060, 22100, 125.5, 0, 16), True, False),
])  # fmt: skip
def test_areas_of_the_samples(file, tool, device, amounts, of_core, implemented):
    path = REPORTS / file
    assert read_report(path) == Utilization(str(path), tool, device, *amounts, of_core, implemented)


def test_timing_that_is_met():
    found = read_report(REPORTS / "pynq-z2" / "timing.rpt")
    assert (found.tool, found.device, found.clock, found.clock_mhz) == ("Vivado 2018.3", "7z020-clg400-1", "clk_fpga_0",
                                                                        100)
    assert (found.worst_slack_ns, found.total_slack_ns, found.failing_endpoints) == (0.812, 0, 0)
    assert found.reachable_mhz == pytest.approx(1000 / (10 - 0.812))
    assert found.implemented


def test_timing_that_is_missed_is_of_the_clock_that_the_processor_gives_the_core():
    found = read_report(REPORTS / "zcu104" / "timing.rpt")
    assert (found.device, found.clock, found.clock_mhz) == ("xczu7ev-ffvc1156-2", "clk_pl_0", 200)
    assert (found.worst_slack_ns, found.total_slack_ns, found.failing_endpoints) == (-0.467, -1894.23, 1875)
    assert found.reachable_mhz == pytest.approx(1000 / 5.467)
    assert found.clocks == (("clk_pl_0", 5.0), ("clk_pl_1", 10.0), ("debug_hub_clock_of_ten_letters_more", 20.0))


def test_a_design_that_is_not_placed_is_told_by_its_nets(tmp_path):
    path = changed(tmp_path, "pynq-z2/timing.rpt", ("| Timing Details", "  net (fo=2, unplaced)\n| Timing Details"))
    assert not read_report(path).implemented


# -- the core ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "is_core"), [
    ("lutdla_core", True), ("lutdla_ip", True), ("lutdla_lutdla_0", True), ("design_1_lutdla_core_0_0", True),
    ("system_lutdla_0", True), ("lutdla", False), ("lutdla_i", False), ("lutdla_wrapper", False),
    ("lutdla_dma_0", False), ("lutdla_core_test", False),
])  # fmt: skip
def test_modules_that_are_the_core(name, is_core):
    assert (CORE.fullmatch(name) is not None) == is_core


def test_a_hierarchy_without_the_core_is_the_whole_design(tmp_path):
    lines = (REPORTS / "hierarchical.rpt").read_text().splitlines()
    found = read_report(write(tmp_path, "\n".join(line for line in lines if "lutdla_lutdla_0" not in line)))
    assert (found.lut, found.lutram, found.ramb36, found.of_core) == (20480, 7400, 129.5, False)


def test_older_hierarchies_call_multipliers_by_their_kind(tmp_path):
    path = changed(tmp_path, "hierarchical.rpt", ("DSP Blocks", "DSP48 Blocks"))
    assert read_report(path).dsp == 16


@pytest.mark.parametrize("command", ["-cells lutdla_i/lutdla", "-cells a/lutdla/inst", "-cells a/lutdla_core_0"])
def test_some_cells_alone_may_be_the_core(tmp_path, command):
    path = changed(tmp_path, "pynq-z2/utilization.rpt", ("utilization -file", f"utilization {command} -file"))
    assert read_report(path).of_core


@pytest.mark.parametrize("command", ["-cells lutdla_i/dma", "-cells lutdla_i/lutdla/inst/encoder", "-pblocks left"])
def test_other_cells_alone_are_refused(tmp_path, command):
    path = changed(tmp_path, "pynq-z2/utilization.rpt", ("utilization -file", f"utilization {command} -file"))
    kind, name = command[1:].split()
    with pytest.raises(InputError, match=rf"x\.rpt: it covers {kind} {name} alone: write it of the whole design"):
        read_report(path)


# -- any figures -------------------------------------------------------------------------------------------------------
@given(st.sampled_from(["xc7", "xcup"]), st.booleans(), st.sampled_from(["2018.1", "2020.2", "2025.2"]),
       st.tuples(COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT))
def test_any_table_is_read_as_it_was_written(tmp_path_factory, family, prohibited, version, amounts):
    lut, lutram, ff, ramb36, ramb18, uram, dsp = amounts
    path = write(tmp_path_factory.getbasetemp(), utilization(rows(family, *amounts), prohibited, version))
    expected = Utilization(str(path), f"Vivado {version}", "xc7z020clg400-1", lut, lutram, ff, ramb36 + ramb18 / 2,
                           uram if family == "xcup" else 0, dsp, False, True)
    assert read_report(path) == expected


@pytest.mark.parametrize("file", ["pynq-z2/utilization.rpt", "zcu104/utilization.rpt", "hierarchical.rpt",
                                  "pynq-z2/timing.rpt", "zcu104/timing.rpt"])
@given(share=st.floats(0, 1))
def test_what_is_cut_off_is_refused_or_has_all_that_counts(tmp_path_factory, file, share):
    text = (REPORTS / file).read_text()
    path = write(tmp_path_factory.getbasetemp(), text[:int(share * len(text))])
    whole = read_report(REPORTS / file)
    try:
        found = read_report(path)
    except InputError:
        return
    same = {"path": "", "clocks": ()} if isinstance(whole, Timing) else {"path": ""}
    assert replace(found, **same) == replace(whole, **same)


# -- folders -----------------------------------------------------------------------------------------------------------
def test_of_a_folder_the_implementation_is_taken():
    found = read_reports(REPORTS / "pynq-z2")
    assert [Path(each.path).name for each in found] == ["utilization.rpt", "timing.rpt"]


def test_of_a_folder_the_core_alone_is_taken_where_it_is_implemented(tmp_path):
    for name in ("pynq-z2/utilization.rpt", "hierarchical.rpt", "core_alone.rpt"):
        write(tmp_path, (REPORTS / name).read_text(), Path(name).name)
    (found,) = read_reports(tmp_path)
    assert Path(found.path).name == "hierarchical.rpt"


def test_a_file_is_all_there_is_of_it():
    assert read_reports(REPORTS / "core_alone.rpt") == [read_report(REPORTS / "core_alone.rpt")]


# -- what is refused ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "hello", (REPORTS / "pynq-z2" / "drc.rpt").read_text()])
def test_other_files_are_refused(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=r"x\.rpt: no utilization or timing report of Vivado: write one with"):
        read_report(path)
    with pytest.raises(InputError, match=r"no utilization or timing report of Vivado .* is in this folder"):
        read_reports(tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"y\.rpt: cannot be read"):
        read_report(tmp_path / "y.rpt")


@pytest.mark.parametrize(("file", "change", "message"), [
    ("pynq-z2/utilization.rpt", ("| DSPs ", "| DSPx "), "there is no row 'DSPs': the report is cut off or of a family"),
    ("pynq-z2/utilization.rpt", ("Slice Registers", "Registers"), "no row 'Slice Registers' or 'CLB Registers'"),
    ("pynq-z2/utilization.rpt", ("  RAMB18          |    11", "  RAMB18          |    NA"), "RAMB18 is 'NA': it must"),
    ("pynq-z2/utilization.rpt", ("Tool Version : Vivado v.2018.3", "Tool Version : ISE 14.7"),
     "Tool Version is 'ISE 14.7"),
    ("pynq-z2/utilization.rpt", ("| Device ", "| Devil "), "the head has no line 'Device'"),
    ("hierarchical.rpt", (" SRLs ", " SRLz "), "there is no column 'SRLs'"),
    ("black_boxes.rpt", ("2022.1", "2022.2"), "black boxes, whose area is not in it: lutdla_dma_0, lutdla_lutdla_0"),
    ("pynq-z2/timing.rpt", ("      0.812 ", "         NA "), r"WNS\(ns\) is 'NA': no path has a clock"),
    ("pynq-z2/timing.rpt", ("      0.812 ", "        inf "), r"WNS\(ns\) is 'inf': no path has a clock"),
    ("pynq-z2/timing.rpt", ("clk_fpga_0  {", "clk_fpga_0  ["), "there is no clock in its Clock Summary"),
    ("pynq-z2/timing.rpt", ("10.000          100", " 0.700         1428"), "a period of 0.7 ns, and WNS is 0.812 ns"),
    ("zcu104/timing.rpt", ("clk_pl_", "clkout_"), "paths have 2 clocks, and none is clk_fpga_0 or clk_pl_0, which"),
    ("zcu104/timing.rpt", ("clk_pl_", "clkout_"), "would run the core: clkout_0, clkout_1: write it of a design with"),
    ("zcu104/timing.rpt", ("| Intra Clock Table", "| Inner Clock Table"), "its Intra Clock Table is empty"),
])  # fmt: skip
def test_what_a_report_lacks_is_named(tmp_path, file, change, message):
    with pytest.raises(InputError, match=rf"x\.rpt: .*{message}"):
        read_report(changed(tmp_path, file, change))
