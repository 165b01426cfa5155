"""Projects, properties, files, the catalogue."""

import fnmatch
import os
import pickle
from pathlib import Path

from tests.overlay.standin.arguments import Signature, VivadoError
from tests.overlay.standin.catalogue import DEFINITIONS
from tests.overlay.standin.model import Design
from tests.overlay.standin.processors import BOARDS, ZYNQ, ZYNQMP, derived
from tests.overlay.standin.repository import read
from tests.overlay.standin.session import Project

COMMANDS = {}


def command(**signature):
    """A command of this name; its function gets session, options and plain arguments."""

    def add(function):
        COMMANDS[function.__name__.replace("__", "::")] = (Signature(**signature), function)
        return function

    return add


@command(flags="short")
def version(session, options, plain):
    return session.version


def _board_parts():
    if os.environ.get("STANDIN_BOARDS", "1") == "0":
        return []
    return [f"{name}:{newest}" for name, (newest, *_) in BOARDS.items()]


@command(most=1)
def get_parts(session, options, plain):
    parts = sorted({part for _, part, _ in BOARDS.values()})
    return tuple(part for part in parts if fnmatch.fnmatchcase(part, plain[0] if plain else "*"))


@command(most=1, flags="latest_file_version")
def get_board_parts(session, options, plain):
    return tuple(part for part in _board_parts() if fnmatch.fnmatchcase(part, plain[0] if plain else "*"))


@command(least=1, most=2, flags="force in_memory", values="part")
def create_project(session, options, plain):
    part = options.get("part", "xc7k70tfbv676-1")
    if not get_parts(session, {}, [part]):
        raise VivadoError(f"[Coretcl 2-106] Specified part could not be found: {part}")
    folder = Path(plain[1] if len(plain) > 1 else ".").resolve()
    if folder.exists() and any(folder.iterdir()) and not options.get("force"):
        raise VivadoError(f"[Project 1-161] Failed to create project: {folder} is not empty, use -force")
    folder.mkdir(parents=True, exist_ok=True)
    session.project = Project(plain[0], folder, part)
    session.project.save()
    session.catalogue = dict(DEFINITIONS)
    return plain[0]


@command(least=1, most=1)
def open_project(session, options, plain):
    path = Path(plain[0])
    if not path.is_file():
        raise VivadoError(f"[Common 17-69] Command failed: Project file not found: {path}")
    session.project = pickle.loads(path.read_bytes())
    session.catalogue = dict(DEFINITIONS)
    return session.project.name


@command()
def close_project(session, options, plain):
    session.need_project().save()
    session.project, session.opened_run = None, ""
    return ""


@command()
def current_project(session, options, plain):
    return session.need_project().name


@command()
def current_fileset(session, options, plain):
    session.need_project()
    return "sources_1"


@command(flags="rebuild")
def update_ip_catalog(session, options, plain):
    for folder in session.need_project().repositories:
        if not Path(folder).is_dir():
            raise VivadoError(f"[IP_Flow 19-3656] the IP repository '{folder}' does not exist")
        session.catalogue |= read(folder)
    return ""


@command(most=1, flags="all")
def get_ipdefs(session, options, plain):
    session.need_project()
    names = [f"{name}:{entry.version}" for name, entry in session.catalogue.items() if not entry.inline]
    if os.environ.get("STANDIN_XLCONCAT") == "0":
        names = [name for name in names if ":xlconcat:" not in name]
    return tuple(name for name in names if fnmatch.fnmatchcase(name, plain[0] if plain else "*"))


# -- properties ----------------------------------------------------------------------------------------------------
def _cell(session, handle):
    design = session.project.design if session.project else None
    return design.cells.get(handle.lstrip("/")) if isinstance(design, Design) else None


@command(least=1, most=3, values="dict")
def set_property(session, options, plain):
    if "dict" in options:
        pairs, handles = options["dict"], plain
        words = session.split(pairs)
        changes = dict(zip(words[::2], words[1::2], strict=True))
    else:
        if len(plain) < 3:
            raise VivadoError("[Common 17-163] Missing value for a required argument")
        changes, handles = {plain[0]: plain[1]}, plain[2:]
    for handle in session.split(handles[0]) if handles else ():
        cell = _cell(session, handle)
        for name, value in changes.items():
            if cell is not None:
                _set_parameter(session, cell, name, value)
            else:
                _set_other(session, handle, name, value)
    if not handles or not session.split(handles[0]):
        raise VivadoError("[Common 17-55] 'set_property' expects at least one object.")
    return ""


def _set_parameter(session, cell, name, value):
    parameter = name.removeprefix("CONFIG.")
    if not name.startswith("CONFIG.") or parameter not in cell.parameters or parameter in ("high_mib", "io_pll"):
        raise VivadoError(f"[Common 17-54] The object 'bd_cell:/{cell.name}' does not have a property '{name}'.")
    allowed = cell.definition.allowed.get(parameter)
    if allowed is not None and value not in allowed:
        raise VivadoError(f"[IP_Flow 19-3461] Value '{value}' is out of the range for parameter '{parameter}' of "
                          f"/{cell.name}. Valid values are - {', '.join(sorted(allowed))}")
    cell.parameters[parameter] = value
    session.project.design.validated = False


def _set_other(session, handle, name, value):
    project = session.need_project()
    if handle == project.name and name == "board_part":
        if value not in _board_parts():
            raise VivadoError(f"[Board 49-71] The board_part definition was not found for {value}.")
        if BOARDS[value.rpartition(":")[0]][1] != project.part:
            raise VivadoError(f"[Board 49-67] board_part {value} is not of part {project.part}")
        project.board_part = value
    elif handle == project.name and name == "ip_repo_paths":
        project.repositories = list(session.split(value))
    elif handle == "sources_1" and name == "top":
        if value not in [Path(file).stem for file in project.files]:
            raise VivadoError(f"[filemgmt 20-1440] top module {value} is not in the file set")
        project.top = value
    else:
        raise VivadoError(f"[Common 17-54] The object '{handle}' does not have a property '{name}'.")


@command(least=2, most=2)
def get_property(session, options, plain):
    name, handle = plain
    cell, project = _cell(session, handle), session.project
    if cell is not None and name.startswith("CONFIG."):
        found = dict(cell.parameters)
        if cell.ip in (ZYNQ, ZYNQMP):
            found |= derived(cell.ip, cell.parameters)
        if name[7:] in found:
            return found[name[7:]]
    design = project.design if project else None
    segments = design.names("segments") if design else {}
    if handle.lstrip("/") in segments and name == "RANGE":
        return f"0x{segments[handle.lstrip('/')].size:X}"
    run = project.runs.get(handle) if project else None
    values = {} if run is None else {"STATUS": run.status, "PROGRESS": run.progress,
                                     "DIRECTORY": str(project.folder / f"{project.name}.runs" / run.name)}  # fmt: skip
    if name == "VLNV" and handle.rpartition(":")[0] in session.catalogue:
        values["VLNV"] = handle
    if handle.startswith("path:") and name == "SLACK":
        values["SLACK"] = handle[5:]
    if name not in values:
        raise VivadoError(f"[Common 17-54] The object '{handle}' does not have a property '{name}'.")
    return values[name]


# -- files ---------------------------------------------------------------------------------------------------------
@command(least=1, most=1)
def get_files(session, options, plain):
    project = session.need_project()
    known = list(project.files) + ([str(_bd(project))] if project.design and project.design.saved else [])
    return tuple(file for file in known if fnmatch.fnmatchcase(Path(file).name, plain[0]))


def _bd(project):
    return project.folder / f"{project.name}.srcs/sources_1/bd/{project.design.name}/{project.design.name}.bd"


@command(least=1, most=1, flags="norecurse", values="fileset")
def add_files(session, options, plain):
    for file in session.split(plain[0]):
        if not Path(file).is_file():
            raise VivadoError(f"[Common 17-161] Invalid option value '{file}' specified for 'files': no such file")
        session.need_project().files.append(file)
    return ""


@command(values="fileset")
def update_compile_order(session, options, plain):
    session.need_project()
    return ""


@command(flags="top", values="files")
def make_wrapper(session, options, plain):
    project, design = session.need_project(), session.need_design()
    if options.get("files") != str(_bd(project)) or not design.validated:
        raise VivadoError("[BD 41-1665] make_wrapper needs the file of a block design that is validated and saved")
    gen = "gen" if session.version >= "2020.2" else "srcs"
    file = project.folder / f"{project.name}.{gen}/sources_1/bd/{design.name}/hdl/{design.name}_wrapper.v"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"module {design.name}_wrapper;\nendmodule\n")
    return str(file)


@command(least=2, most=2)
def generate_target(session, options, plain):
    project = session.need_project()
    if plain[0] != "all" or plain[1] != str(_bd(project)):
        raise VivadoError(f"[Vivado 12-818] No files matched '{plain[1]}'")
    project.targets = True
    return ""


@command(least=1, most=1)
def create_bd_design(session, options, plain):
    session.need_project().design = Design(plain[0])
    return plain[0]
