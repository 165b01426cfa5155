"""Table banks, and nothing else, go to UltraRAM: Vivado and yosys take it where the attribute asks for it."""

import re
from dataclasses import replace

import pytest

from lutdla.backends.core_verilog import core_verilog
from lutdla.errors import ToolError
from lutdla_hdl.synthesis import synthesize
from lutdla_overlay.ip.ultra_ram import ATTRIBUTE, in_ultra_ram
from tests.overlay.ip.cores import CORES
from tests.strategies import TINY


@pytest.mark.parametrize(("name", "memories"), [
    ("tiny", [f"bank{bank}_store_column0" for bank in range(4)]),
    ("128 bits", [f"bank{bank}_store_column0" for bank in range(4)]),
    ("tail and deep bank", ["bank0_store_column0", *(f"bank{bank}_column0_head" for bank in (1, 2, 3))]),
    ("two beats a row", [f"bank{bank}_store_column{beat}" for bank in range(4) for beat in range(2)]),
])  # fmt: skip
def test_the_memories_of_table_banks_are_marked(name, memories):
    text = core_verilog(CORES[name]).read_text()
    marked = in_ultra_ram(CORES[name], text)
    pattern = r'^\(\* ram_style = "ultra" \*\) reg \[\d+:0\] datapath_lookup_(\w+)_mem \[0:'
    assert re.findall(pattern, marked, re.MULTILINE) == memories
    assert marked.replace(f"{ATTRIBUTE} ", "") == text


def test_verilog_of_other_banks_is_refused():
    text, other = core_verilog(TINY).read_text(), replace(TINY, ports=3)
    with pytest.raises(ToolError, match=r"^4 memories of table banks found in the Verilog, \(v=2 .* has 6: convert"):
        in_ultra_ram(other, text)
    with pytest.raises(ToolError, match=r"^0 memories of table banks"):
        in_ultra_ram(TINY, text.replace("datapath_lookup_bank", "datapath_banks_bank"))


def test_yosys_puts_exactly_the_marked_memories_into_ultra_ram(packaged, tmp_path):
    """They are far too small for that: only the attribute makes it so, and bank 3 loses its own."""
    text = packaged(CORES["tail and deep bank"], ultra_ram=True)["hdl/lutdla_core.v"]
    mark = re.compile(rf"{re.escape(ATTRIBUTE)} (?=reg \[\d+:0\] datapath_lookup_bank3_)")
    (tmp_path / "core.v").write_text(mark.sub("", text))
    cells = synthesize(tmp_path / "core.v", family="xcup", netlist=tmp_path / "netlist.v", timeout_s=250)
    pattern = r"^  URAM288 #\(\n(?:    .*\n)*?  \) \\datapath_lookup_(\S+?)_mem\."
    held = re.findall(pattern, (tmp_path / "netlist.v").read_text(), re.MULTILINE)
    assert held == ["bank0_store_column0", "bank1_column0_head", "bank2_column0_head"]
    assert cells["URAM288"] == len(held)
