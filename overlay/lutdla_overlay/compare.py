"""A real hwh against the predicted one: what the driver was tested with must be what was built."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from lutdla.errors import ToolError
from lutdla_overlay.design import Design

CLOCK_TOLERANCE = 0.002
"""A clock may differ by this part of it: crystals have names like 33.333 MHz."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as predicted; `found` is empty where it is missing."""

    what: str
    predicted: str
    found: str


def compare(predicted: str, real: str, design: Design) -> list[Difference]:
    """What differs between the predicted hwh and a real one, in what a driver or a user relies on.

    Compared: the part, every IP and what kind it is, the parameters that the design sets or predicts, registers and
    their fields, buses, wires, addresses. Not compared: versions of AMD's IP, parameters that nobody asked for,
    the size of memory that only a board file knows.

    Raises:
        ToolError: the real one is no hwh.
    """
    try:
        found = ET.fromstring(real)
    except ET.ParseError as error:
        raise ToolError(f"the hwh is no XML ({error}): run the step export again") from error
    if found.tag != "EDKSYSTEM":
        raise ToolError(f"this is no hwh: its root is {found.tag}, not EDKSYSTEM")
    wanted = ET.fromstring(predicted)
    one, two = _facts(wanted, design), _facts(found, design)
    return [Difference(what, one.get(what, ""), two.get(what, "")) for what in sorted(one.keys() | two.keys())
            if not _same(what, one.get(what), two.get(what))]


def _same(what: str, one: str | None, two: str | None) -> bool:
    if one == two:
        return True
    if one is None or two is None:
        return False
    try:
        a, b = float(one), float(two)
    except ValueError:
        return False
    return abs(a - b) <= (CLOCK_TOLERANCE * abs(a) if "MHZ" in what or "MHz" in what else 0)


def _facts(root: ET.Element, design: Design) -> dict[str, str]:
    """What of a hwh matters: name of a fact -> value."""
    system = root.find("SYSTEMINFO")
    names = ("DEVICE", "PACKAGE", "SPEEDGRADE")
    facts = {f"part {name}": ("" if system is None else system.get(name, "")).lower() for name in names}
    cells = {cell.name: cell for cell in design.cells}
    for module in root.iter("MODULE"):
        name = module.get("INSTANCE", "")
        if name not in cells:
            facts[f"IP {name}"] = module.get("VLNV", "")
            continue
        kind = module.get("VLNV", "").rpartition(":")[0]
        facts[f"IP {name}"] = cells[name].ip if kind == cells[name].instead else kind
        asked = cells[name].parameters | cells[name].predicted
        parameters = {p.get("NAME", ""): p.get("VALUE", "") for p in module.iter("PARAMETER")}
        facts |= {f"{name} {parameter}": parameters[parameter] for parameter in asked if parameter in parameters}
        facts |= _registers(module, name) if name == "lutdla" else {}
        facts |= _addresses(module, design)
        facts |= _buses(module, name)
    facts |= _wires(root, design)
    return _with_clock(facts, design)


def _with_clock(facts: dict[str, str], design: Design) -> dict[str, str]:
    """Replace the clock's two divisors by the frequency that they make of the board's IO PLL: only that matters.

    Vivado may think of another IO PLL than the board's image sets, which would make another clock.
    """
    for name in [name for name in facts if "DIVISOR" in name and not any(f"{c}0_" in name for c in ("FCLK", "PL"))]:
        del facts[name]  # clocks that are off
    found = [name for name in facts if "DIVISOR" in name]
    product = 1.0
    for name in found:
        product *= float(facts.pop(name) or 0)
    if found and product:
        facts["ps clock on the board, MHz"] = f"{design.board.ps.io_pll_mhz / product:.4f}"
    return {name: value for name, value in facts.items()
            if not any(f"FPGA{i}_PER" in name or f"FCLK{i}_PER" in name or f"PL{i}_REF" in name for i in (1, 2, 3))}


def _registers(module: ET.Element, name: str) -> dict[str, str]:
    facts = {}
    for register in module.iter("REGISTER"):
        values = {p.get("NAME"): p.get("VALUE", "") for p in register.findall("PROPERTY")}
        key = f"{name} register {register.get('NAME')}"
        facts[key] = f"offset {int(values.get('ADDRESS_OFFSET', '0'), 0)}, {values.get('ACCESS', '')}"
        for field in register.iter("FIELD"):
            bits = {p.get("NAME"): p.get("VALUE", "") for p in field.findall("PROPERTY")}
            facts[f"{key}.{field.get('NAME')}"] = f"bit {bits.get('BIT_OFFSET')}, width {bits.get('BIT_WIDTH')}"
    return facts


def _addresses(module: ET.Element, design: Design) -> dict[str, str]:
    memory = {(a.space.split("/")[0], a.master, a.segment.rpartition("/")[2]): a for a in design.addresses if a.memory}
    facts = {}
    for entry in module.iter("MEMRANGE"):
        block, owner = entry.get("ADDRESSBLOCK", ""), module.get("INSTANCE", "")
        master = entry.get("MASTERBUSINTERFACE", "")
        base, high = int(entry.get("BASEVALUE", "0"), 0), int(entry.get("HIGHVALUE", "0"), 0)
        key = f"address of {entry.get('INSTANCE')}/{entry.get('SLAVEBUSINTERFACE')} for {owner}/{master}"
        known = memory.get((owner, master, block))
        if known is not None and known.optional:
            continue
        facts[f"{key}, {block}" if known else key] = f"0x{base:X}" if known else f"0x{base:X}..0x{high:X}"
    return facts


def _buses(module: ET.Element, name: str) -> dict[str, str]:
    """Bus by bus, which interface of the cell is on it; both ends name it alike."""
    facts = {}
    for interface in module.iter("BUSINTERFACE"):
        bus = interface.get("BUSNAME", "")
        if bus and not bus.startswith("__NOC__"):
            facts[f"bus of {name}/{interface.get('NAME')}"] = bus
    return facts


def _wires(root: ET.Element, design: Design) -> dict[str, str]:
    """For each pin that the design drives, the pin that drives it; nets have names of Vivado's choice."""
    wanted = {sink for net in design.nets for sink in net.sinks}
    drivers: dict[str, str] = {}
    pins: dict[str, str] = {}
    for module in root.iter("MODULE"):
        for port in module.iter("PORT"):
            net, pin = port.get("SIGNAME", ""), f"{module.get('INSTANCE')}/{port.get('NAME')}"
            if net and port.get("DIR") == "O":
                drivers[net] = pin
            elif net and pin in wanted:
                pins[pin] = net
    return {f"wire to {pin}": drivers.get(net, net) for pin, net in pins.items()}
