"""Commands of the block design."""

import os

from tests.overlay.standin.arguments import VivadoError
from tests.overlay.standin.model import Cell, propagate
from tests.overlay.standin.processors import BOARDS, ZYNQ, ZYNQMP, preset
from tests.overlay.standin.project_commands import _bd, command


@command(least=1, most=1, values="type vlnv")
def create_bd_cell(session, options, plain):
    design, name = session.need_design(), plain[0]
    vlnv, kind = options.get("vlnv", ""), options.get("type", "")
    ip = ":".join(vlnv.split(":")[:3])
    entry = session.catalogue.get(ip)
    if entry is not None and (entry.inline != (kind == "inline_hdl") or kind not in ("ip", "inline_hdl")):
        raise VivadoError(f"[BD 5-216] {ip} cannot be created with -type {kind or '(none)'}")
    if entry is None or (len(vlnv.split(":")) > 3 and vlnv.split(":")[3] != entry.version):
        raise VivadoError(f"[BD 5-216] VLNV <{vlnv}> is not supported for the current part.")
    if name in design.cells:
        raise VivadoError(f"[BD 5-233] A cell of the name {name} exists already")
    design.cells[name] = Cell(name, ip, entry, dict(entry.parameters))
    return f"/{name}"


def _found(session, what, plain):
    patterns = plain or ["*"]
    return tuple(f"/{name}" for pattern in patterns for name in session.need_design().find(what, pattern))


@command(most=1)
def get_bd_cells(session, options, plain):
    names = session.need_design().cells
    return tuple(f"/{name}" for name in names if not plain or plain[0].lstrip("/") in (name, "*"))


@command(most=1)
def get_bd_pins(session, options, plain):
    return _found(session, "pins", plain)


@command(most=1)
def get_bd_intf_pins(session, options, plain):
    return _found(session, "interfaces", plain)


@command(most=1)
def get_bd_addr_spaces(session, options, plain):
    return _found(session, "spaces", plain)


@command(most=1)
def get_bd_addr_segs(session, options, plain):
    return _found(session, "segments", plain)


@command(most=1)
def get_bd_intf_ports(session, options, plain):
    ports = session.need_design().ports
    return tuple(f"/{name}" for name in ports if not plain or plain[0].lstrip("/") == name)


@command(least=1, most=1, values="mode vlnv")
def create_bd_intf_port(session, options, plain):
    if options.get("mode") not in ("Master", "Slave", "Monitor") or "vlnv" not in options:
        raise VivadoError("[Common 17-163] Missing value for option 'mode' or 'vlnv'")
    session.need_design().ports[plain[0]] = options["vlnv"]
    return f"/{plain[0]}"


@command(least=2, most=99, values="net")
def connect_bd_net(session, options, plain):
    if not all(plain):
        raise VivadoError("[BD 5-106] Arguments to the connect_bd_net command cannot be empty.")
    session.need_design().wire([pin.lstrip("/") for word in plain for pin in session.split(word)])
    return ""


@command(least=2, most=2, values="intf_net")
def connect_bd_intf_net(session, options, plain):
    design = session.need_design()
    ends = [word.lstrip("/") for word in plain]
    known = design.names("interfaces")
    for end in ends:
        if end not in known and end not in design.ports:
            raise VivadoError(f"[BD 5-106] Arguments to the connect_bd_intf_net command cannot be empty: {end}")
    design.link(*ends)
    return ""


@command(least=1, most=1, values="rule config")
def apply_bd_automation(session, options, plain):
    design, project = session.need_design(), session.need_project()
    cell = design.cells.get(plain[0].lstrip("/"))
    rules = {"xilinx.com:bd_rule:processing_system7": ZYNQ, "xilinx.com:bd_rule:zynq_ultra_ps_e": ZYNQMP}
    rule = options.get("rule")
    if cell is None or rules.get(rule) != cell.ip:
        raise VivadoError(f"[BD 5-145] Automation rule {rule} was not found for {plain[0]}")
    words = session.split(options.get("config", ""))
    config = dict(zip(words[::2], words[1::2], strict=True))
    known = {"make_external", "apply_board_preset", "Master", "Slave"} if cell.ip == ZYNQ else {"apply_board_preset"}
    if unknown := set(config) - known:
        raise VivadoError(f"[BD 5-146] Automation rule {rule} has no option {min(unknown)}")
    if config.get("apply_board_preset") == "1" and project.board_part:
        cell.parameters |= preset(cell.ip, BOARDS[project.board_part.rpartition(":")[0]][2])
    for name in config.get("make_external", "").replace(",", " ").split():
        design.ports[name] = cell.shape.interfaces[name].vlnv
        design.link(f"{cell.name}/{name}", name)
    return ""


@command(most=1, flags="force", values="offset range target_address_space")
def assign_bd_address(session, options, plain):
    design = session.need_design()
    if not plain or not {"offset", "range", "target_address_space"} <= set(options):
        raise VivadoError("[BD 41-1051] this stand-in assigns one segment at a time, with offset, range and space")
    size = options["range"]
    unit = {"K": 10, "M": 20, "G": 30}.get(size[-1].upper(), 0)
    nbytes = int(size[:-1]) << unit if unit else int(size, 0)
    space, segment = options["target_address_space"].lstrip("/"), plain[0].lstrip("/")
    design.place(space, segment, int(options["offset"], 0), nbytes)
    return f"/{space}/SEG_{segment.replace('/', '_')}"


@command(least=1, most=1, values="target_address_space")
def exclude_bd_addr_seg(session, options, plain):
    design = session.need_design()
    space, segment = options.get("target_address_space", "").lstrip("/"), plain[0].lstrip("/")
    if space not in design.names("spaces") or segment not in design.reached(space):
        raise VivadoError(f"[BD 41-1075] Cannot exclude {segment} from {space}: there is no path to it")
    design.excluded.add((space, segment))
    return ""


@command(flags="force", most=1)
def validate_bd_design(session, options, plain):
    design = session.need_design()
    if os.environ.get("STANDIN_CRITICAL") == "1":
        session.say("CRITICAL WARNING: [PSU-1] Parameter PCW_UIPARAM_DDR_DQS_TO_CLK_DELAY_0 has a negative value")
    propagate(design)
    errors, warnings = design.problems()
    for warning in warnings:
        session.say(f"CRITICAL WARNING: {warning}")
    if errors:
        for error in errors[:-1]:
            session.say(f"ERROR: {error}")
        raise VivadoError(errors[-1])
    design.validated = True
    return ""


@command()
def save_bd_design(session, options, plain):
    design, project = session.need_design(), session.need_project()
    design.saved = True
    path = _bd(project)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("block design")
    return str(path)
