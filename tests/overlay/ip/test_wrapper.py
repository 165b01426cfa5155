"""The wrapper: three tools read it with the core, and it does nothing but name the core's ports for Vivado."""

import json
import re
import subprocess
import sys

import pytest

from lutdla.backends.core_verilog import core_verilog
from lutdla_overlay.ip.interfaces import interfaces
from lutdla_overlay.ip.ports import core_ports
from tests.overlay.ip.cores import CORES
from tests.overlay.ip.lint import verilator_says
from tests.strategies import TINY

EACH = pytest.mark.parametrize("config", CORES.values(), ids=CORES)


@pytest.fixture(params=[False, True], ids=["block RAM", "UltraRAM"])
def sources(request, packaged, tmp_path):
    """Function: configuration -> core and wrapper as files."""

    def write(config):
        files = packaged(config, ultra_ram=request.param)
        paths = [tmp_path / name for name in ("lutdla_core.v", "lutdla_ip.v")]
        for path in paths:
            path.write_text(files[f"hdl/{path.name}"])
        return paths

    return write


@EACH
def test_verilator_warns_of_nothing(config, sources):
    assert verilator_says(core_verilog(config).with_suffix(".vlt"), *sources(config)) == []


def test_verilator_is_asked_at_all(sources):
    core, wrapper = sources(TINY)
    wrapper.write_text(wrapper.read_text().replace("lutdla_core core (", "lutdla_core core (.extra(1'b0), "))
    assert any("extra" in line for line in verilator_says(core_verilog(TINY).with_suffix(".vlt"), core, wrapper))


@EACH
def test_icarus_warns_of_nothing(config, sources, tmp_path):
    command = ["iverilog", "-g2001", "-Wall", "-o", tmp_path / "out", "-s", "lutdla_ip", *sources(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_yosys_reads_it_without_a_warning(sources, tmp_path):
    commands = [*(f"read_verilog {path}" for path in sources(TINY)), "hierarchy -check -top lutdla_ip", "proc",
                "select -assert-count 1 lutdla_ip/t:lutdla_core", "cd lutdla_ip", "select -assert-count 1 t:*", "check"]
    script = ("import json, sys, pyosys.libyosys as ys\nd = ys.Design()\n"
              "for c in json.loads(sys.argv[1]): ys.run_pass(c, d)\n")
    done = subprocess.run([sys.executable, "-c", script, json.dumps(commands)], cwd=tmp_path, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    warnings = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Warning")]
    assert [line for line in warnings if "lutdla_ip" in line] == []


@EACH
def test_every_port_of_the_core_is_a_port_of_the_same_name_and_width(config, packaged):
    files = packaged(config)
    ports, text = core_ports(files["hdl/lutdla_core.v"]), files["hdl/lutdla_ip.v"]
    head, instance = text.split("lutdla_core core (")
    assert re.findall(r"^    ((?:in|out)put .*?),?$", head, re.MULTILINE) == [port.declaration for port in ports]
    assert re.findall(r"^    \.(\w+)\((\w+)\),?$", instance, re.MULTILINE) == [(port.name, port.name) for port in ports]
    assert {port.name: port.width for port in ports}["s_axis_tdata"] == config.stream_bits


def test_every_port_says_which_signal_of_which_interface_it_is(packaged):
    text = packaged(TINY)["hdl/lutdla_ip.v"]
    pattern = r'X_INTERFACE_INFO = "(\S+) (\w+) (\w+)" \*\)\n    (?:in|out)put wire (?:\[\d+:0\] )?(\w+)'
    found = re.findall(pattern, text)
    expected = [(interface.vlnv, interface.name, signal, port)
                for interface in interfaces(TINY) for signal, port in interface.signals.items()]
    assert sorted(found) == sorted(expected)


def test_every_interface_has_its_parameters_once(packaged):
    text = packaged(TINY)["hdl/lutdla_ip.v"]
    found = re.findall(r'X_INTERFACE_PARAMETER = "XIL_INTERFACENAME (\w+), (.*)" \*\)\n.* (\w+) \w+" \*\)', text)
    assert {name for name, _, _ in found} == {"s_axi", "s_axis", "m_axis", "aclk", "aresetn", "irq"}
    assert len(found) == 6
    assert all(of == name for name, _, of in found)
    said = {name: dict(entry.split(" ") for entry in values.split(", ")) for name, values, _ in found}
    assert said == {entry.name: {key: str(value) for key, value in entry.parameters.items()}
                    for entry in interfaces(TINY)}
