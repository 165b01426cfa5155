"""Reports of Vivado, read from their text: what a design takes of a part, and how fast it is.

    report_utilization     [-hierarchical]  --> Utilization
    report_timing_summary                   --> Timing

Both families that our boards have: rows of 7-series parts are called "Slice ...", those of UltraScale+ "CLB ...".
Columns are found by their names, because later versions have more of them. What is not understood is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lutdla.errors import InputError
from lutdla.explore.vivado_text import Report

CORE = re.compile(r"(\w+_)?lutdla_(core|ip)(_\d+)*|\w+_lutdla(_\d+)+")
"""Names of modules that are the core: our own, and those that Vivado gives it in a block design. `lutdla`, `lutdla_i`
and `lutdla_wrapper` are none: so our block design is called, with all that is in it."""

INSTANCE = "lutdla"
"""The core's cell in a block design."""

PS_CLOCKS = ("clk_fpga_0", "clk_pl_0")
"""The clock that runs the core, as Vivado calls it in both families."""

PLAIN = {"lut": ("LUT as Logic",), "lutram": ("LUT as Memory",), "ff": ("Slice Registers", "CLB Registers"),
         "ramb36": ("RAMB36/FIFO",), "ramb18": ("RAMB18",), "uram": ("URAM",), "dsp": ("DSPs",)}  # fmt: skip
"""Resource -> its row, in one family or the other."""

HIERARCHICAL = {"lut": ("Logic LUTs",), "lutram": ("LUTRAMs",), "srl": ("SRLs",), "ff": ("FFs",),
                "ramb36": ("RAMB36",), "ramb18": ("RAMB18",), "uram": ("URAM",),
                "dsp": ("DSP Blocks", "DSP48 Blocks")}  # fmt: skip
"""Resource -> its column in a hierarchical report."""

_CLOCK = re.compile(r"^\s*(\S+)\s+\{[^}]*\}\s+([\d.]+)\s+[\d.]+\s*$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIGNED = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Utilization:
    """What a design takes.

    Attributes:
        path: the report.
        tool: "Vivado" and its version.
        device: as the report names it.
        lut, lutram: lookup tables as logic, and as memory or shift register.
        ff, ramb36, uram, dsp: the others; a RAMB18 is half a block RAM.
        of_core: it is the core alone; otherwise DMA, interconnect, interrupt controller and reset are in it.
        implemented: after placing; otherwise after synthesis.
    """

    path: str
    tool: str
    device: str
    lut: int
    lutram: int
    ff: int
    ramb36: float
    uram: int
    dsp: int
    of_core: bool
    implemented: bool


@dataclass(frozen=True)
class Timing:
    """How fast a design is.

    Attributes:
        path, tool, device, implemented: as in `Utilization`; the speed grade is part of the device.
        clock: name of the clock that runs the core.
        clock_mhz: that the design was made for.
        worst_slack_ns, total_slack_ns, failing_endpoints: of setup: WNS, TNS, and how many paths are too slow.
        reachable_mhz: the clock at which the slowest path would just be in time.
        clocks: name and period in ns of every clock.
    """

    path: str
    tool: str
    device: str
    clock: str
    clock_mhz: float
    worst_slack_ns: float
    total_slack_ns: float
    failing_endpoints: int
    reachable_mhz: float
    implemented: bool
    clocks: tuple[tuple[str, float], ...]


def read_report(path: Path) -> Utilization | Timing:
    """Read a report.

    Raises:
        InputError: no such file, no such report, or one that lacks what is needed.
    """
    report = Report(path)
    found = _read(report)
    if found is None:
        report.fail("no utilization or timing report of Vivado: write one with report_utilization -file or "
                    "report_timing_summary -file")
    return found


def read_reports(path: Path) -> list[Utilization | Timing]:
    """A report, or those of a build's folder: the best of each kind. Implementation is better than synthesis, and then
    the core alone better than the whole design; other reports (*.rpt) are left out.

    Raises:
        InputError: as `read_report`; or the folder holds neither kind.
    """
    if not path.is_dir():
        return [read_report(path)]
    found = [report for each in sorted(path.glob("*.rpt")) if (report := _read(Report(each))) is not None]
    areas = [each for each in found if isinstance(each, Utilization)]
    clocks = [each for each in found if isinstance(each, Timing)]
    if not found:
        raise InputError(f"{path}: no utilization or timing report of Vivado (*.rpt) is in this folder: name the "
                         "reports folder of a build")
    best: list[Utilization | Timing] = []
    best += sorted(areas, key=lambda each: (each.implemented, each.of_core))[-1:]
    return best + sorted(clocks, key=lambda each: each.implemented)[-1:]


def _read(report: Report) -> Utilization | Timing | None:
    if any(line.strip() == "| Design Timing Summary" for line in report.lines):
        return _timing(report)
    if "Utilization Design Information" in report.text or "Utilization by Hierarchy" in report.text:
        return _utilization(report)
    return None


# -- utilization -------------------------------------------------------------------------------------------------------
def _utilization(report: Report) -> Utilization:
    tool, device, tables = report.tool, report.entry("Device"), list(report.tables())
    hidden = [row["Ref Name"] for title, row in tables if title == "Black Boxes" and row.get("Ref Name")]
    if hidden:
        report.fail(f"the design has black boxes, whose area is not in it: {', '.join(hidden)}: open the run, then "
                    "write the report")
    instances = [row for _, row in tables if {"Instance", "Module"} <= set(row)]
    if instances:
        cores = [row for row in instances if _is_core(row["Instance"], row["Module"])]
        row, of_core = (cores or instances)[0], bool(cores) or CORE.fullmatch(instances[0]["Instance"]) is not None
        cells, known, what = row, HIERARCHICAL, "column"
    else:
        of_core, known, what = _covers_core(report), PLAIN, "row"
        cells = {}
        for _, row in tables:  # some rows come again further below, for parts of what they count
            if "Site Type" in row and "Used" in row:
                cells.setdefault(row["Site Type"].rstrip("*"), row["Used"])
    amounts = {name: _amount(report, cells, names, what) for name, names in known.items()}
    return Utilization(str(report.path), tool, device, int(amounts["lut"]),
                       int(amounts["lutram"] + amounts.get("srl", 0)), int(amounts["ff"]),
                       amounts["ramb36"] + amounts["ramb18"] / 2, int(amounts["uram"]), int(amounts["dsp"]), of_core,
                       report.implemented)


def _is_core(instance: str, module: str) -> bool:
    return module != "(top)" and (instance == INSTANCE or CORE.fullmatch(module) is not None)


def _covers_core(report: Report) -> bool:
    """Whether a plain report is of the core alone."""
    cells = re.search(r"-(cells|pblocks)\s+(\S+)", report.head.get("Command", ""))
    if cells is None:
        return CORE.fullmatch(report.entry("Design")) is not None
    name = cells[2].removesuffix("/inst").rpartition("/")[2]
    if cells[1] != "cells" or not (name == INSTANCE or CORE.fullmatch(name)):
        report.fail(f"it covers {cells[1]} {cells[2]} alone: write it of the whole design, or with -cells of the core")
    return True


def _amount(report: Report, cells: dict[str, str], names: tuple[str, ...], what: str) -> float:
    name = next((name for name in names if name in cells), None)
    if name is None and names == ("URAM",):  # parts without UltraRAM have no such row in some versions
        return 0.0
    if name is None:
        report.fail(f"there is no {what} {' or '.join(map(repr, names))}: the report is cut off or of a family that we "
                    "do not know, write it again")
    found = _NUMBER.match(cells[name].replace(",", ""))
    if found is None:
        report.fail(f"{name} is {cells[name]!r}: it must be a number")
    return float(found[0])


# -- timing ------------------------------------------------------------------------------------------------------------
def _timing(report: Report) -> Timing:
    tool, device = report.tool, report.entry("Device")
    grade = report.head.get("Speed File", "").split()[:1]
    if grade and not re.search(r"-\d\w*(-\w+)?$", device):
        device += grade[0]
    clocks = dict(_clocks(report))
    if not clocks:
        report.fail("there is no clock in its Clock Summary: constrain the clock, or the report is cut off")
    total = next(report.aligned("Design Timing Summary"), {})
    paths = {row["Clock"]: row for row in report.aligned("Intra Clock Table") if "WNS(ns)" in row}
    if not paths and len(clocks) > 1 and _SIGNED.fullmatch(total.get("WNS(ns)", "")):
        report.fail("its Intra Clock Table is empty: the report is cut off, write it again")
    if len(paths) <= 1:  # all that the design has, recovery of resets as well
        clock, row = next(iter(paths or clocks)), total
    else:
        clock = next((name for name in PS_CLOCKS if name in paths), "")
        if not clock:
            report.fail(f"paths have {len(paths)} clocks, and none is {' or '.join(PS_CLOCKS)}, which would run the "
                        f"core: {', '.join(paths)}: write it of a design with the core's clock alone")
        row = paths[clock]
    slack, lost, failing = (_value(report, row, name) for name in ("WNS(ns)", "TNS(ns)", "TNS Failing Endpoints"))
    period = clocks.get(clock, 0.0)
    if period <= max(0.0, slack):
        report.fail(f"clock {clock} has a period of {period:g} ns, and WNS is {slack:g} ns: the slack must be less")
    return Timing(str(report.path), tool, device, clock, 1000 / period, slack, lost, int(failing),
                  1000 / (period - slack), report.implemented, tuple(clocks.items()))


def _clocks(report: Report) -> Iterator[tuple[str, float]]:
    inside = False
    for line in report.lines:
        if line.startswith("| "):
            inside = line.strip() == "| Clock Summary" or (inside and set(line) <= set("| -"))
        elif inside and (found := _CLOCK.match(line)):
            yield found[1], float(found[2])


def _value(report: Report, row: dict[str, str], name: str) -> float:
    if name not in row:
        report.fail(f"its summary has no {name}: the report is cut off, write it again")
    if _SIGNED.fullmatch(row[name]) is None:
        report.fail(f"{name} is {row[name]!r}: no path has a clock: constrain the clock, then write it again")
    return float(row[name])
