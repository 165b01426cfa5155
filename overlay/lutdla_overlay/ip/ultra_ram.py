"""UltraRAM for the table banks. Vivado takes it only where the Verilog asks for it."""

from __future__ import annotations

import re

from lutdla.errors import ToolError
from lutdla.spec.config import CoreConfig

ATTRIBUTE = '(* ram_style = "ultra" *)'

# Names of the converted core: `store_column` where a bank is one memory, `head` where its last rows (`tail`) are in
# LUT RAM (lutdla_hdl.table_bank).
_TABLE_MEMORY = re.compile(
    r"^(reg (?:\[\d+:0\] )?datapath_lookup_bank\d+_(?:store_column\d+|column\d+_head)_mem \[)", re.MULTILINE
)


def in_ultra_ram(config: CoreConfig, verilog: str) -> str:
    """The core's Verilog with the memories of its table banks marked for UltraRAM; all others stay as they are.

    Raises:
        ToolError: the Verilog has not as many table memories as the configuration.
    """
    marked, count = _TABLE_MEMORY.subn(rf"{ATTRIBUTE} \1", verilog)
    expected = config.banks * config.beats_per_word("table")
    if count != expected:
        raise ToolError(f"{count} memories of table banks found in the Verilog, ({config}) has {expected}: convert "
                        "this configuration, and see whether lutdla_hdl.table_bank still names its memories as "
                        "ultra_ram.py expects")
    return marked
