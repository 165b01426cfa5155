"""Builds for tests: the stand-in takes Vivado's place."""

import os
import subprocess
from pathlib import Path

from lutdla_overlay.archive import take_overlay
from lutdla_overlay.compare import compare
from lutdla_overlay.hwh import hwh
from lutdla_overlay.plan import plan_design
from lutdla_overlay.vivado import run_step

VIVADO = Path(__file__).parent / "standin" / "vivado"


def build(plan, folder):
    """Run all steps; the outcomes, and the overlay."""
    plan.write(folder)
    outcomes = [run_step(step, folder, VIVADO, timeout_s=60) for step in plan.steps]
    return outcomes, take_overlay(plan, folder)


def is_caught(plan, design, folder, verilog):
    """Whether a build of another design than the plan's fails, or gives a hwh that is not the plan's.

    A board file may bring what is missing, the interfaces that leave the device: then the build without one must fail.
    """
    other = plan_design(design, verilog)
    other.write(folder)
    if _run_all(folder, board_files=True):
        return True
    if compare(hwh(plan.design), take_overlay(other, folder).hwh.read_text(), plan.design):
        return True
    return bool(_run_all(folder, board_files=False))


def _run_all(folder, board_files):
    """Exit status of all steps in one go."""
    words = ["-mode", "batch", "-nojournal", "-notrace", "-log", "logs/all.log", "-source", "tcl/all.tcl"]
    environment = {**os.environ, "STANDIN_BOARDS": str(int(board_files))}
    done = subprocess.run([VIVADO, *words], cwd=folder, capture_output=True, timeout=120, env=environment, check=False)
    return done.returncode
