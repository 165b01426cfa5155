"""component.xml against the standard's schema, the register table, the configuration and the wrapper."""

import re

import pytest
from lxml import etree

from lutdla.spec.registers import REGISTERS, constant_registers
from lutdla_overlay.ip import core_parameters
from tests.overlay.ip import ipxact
from tests.overlay.ip.cores import CORES
from tests.strategies import TINY

EACH = pytest.mark.parametrize("config", CORES.values(), ids=CORES)
SYNTHESIS, SIMULATION = "xilinx_anylanguagesynthesis", "xilinx_anylanguagebehavioralsimulation"


def long(number):
    return str(number), {"format": "long"}


@pytest.fixture(scope="module")
def component(packaged):
    """Function: configuration -> root of its component.xml."""
    return lambda config: etree.fromstring(packaged(config)["component.xml"].encode())


@EACH
def test_the_schema_of_the_standard_accepts_it(config, component):
    ipxact.schema().assertValid(component(config))


def test_the_name_is_the_one_that_the_driver_binds_to(component):
    found = ipxact.identity(component(TINY))
    assert ":".join(found[part] for part in ("vendor", "library", "name", "version")) == "lutdla:ip:lutdla_core:1.0"
    assert found["description"].startswith("Neural networks as lookup tables")
    assert len(found) == 5


@EACH
def test_every_register_is_there_once_with_its_fields(config, component):
    access = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}
    clears = {"w1c": {"modifiedWriteValue": "oneToClear"}}
    assert ipxact.registers(component(config)) == [
        {
            "name": register.name, "description": register.description, "addressOffset": f"0x{register.offset:X}",
            "size": long(32), "access": access[register.access],
            "reset": f"0x{constant_registers(config).get(register.name, register.reset):X}",
            "fields": [
                {"name": field.name, "description": field.description, "bitOffset": str(field.offset),
                 "bitWidth": long(field.width), "access": access[register.access], **clears.get(register.access, {})}
                for field in register.fields
            ],
        }
        for register in REGISTERS
    ]  # fmt: skip


def test_the_registers_are_in_one_block_of_4_kib(component):
    memory_map, block = ipxact.address_block(component(TINY))
    assert memory_map == {"name": "s_axi"}
    assert block == {"name": "reg0", "baseAddress": long(0), "range": long(4096), "width": long(32),
                     "usage": "register"}  # fmt: skip


@EACH
def test_the_ports_are_those_of_the_wrapper(config, component, packaged):
    text = packaged(config)["hdl/lutdla_ip.v"]
    declared = re.findall(r"^    (input|output) wire (?:\[(\d+):0\] )?(\w+),?$", text, re.MULTILINE)
    assert len(declared) == 30
    assert ipxact.ports(component(config)) == [
        {
            "name": name, "direction": direction.removesuffix("put"),
            "vector": [{"left": long(left), "right": long(0)}] if left else [],
            "type": ["typeName=wire", f"viewNameRef={SYNTHESIS}", f"viewNameRef={SIMULATION}"],
        }
        for direction, left, name in declared
    ]  # fmt: skip


@EACH
def test_interfaces_take_every_port_once(config, component):
    root = component(config)
    mapped = [port for entry in ipxact.bus_interfaces(root) for port in entry["signals"].values()]
    assert sorted(mapped) == sorted(port["name"] for port in ipxact.ports(root))


@pytest.mark.parametrize(("name", "library", "bus", "mode", "signals", "values"), [
    ("s_axi", "interface", "aximm", "slave",
     ("AWADDR AWPROT AWVALID AWREADY WDATA WSTRB WVALID WREADY BRESP BVALID BREADY "
      "ARADDR ARPROT ARVALID ARREADY RDATA RRESP RVALID RREADY"),
     {"PROTOCOL": "AXI4LITE", "DATA_WIDTH": 32, "ADDR_WIDTH": 12, "READ_WRITE_MODE": "READ_WRITE"}),
    *((name, "interface", "axis", mode, "TDATA TVALID TREADY TLAST",
       {"TDATA_NUM_BYTES": 16, "TDEST_WIDTH": 0, "TID_WIDTH": 0, "TUSER_WIDTH": 0, "HAS_TREADY": 1, "HAS_TSTRB": 0,
        "HAS_TKEEP": 0, "HAS_TLAST": 1}) for name, mode in (("s_axis", "slave"), ("m_axis", "master"))),
    ("aclk", "signal", "clock", "slave", "CLK",
     {"ASSOCIATED_BUSIF": "s_axi:s_axis:m_axis", "ASSOCIATED_RESET": "aresetn"}),
    ("aresetn", "signal", "reset", "slave", "RST", {"POLARITY": "ACTIVE_LOW"}),
    ("irq", "signal", "interrupt", "master", "INTERRUPT", {"SENSITIVITY": "LEVEL_HIGH"}),
])  # fmt: skip
def test_an_interface_is_what_vivado_connects(name, library, bus, mode, signals, values, component):
    found = ipxact.bus_interfaces(component(CORES["128 bits"]))
    assert len(found) == 6
    vlnv = {"vendor": "xilinx.com", "library": library, "version": "1.0"}
    single = library == "signal"
    assert [entry for entry in found if entry["name"] == name] == [{
        "name": name, "bus": vlnv | {"name": bus}, "abstraction": vlnv | {"name": f"{bus}_rtl"}, "mode": [mode],
        "memory map": [{"memoryMapRef": "s_axi"}] if name == "s_axi" else [],
        "signals": {signal: name if single else f"{name}_{signal.lower()}" for signal in signals.split()},
        "parameters": {key: {"name": key, "value": (str(value), {"id": f"BUSIFPARAM_VALUE.{name.upper()}.{key}"})}
                       for key, value in values.items()},
    }]  # fmt: skip


@EACH
def test_beats_are_as_wide_as_the_stream(config, component):
    found = {entry["name"]: entry["parameters"] for entry in ipxact.bus_interfaces(component(config))}
    for name in ("s_axis", "m_axis"):
        assert found[name]["TDATA_NUM_BYTES"]["value"][0] == str(config.stream_bits // 8)


def test_views_lead_to_files_that_are_there(component, packaged):
    root, files = component(TINY), packaged(TINY)
    sources = [[f"name=hdl/{name}.v", "fileType=verilogSource"] for name in ("lutdla_core", "lutdla_ip")]
    xgui = [["name=xgui/lutdla_core_v1_0.tcl", "fileType=tclSource", "userFileType=XGUI_VERSION_2"]]
    sets = {SYNTHESIS: sources, SIMULATION: sources, "xilinx_xpgui": xgui}
    assert ipxact.file_sets(root) == {f"{view}_view_fileset": listed for view, listed in sets.items()}
    assert {line.removeprefix("name=") for listed in sets.values() for line, *_ in listed} == set(files) - {
        "component.xml"}  # fmt: skip
    code = {"language": "Verilog", "modelName": "lutdla_ip"}
    assert ipxact.views(root) == [
        {"name": name, "displayName": title, "envIdentifier": f":vivado.xilinx.com:{tool}",
         "files": f"{name}_view_fileset", **more}
        for name, title, tool, more in ((SYNTHESIS, "Synthesis", "synthesis", code),
                                        (SIMULATION, "Simulation", "simulation", code),
                                        ("xilinx_xpgui", "UI Layout", "xgui.ui", {}))
    ]  # fmt: skip
    assert "\nmodule lutdla_ip (" in files["hdl/lutdla_ip.v"]


@EACH
def test_parameters_show_the_configuration_and_cannot_be_changed(config, component):
    name, *shown = ipxact.parameters(component(config))
    assert name == ("Component_Name", {"name": "Component_Name", "value": (
        "lutdla_core_v1_0", {"resolve": "user", "id": "PARAM_VALUE.Component_Name", "order": "1"})})  # fmt: skip
    assert shown == [
        (key, {
            "name": key, "displayName": key, "isEnabled": ("false", {"id": f"PARAM_ENABLEMENT.{key}"}),
            "value": (str(value), {"format": "string" if isinstance(value, str) else "long", "resolve": "user",
                                   "id": f"PARAM_VALUE.{key}", "order": str(number)}),
        })
        for number, (key, value) in enumerate(core_parameters(config).items(), 2)
    ]  # fmt: skip


def test_vivado_is_told_families_and_place_in_the_catalogue(component):
    assert ipxact.extensions(component(TINY)) == {
        "displayName": "lutdla core", "coreRevision": "1", "taxonomies": ["/UserIP"],
        "families": [(name, {"lifeCycle": "Production"}) for name in ("zynq", "zynquplus", "zynquplusRFSOC")],
    }  # fmt: skip


def test_whatever_is_removed_is_missed(component):
    """Each element and each attribute: without it the schema refuses the file, or one of the sections differs."""
    root, schema = component(TINY), ipxact.schema()
    whole, removed = ipxact.sections(root), 0
    for element in list(root.iter())[1:]:
        parent = element.getparent()
        place = parent.index(element)
        parent.remove(element)
        assert ipxact.sections(root) != whole or not schema.validate(root), f"without {element.tag} of {parent.tag}"
        parent.insert(place, element)
        for name in list(element.attrib):
            value = element.attrib.pop(name)
            assert ipxact.sections(root) != whole or not schema.validate(root), f"without {name} of {element.tag}"
            element.set(name, value)
        removed += 1
    assert ipxact.sections(root) == whole
    assert removed > 1000
