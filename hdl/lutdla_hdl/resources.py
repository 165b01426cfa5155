"""Cells of a netlist, counted as the resources of a Xilinx part."""

from __future__ import annotations

from lutdla.errors import ToolError

LUTRAM = {
    "RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32X1S": 1, "RAM64X1S": 1,
    "RAM128X1S": 2, "RAM256X1S": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM256X1D": 8, "RAM512X1S": 8, "SRL16E": 1,
    "SRLC32E": 1,
}  # fmt: skip
"""Cell -> lookup tables it takes as memory."""

BLOCK_RAM = ("RAMB36E1", "RAMB18E1", "RAMB36E2", "RAMB18E2", "URAM288")
"""Cells of block RAM and UltraRAM."""


def resources(cells: dict[str, int]) -> dict[str, float]:
    """Resources of a netlist (`lutdla_hdl.synthesis.synthesize`): a RAMB18 counts as half a RAMB36.

    `lut` is logic only, `lutram` what serves as memory or shift register: both take lookup tables of the part.

    Raises:
        ToolError: for a memory cell whose size is not known here: it would not be counted.
    """
    for name in cells:
        if name.startswith(("RAM", "SRL", "URAM")) and name not in (*LUTRAM, *BLOCK_RAM):
            raise ToolError(f"the netlist has cells {name}, whose size is not known: add it to lutdla_hdl.resources")
    return {
        "lut": sum(cells.get(f"LUT{n}", 0) for n in range(1, 7)),
        "lutram": sum(cells.get(cell, 0) * luts for cell, luts in LUTRAM.items()),
        "ff": sum(count for cell, count in cells.items() if cell in ("FDRE", "FDSE", "FDCE", "FDPE")),
        "ramb36": sum(cells.get(f"RAMB36E{n}", 0) + cells.get(f"RAMB18E{n}", 0) / 2 for n in (1, 2)),
        "uram": cells.get("URAM288", 0),
        "dsp": sum(cells.get(f"DSP48E{n}", 0) for n in (1, 2)),
        "inverters": cells.get("INV", 0),
    }
