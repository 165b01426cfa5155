"""Cells of a netlist, counted as the resources of a Xilinx part."""

from __future__ import annotations

LUTRAM = {
    "RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32X1S": 1, "RAM64X1S": 1,
    "RAM128X1S": 2, "RAM256X1S": 4, "SRL16E": 1, "SRLC32E": 1,
}  # fmt: skip
"""Cell -> lookup tables it takes as memory."""


def resources(cells: dict[str, int]) -> dict[str, float]:
    """Resources of a netlist (`lutdla_hdl.synthesis.synthesize`): a RAMB18 counts as half a RAMB36.

    `lut` is logic only, `lutram` what serves as memory or shift register: both take lookup tables of the part.
    """
    return {
        "lut": sum(cells.get(f"LUT{n}", 0) for n in range(1, 7)),
        "lutram": sum(cells.get(cell, 0) * luts for cell, luts in LUTRAM.items()),
        "ff": sum(count for cell, count in cells.items() if cell in ("FDRE", "FDSE", "FDCE", "FDPE")),
        "ramb36": cells.get("RAMB36E1", 0) + cells.get("RAMB18E1", 0) / 2,
        "dsp": cells.get("DSP48E1", 0),
        "inverters": cells.get("INV", 0),
    }
