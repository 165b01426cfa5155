"""Utilization tables as Vivado writes them, of any figures."""

HEAD = """\
| Tool Version : Vivado v.{version} (lin64) Build 1
| Command      : report_utilization -file x.rpt
| Design       : {design}
| Device       : {device}
| Design State : {state}

Utilization Design Information
"""


def utilization(rows, prohibited, version="2022.2", design="lutdla_wrapper", device="xc7z020clg400-1", state="Routed"):
    """A report of one table. `rows`: name, used, available."""
    columns = ["Site Type", "Used", "Fixed", *(["Prohibited"] if prohibited else []), "Available", "Util%"]
    cells = [[name, f"{used:g}" if used % 1 else f"{used:.0f}", *["0"] * (1 + prohibited), str(available),
              _percent(used, available)] for name, used, available in rows]
    widths = [max(len(row[at]) for row in [columns, *cells]) for at in range(len(columns))]
    line = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    body = ["| " + " | ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in
                                                          zip(row[1:], widths[1:]))]) + " |" for row in cells]
    header = "| " + " | ".join(name.center(width) for name, width in zip(columns, widths)) + " |"
    head = HEAD.format(version=version, design=design, device=device, state=state)
    return "\n".join([head, "1. Logic", "--------", "", line, header, line, *body, line, ""])


def rows(family, lut, lutram, ff, ramb36, ramb18, uram, dsp):
    """The rows that count, in the names of a family."""
    site = "Slice" if family == "xc7" else "CLB"
    return [(f"{site} LUTs", lut + lutram, 230400), ("  LUT as Logic", lut, 230400),
            ("  LUT as Memory", lutram, 101760), (f"{site} Registers", ff, 460800),
            ("Block RAM Tile", ramb36 + ramb18 / 2, 312), ("  RAMB36/FIFO*", ramb36, 312), ("  RAMB18", ramb18, 624),
            *([] if family == "xc7" else [("URAM", uram, 96)]), ("DSPs", dsp, 1728)]  # fmt: skip


def _percent(used, available):
    share = 100 * used / available
    return "<0.01" if 0 < share < 0.01 else f"{share:.2f}"
