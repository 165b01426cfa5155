"""The command line. One file in this folder is one command: a function `command`, named as the file.

Options and help come from the function's signature (typer). What a command needs beyond the standard library, typer
and rich it imports inside the function, so that `lutdla --help` stays quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from pkgutil import iter_modules
from typing import Annotated

import typer

from lutdla.errors import LutdlaError

__all__ = ["EXIT_DIFFERENT", "EXIT_ERROR", "EXIT_NO_VIVADO", "application", "main"]

EXIT_DIFFERENT, EXIT_ERROR, EXIT_NO_VIVADO = 1, 2, 3
"""Exit status when results differ, when something failed, and when a build is planned but there is no Vivado."""

STATUSES = ("Exit status: 0 done, 1 results differ or something needed is missing, 2 an error, "
            "3 a build was planned, there is no Vivado.")
DEBUG = "--debug"

COMPLETING = "_LUTDLA_COMPLETE"
"""Environment variable by which a shell asks for completions."""


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
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False,
                      help="Neural networks as lookup tables on PYNQ boards.", epilog=STATUSES)

    @app.callback()
    def options(
        version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True,
                                              help="Show the version and stop.")] = False,
        debug: Annotated[bool, typer.Option(DEBUG, help="Show where in the program an error arose.")] = False,
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
    """Entry point: an error becomes one line and exit status 2, unless `--debug` comes before the command."""
    arguments = sys.argv[1:]
    try:
        # A shell that asks for completions names no command yet: all of them, with their options.
        application(None if COMPLETING in os.environ else arguments)()
    except Exception as error:
        if DEBUG in takewhile(lambda word: word.startswith("-"), arguments):
            raise
        if not isinstance(error, LutdlaError):
            error = RuntimeError(f"{type(error).__name__}: {error}: not foreseen, `lutdla {DEBUG} ...` shows where it "
                                 "arose: please report that")
        sys.stderr.write(f"error: {error}\n")
        sys.exit(EXIT_ERROR)
