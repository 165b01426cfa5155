"""Builds for tests: the stand-in takes Vivado's place."""

import os
import subprocess
from pathlib import Path

from lutdla_overlay.archive import take_overlay
from lutdla_overlay.compare import compare
from lutdla_overlay.hwh import hwh
from lutdla_overlay.plan import plan_design
from lutdla_overlay.vivado import run_step

VIVADO = Path(__file__).parent / "vivado" / "vivado"


def build(plan, folder):
    """Run all steps; the outcomes, and the overlay."""
    plan.write(folder)
    outcomes = [run_step(step, folder, VIVADO, timeout_s=60) for step in plan.steps]
    return outcomes, take_overlay(plan, folder)


def is_caught(plan, design, folder, verilog):
    """Whether a build of another design than the plan's fails, or gives a hwh that is not the plan's."""
    other = plan_design(design, plan.config, plan.clock_mhz, verilog)
    other.write(folder)
    done = subprocess.run(
        [str(VIVADO), "-mode", "batch", "-nojournal", "-notrace", "-log", "logs/all.log", "-source", "tcl/all.tcl"],
        cwd=folder, capture_output=True, text=True, timeout=120, env=os.environ, check=False,
    )  # fmt: skip
    if done.returncode:
        return True
    return bool(compare(hwh(plan.design), take_overlay(other, folder).hwh.read_text(), plan.design))
