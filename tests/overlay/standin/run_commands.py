"""Runs, reports, and what comes out."""

import os
from pathlib import Path

from tests.overlay.standin.arguments import VivadoError
from tests.overlay.standin.handoff import write_archive
from tests.overlay.standin.project_commands import command

_DONE = {"synth_1": "synth_design Complete!", "impl_1": "route_design Complete!"}


@command(most=1)
def get_runs(session, options, plain):
    return tuple(name for name in session.need_project().runs if not plain or name == plain[0])


def _run(session, name):
    run = session.need_project().runs.get(name)
    if run is None:
        raise VivadoError(f"[Vivado 12-818] No runs matched '{name}'")
    return run


@command(least=1, most=1)
def reset_run(session, options, plain):
    run = _run(session, plain[0])
    run.status, run.progress, run.step = "Not started", "0%", ""
    return ""


@command(least=1, most=1, flags="force", values="jobs to_step")
def launch_runs(session, options, plain):
    project, run = session.need_project(), _run(session, plain[0])
    if not project.top or not project.targets:
        raise VivadoError("[Project 1-69] launch_runs: no top module is set, or the block design was not generated")
    if run.name == "impl_1" and project.runs["synth_1"].progress != "100%":
        raise VivadoError("[Vivado 12-1017] launch_runs: synth_1 is not complete")
    if run.progress == "100%" and "to_step" not in options:
        raise VivadoError(f"[Vivado 12-106] run {run.name} needs to be reset before launching")
    if options.get("to_step", "write_bitstream") != "write_bitstream":
        raise VivadoError(f"[Vivado 12-107] run {run.name} has no step {options['to_step']}")
    folder = project.folder / f"{project.name}.runs" / run.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "runme.log").write_text("log of the run\n")
    failed = os.environ.get("STANDIN_FAIL") == f"launch_runs:{run.name}"
    done = "write_bitstream Complete!" if "to_step" in options else _DONE[run.name]
    run.step, run.status, run.progress = done, "Running", "50%"
    if failed:
        run.step = ("synth_design" if run.name == "synth_1" else "place_design") + " ERROR"
    project.save()
    return ""


@command(least=1, most=1, values="timeout")
def wait_on_run(session, options, plain):
    run = _run(session, plain[0])
    if run.status == "Running":
        run.status, run.progress = run.step, "50%" if "ERROR" in run.step else "100%"
    session.need_project().save()
    return ""


@command(least=1, most=1, values="name")
def open_run(session, options, plain):
    run = _run(session, plain[0])
    if run.progress != "100%":
        raise VivadoError(f"[Common 17-69] Command failed: Run '{run.name}' has not completed")
    session.opened_run = run.name
    return run.name


def _report(session, options):
    if not session.opened_run:
        raise VivadoError("[Common 17-53] User Exception: No open design. Please open an elaborated, synthesized or "
                          "implemented design before executing this command.")
    if "file" in options:
        Path(options["file"]).write_text("report of the stand-in\n")
    return ""


@command(values="file", flags="hierarchical")
def report_utilization(session, options, plain):
    return _report(session, options)


@command(values="file max_paths")
def report_timing_summary(session, options, plain):
    return _report(session, options)


@command(values="file")
def report_drc(session, options, plain):
    return _report(session, options)


@command(values="file")
def report_power(session, options, plain):
    return _report(session, options)


@command(flags="setup hold", values="max_paths nworst delay_type")
def get_timing_paths(session, options, plain):
    _report(session, {})
    slack = "0.050" if options.get("hold") else os.environ.get("STANDIN_WNS", "0.250")
    return (f"path:{slack}",)


@command(most=1, flags="fixed include_bit force", values="file")
def write_hw_platform(session, options, plain):
    project = session.need_project()
    run = project.runs["impl_1"]
    if "include_bit" in options and run.status != "write_bitstream Complete!":
        raise VivadoError("[Common 17-70] Application Exception: Unable to get BIT file from implementation run")
    path = Path(options.get("file") or plain[0])
    if path.exists() and "force" not in options:
        raise VivadoError(f"[Common 17-176] {path} exists already, use -force")
    write_archive(path, project, session)
    return str(path)
