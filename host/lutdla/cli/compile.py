"""`lutdla compile`: a network to an artefact, or to a plan of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from lutdla.cli._figures import HELP, console_beside, write_figures
from lutdla.errors import CompileError, ConfigError
from lutdla.toml import tomllib

if TYPE_CHECKING:
    from lutdla.compiler.explain import Explanation
    from lutdla.compiler.network import IntegerNetwork
    from lutdla.spec.config import CoreConfig


def command(
    model: Annotated[str, typer.Argument(help="A topology's name (random weights, for planning), or FILE.py:FUNCTION "
                                              "that returns a converted and frozen torch model.")],
    config: Annotated[Path | None, typer.Option(help="Fields of CoreConfig as .json or .toml.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the artefact goes.")] = None,
    dataflow: Annotated[str, typer.Option(help="auto, resident or stationary.")] = "auto",
    batch: Annotated[int | None, typer.Option(min=1, help="Images of a pass; otherwise the compiler chooses.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show memories, maps, tables and cycles.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Compile a network for a core."""
    from lutdla.cli.run import write_to
    from lutdla.compiler.assemble import assemble
    from lutdla.compiler.explain import explain as explain_artefact
    from lutdla.compiler.load import read_network

    core = read_config(config)
    network = read_network(model, core)
    try:
        artefact = assemble(network, core, {"model": model}, dataflow=dataflow, batch=batch)
    except CompileError as error:
        raise CompileError(f"{error}{_cores_that_do(error, network, dataflow, batch)}") from error
    if output is not None:
        artefact.save(write_to(output))
    found = explain_artefact(artefact)
    write_figures(json_file, asdict(found))
    console = console_beside(json_file, highlight=False, markup=False)
    if explain:
        _show(found, console)
    console.print(f"{model}: {len(artefact.image.program.records)} records, {found.table_bytes:,} bytes of tables "
                  f"({found.streamed_bytes:,} streamed), {found.images} images a pass, {found.cycles_per_image:,.0f} "
                  f"cycles an image predicted{'' if output is None else f' -> {output}'}")


def read_config(path: Path | None) -> CoreConfig:
    """A core of a .json or .toml file, None: the default.

    Raises:
        ConfigError: no such file, or no configuration.
    """
    from lutdla.spec.config import CoreConfig

    if path is None:
        return CoreConfig()
    try:
        text = path.read_text()
        if path.suffix == ".toml":
            values = tomllib.loads(text)
        else:
            values = json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no configuration ({error}): write the fields of CoreConfig as .json "
                          "or .toml") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: no configuration: write the fields of CoreConfig as .json or .toml")
    return CoreConfig.from_dict(values.get("config", values))


def _cores_that_do(error: CompileError, network: IntegerNetwork, dataflow: str, batch: int | None) -> str:
    """Cores of boards that hold a network which this core does not."""
    from lutdla.compiler.assemble import assemble
    from lutdla.compiler.misfit import Misfit

    try:
        from lutdla_overlay.cores import core_names, load_core
    except ImportError:
        return ""
    if not isinstance(error, Misfit):
        return ""
    able = []
    for name in core_names():
        try:
            assemble(network, load_core(name).config, dataflow=dataflow, batch=batch)
        except CompileError:
            continue
        able.append(name)
    return f"; cores that do: {', '.join(able) or 'none of ' + ', '.join(core_names())}"


def _show(found: Explanation, console: Console) -> None:
    _table(console, "Memories", ("memory", "used", "available"),
           [(use.memory, f"{use.used:,}", f"{use.available:,}") for use in found.memories])
    _table(console, "Maps and tables", ("memory", "what", "from", "to", "records"),
           [(use.memory, use.name, f"{use.start:,}", f"{use.start + use.size - 1:,}", f"{use.born}..{use.dies}")
            for use in found.regions])
    _table(console, "Records", ("record", "layer", "dataflow", "steps", "cycles", "waits", "piece bytes", "drain", "v"),
           [(str(use.number), use.layer, use.dataflow, f"{use.steps:,}", f"{use.cycles:,}", f"{use.waits:,}",
             f"{use.piece_bytes:,}", "yes" if use.drain else "", str(use.v or "")) for use in found.records])


def _table(console: Console, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i < 2 and column not in ("record", "used") else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)
