"""`lutdla verify`: every back end against the reference."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from lutdla.backends import BACKENDS
from lutdla.cli._figures import HELP, console_beside, write_figures
from lutdla.errors import LutdlaError

if TYPE_CHECKING:
    from lutdla.verify import Comparison


def command(
    model: Annotated[Path, typer.Argument(help="Artefact, as the compiler writes it.")],
    vectors: Annotated[int, typer.Option(min=1, help="Inputs to compare: edge cases first, then random ones.")] = 100,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
    backend: Annotated[list[str] | None, typer.Option(help="Back end; may be repeated. Default: all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random inputs.")] = 0,
    timeout_s: Annotated[float | None, typer.Option(help="Longest wait for one exchange, in seconds.")] = None,
) -> None:
    """Compare back ends with the reference, bit for bit.

    Exit status 1: a result differs. 2: a back end could not be run.
    """
    from lutdla.cli import EXIT_DIFFERENT, EXIT_ERROR
    from lutdla.spec.artefact import Artefact
    from lutdla.verify import make_vectors, reference_results, verify

    artefact = Artefact.load(model)
    x = make_vectors(artefact, vectors, seed)
    expected = reference_results(artefact, x)
    figures: dict[str, int] = {"vectors": vectors}
    console = console_beside(json_file)
    table = Table("back end", "vectors", "mismatches", "first difference", "seconds")
    failed = False
    for name in backend or list(BACKENDS):
        begin = time.perf_counter()
        try:
            with console.status(f"{name}: {vectors} vectors"):
                result = verify(artefact, name, x, expected, timeout_s)
        except LutdlaError as error:
            failed = True
            table.add_row(name, "-", "-", f"[red]could not be run: {escape(str(error))}[/]", "-")
            continue
        figures[f"mismatches_{name}"] = result.mismatches
        table.add_row(name, str(result.vectors), str(result.mismatches), _first(result),
                      f"{time.perf_counter() - begin:.2f}")
    console.print(f"{model} ({artefact.config}) against the reference", highlight=False)
    console.print(table)
    write_figures(json_file, figures)
    if failed:
        raise typer.Exit(EXIT_ERROR)
    if any(value for key, value in figures.items() if key.startswith("mismatches_")):
        raise typer.Exit(EXIT_DIFFERENT)


def _first(result: Comparison) -> str:
    if result.first is None:
        return "[green]none: equal in every bit[/]"
    at = result.first
    layer = f"layer {escape(at.layer)}, " if at.layer else ""
    where = f"image {at.image}, {layer}channel {at.channel}"
    return f"[red]{where}: reference {at.expected}, {result.backend} {at.found}[/]"
