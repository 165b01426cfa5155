import subprocess
import sys
import tkinter as tk
from dataclasses import replace

import pytest
from jinja2 import UndefinedError

from lutdla.backends.core_verilog import core_verilog
from lutdla.errors import ToolError
from lutdla_overlay.ip import core_parameters, ip_files
from lutdla_overlay.rendering import render
from tests.strategies import TINY


def test_the_files_of_an_ip_repository():
    verilog = core_verilog(TINY).read_text()
    files = ip_files(TINY, verilog)
    assert set(files) == {f"lutdla_core_1_0/{name}" for name in (
        "component.xml", "hdl/lutdla_core.v", "hdl/lutdla_ip.v", "xgui/lutdla_core_v1_0.tcl")}  # fmt: skip
    assert files["lutdla_core_1_0/hdl/lutdla_core.v"] == verilog
    assert all(text.endswith("\n") and text.isascii() for text in files.values())


def test_the_same_arguments_give_the_same_text():
    verilog = core_verilog(TINY).read_text()
    first, second, ultra = ip_files(TINY, verilog), ip_files(TINY, verilog), ip_files(TINY, verilog, ultra_ram=True)
    assert list(first.items()) == list(second.items())
    assert [path for path in first if first[path] != ultra[path]] == ["lutdla_core_1_0/hdl/lutdla_core.v"]


def test_verilog_of_another_configuration_is_refused():
    other = replace(TINY, metric="l1")
    with pytest.raises(ToolError, match=rf"not of configuration {other.hash:08x} .* hash {TINY.hash:08x}.*; convert"):
        ip_files(other, core_verilog(TINY).read_text())


def test_the_dialogue_shows_every_parameter_on_its_page(packaged):
    tcl = tk.Tcl()
    tcl.eval("namespace eval ipgui {}; set shown {}; proc ipgui::add_page {ip args} {return page0}")
    tcl.eval("proc ipgui::add_param {ip args} {global shown; lappend shown $args}")
    tcl.eval(packaged(TINY)["xgui/lutdla_core_v1_0.tcl"])
    tcl.eval("init_gui ip0")
    shown = [tcl.splitlist(entry) for entry in tcl.splitlist(tcl.eval("set shown"))]
    assert shown == [("-name", "Component_Name"),
                     *(("-name", name, "-parent", "page0") for name in core_parameters(TINY))]


def test_names_and_parameters_need_no_jinja():
    """The emulated device describes the overlay with them, where Jinja2 need not be installed."""
    code = "import sys; sys.modules['jinja2'] = None; from lutdla_overlay.ip import CORE_VLNV; print(CORE_VLNV)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("lutdla:ip:lutdla_core:1.0\n", "")


def test_without_jinja_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ToolError, match="planning an overlay needs the package jinja2: pip install"):
        ip_files(TINY, core_verilog(TINY).read_text())


def test_a_name_that_a_template_does_not_get_is_an_error():
    with pytest.raises(UndefinedError, match="'parameters' is undefined"):
        render("xgui.tcl.j2", package="lutdla_overlay.ip", names=[])
