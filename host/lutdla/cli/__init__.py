"""The command line. One file in this folder is one command: a function `command`, named as the file.

Options and help come from the function's signature (typer). What a command needs beyond the standard library, typer
and rich it imports inside the function, so that `lutdla --help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from lutdla.errors import LutdlaError

__all__ = ["EXIT_DIFFERENT", "EXIT_ERROR", "EXIT_NO_VIVADO", "application", "main"]

EXIT_DIFFERENT, EXIT_ERROR, EXIT_NO_VIVADO = 1, 2, 3
"""Exit status when results differ, when something failed, and when a build is planned but there is no Vivado."""


def _version(shown: bool) -> None:
    if shown:
        from importlib.metadata import version

        typer.echo(version("lutdla"))
        raise typer.Exit


def _listed() -> None:
    """Stands for a command that is listed and cannot be run."""


def application(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The application with every command in this folder.

    Args:
        arguments: of the command line, None: any may come. Commands that none of them names are only listed, without
            their options, which take longer to read than all else that `--help` shows.
    """
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                      help="Neural networks as lookup tables on PYNQ boards.")

    @app.callback()
    def options(
        version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                              help="Show the version and stop.")] = False,
    ) -> None:
        pass

    found = (module for module in iter_modules(__path__) if not module.name.startswith("_"))
    for module in sorted(found, key=lambda module: module.name):
        command = import_module(f"{__name__}.{module.name}").command
        if arguments is None or module.name in arguments:
            app.command(module.name)(command)
        else:
            app.command(module.name, help=command.__doc__)(_listed)
    return app


def main() -> None:
    """Entry point: errors of our family become one line and exit status 2."""
    try:
        application(sys.argv[1:])()
    except LutdlaError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(EXIT_ERROR)
