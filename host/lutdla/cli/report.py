"""`lutdla report`: a compiled network as a page: accuracy and where it was lost, cycles, codebooks, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lutdla.cli._figures import HELP, console_beside, write_figures


def command(
    model: Annotated[Path, typer.Argument(help="Artefact, as the compiler writes it.")],
    data: Annotated[str | None, typer.Option(help="Data set whose test side runs, or a .npz file with arrays inputs "
                                                  "and labels. Otherwise that of a recipe in --model.")] = None,
    dense: Annotated[str | None, typer.Option("--model", help="The dense network it was made of: a .pt2, .onnx or .pt "
                                                              "file, FILE.py:FUNCTION, or a recipe (its dense.pt is "
                                                              "beside MODEL).")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the page goes; otherwise MODEL.html "
                                                                       "beside MODEL.")] = None,
    sample: Annotated[int, typer.Option(min=1, help="Inputs that are looked at inside, of those that run.")] = 256,
    rtl: Annotated[bool | None, typer.Option("--rtl/--no-rtl", help="Count cycles on the Verilated core; otherwise "
                                                                    "only where it is built already.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Report on a compiled network: accuracy, cycles, codebooks, tables, and where it leaves the dense network.

    The page is one file that opens without a network.
    """
    from lutdla.cli.run import write_to
    from lutdla.errors import InputError
    from lutdla.report import make_report, write_page
    from lutdla.report.cycles import is_at_hand
    from lutdla.report.examples import fitted, read_examples
    from lutdla.report.findings import findings
    from lutdla.spec.pipeline import Pipeline, load_model

    artefact = load_model(model)
    if isinstance(artefact, Pipeline):
        raise InputError(f"{model}: is a pipeline, a report takes one artefact: `lutdla inspect` shows its parts")
    console = console_beside(json_file, highlight=False, markup=False, soft_wrap=True)
    network, examples = None, None
    with console.status("reading"):
        if dense is not None:
            from lutdla.report.dense import read_dense

            network, examples = read_dense(dense, model)
        if data is not None:
            examples = read_examples(data, artefact)
        elif examples is not None:
            examples = fitted(examples, artefact)
        if network is not None and examples is None:
            raise InputError(f"--model {dense} is compared on examples: name some with --data")
    with console.status("running"):
        report = make_report(model, artefact, examples, network, sample=sample,
                             counting=is_at_hand(artefact) if rtl is None else rtl)
    page = write_to(model.with_suffix(".html") if output is None else output)
    write_page(page, report)
    for line in findings(report):
        console.print(f"- {line}")
    console.print(f"report: {page}")
    write_figures(json_file, report.figures())
