"""`lutdla inspect`: a compiled network, its memories and what its layers cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutdla.cli._figures import HELP, console_beside, write_figures


def command(
    model: Annotated[Path, typer.Argument(help="Artefact or pipeline, as it was written.")],
    regions: Annotated[bool, typer.Option("--regions", help="Also list the places of all maps and tables.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Draw a compiled network, how full it makes the core's memories, and what each layer costs."""
    from lutdla.inspection import inspect_artefact
    from lutdla.inspection.terminal import show
    from lutdla.spec.pipeline import Pipeline, load_model

    found = load_model(model)
    console = console_beside(json_file, highlight=False)
    if not isinstance(found, Pipeline):
        one = inspect_artefact(found)
        show(str(model), one, console, regions)
        write_figures(json_file, one.figures())
        return
    parts = {name: inspect_artefact(part) for name, part in found.parts.items()}
    console.print(f"{model}: a pipeline of {len(found.steps)} steps, {len(parts)} of its parts on the accelerator, "
                  f"{found.host_bytes:,} bytes of weights on the host", markup=False)
    for name, part in parts.items():
        show(f"part {name}", part, console, regions)
    write_figures(json_file, {"steps": [f"{step.name}: {step.op}" for step in found.steps],
                              "host_bytes": found.host_bytes,
                              "parts": {name: part.figures() for name, part in parts.items()}})
