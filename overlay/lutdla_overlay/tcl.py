"""Tcl for Vivado, rendered from a `Design`: one script for each step of a build."""

from __future__ import annotations

from lutdla_overlay.block_design import PS
from lutdla_overlay.design import Design
from lutdla_overlay.rendering import render

STEPS = ("project", "synthesis", "implementation", "export")
"""Steps that Vivado does, in order; `templates/N_STEP.tcl.j2` is the script of each."""


def script_name(step: str) -> str:
    """File of a step's script."""
    return f"{STEPS.index(step) + 1}_{step}.tcl"


def render_step(step: str, design: Design, digest: str) -> str:
    """The script of a step.

    Args:
        step: one of `STEPS`.
        design: the block design.
        digest: what the script writes when it is done.
    """
    vendor, name, kind, _ = design.board.board_part.split(":")
    return render(
        script_name(step) + ".j2", design=design, digest=digest, step=step, ps_name=PS,
        board_pattern=f"{vendor}:{name}:{kind}:*",
    )  # fmt: skip


def render_common() -> str:
    """What all scripts use."""
    return render("common.tcl.j2")


def render_all() -> str:
    """A script that runs all steps."""
    return render("all.tcl.j2", scripts=[script_name(step) for step in STEPS])
